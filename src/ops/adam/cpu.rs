//! Adam over blocks of parameters.

use rayon::prelude::*;

use super::{AdamKernels, AdamStep};
use crate::ops::Cost;
use crate::ops::cpu::Cpu;
use crate::ops::cpu::lanes::{dot, vectorised};

/// Elements of a task.
const ELEMENTS: usize = 16 * 1024;

/// One Adam step of the first `step.count` parameters; returns the gradient's norm before clipping.
fn adam(params: &mut [f32], grads: &[f32], first: &mut [f32], second: &mut [f32], step: AdamStep) -> f32 {
    let squares: Vec<f32> = grads[..step.count].par_chunks(ELEMENTS).map(|g| vectorised!(dot(g, g))).collect();
    let norm = squares.iter().sum::<f32>().sqrt();
    let clip = if step.clip > 0.0 { (step.clip / (norm + AdamStep::NORM_EPS)).min(1.0) } else { 1.0 };
    let scale = step.second_scale();
    let items = step.items_or_end();
    let parts = [
        (0..items.from.min(step.count), step.step_size(), step.weight_decay),
        (items.from.min(step.count)..step.count, items.rate * step.step_size(), 0.0),
    ];
    for (part, size, weight_decay) in parts {
        let tasks = params[part.clone()].par_chunks_mut(ELEMENTS).zip(grads[part.clone()].par_chunks(ELEMENTS));
        let moments = first[part.clone()].par_chunks_mut(ELEMENTS).zip(second[part].par_chunks_mut(ELEMENTS));
        tasks.zip(moments).for_each(|((params, grads), (first, second))| {
            vectorised!({
                for ((p, g), (m, v)) in params.iter_mut().zip(grads).zip(first.iter_mut().zip(second.iter_mut())) {
                    let g = clip * g + weight_decay * *p;
                    *m = AdamStep::BETA1 * *m + (1.0 - AdamStep::BETA1) * g;
                    *v = AdamStep::BETA2 * *v + (1.0 - AdamStep::BETA2) * g * g;
                    *p -= size * *m / (v.sqrt() * scale + AdamStep::EPS);
                }
            });
        });
    }
    norm
}

impl AdamKernels for Cpu {
    fn adam(
        &mut self,
        params: &mut Vec<f32>,
        grads: &Vec<f32>,
        moments: &mut Vec<f32>,
        total: usize,
        step: AdamStep,
        norm: &mut Vec<f32>,
    ) {
        let (first, second) = moments.split_at_mut(total);
        self.clock.record("adam", Cost::moving(8 * step.count));
        norm[0] = self.run("adam", || adam(params, grads, first, second, step));
    }
}
