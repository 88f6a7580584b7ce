//! Embedding sums and their gradients, and the Adam step.

use rayon::prelude::*;

use super::lanes::{dot, vectorised};
use crate::ops::{AdamStep, EmbeddingTables, Occurrences, PreparedBatch};

/// Elements of an Adam task.
const ELEMENTS: usize = 16 * 1024;

/// ctx, val and next `[N, D]`.
pub(super) fn forward(params: &[f32], plan: &PreparedBatch, at: EmbeddingTables, out: [&mut [f32]; 3]) {
    let d = at.width;
    let row = |table: usize, i: u32| &params[table + i as usize * d..][..d];
    let [ctx, val, next] = out;
    let rows = ctx.par_chunks_mut(d).zip(val.par_chunks_mut(d)).zip(next.par_chunks_mut(d)).with_min_len(64);
    rows.enumerate().for_each(|(n, ((ctx, val), next))| {
        let position = row(at.position, plan.batch.position[n]);
        for (out, table) in [(ctx, at.context), (val, at.value)] {
            for ((o, e), p) in out.iter_mut().zip(row(table, plan.token[n])).zip(position) {
                *o = e + p;
            }
        }
        next.copy_from_slice(row(at.concept, plan.batch.next_skill[n]));
    });
}

/// Gradients of the four tables: each vector adds its rows in order.
pub(super) fn backward(
    plan: &PreparedBatch,
    at: EmbeddingTables,
    [d_ctx, d_val, d_next]: [&[f32]; 3],
    grads: &mut [f32],
) {
    let Some([tokens, positions, nexts]) = &plan.occurrences else { return };
    table(grads, at.context, at.width, tokens, &[d_ctx]);
    table(grads, at.value, at.width, tokens, &[d_val]);
    table(grads, at.position, at.width, positions, &[d_ctx, d_val]);
    table(grads, at.concept, at.width, nexts, &[d_next]);
}

fn table(grads: &mut [f32], at: usize, d: usize, occurrences: &Occurrences, sources: &[&[f32]]) {
    let count = occurrences.starts.len() - 1;
    grads[at..at + count * d].par_chunks_mut(d).enumerate().for_each(|(i, grad)| {
        grad.fill(0.0);
        vectorised(|| {
            for &row in occurrences.of(i) {
                for source in sources {
                    for (g, d) in grad.iter_mut().zip(&source[row as usize * d..][..d]) {
                        *g += d;
                    }
                }
            }
        });
    });
}

/// One Adam step of the first `step.count` parameters; returns the gradient's norm before clipping.
pub(super) fn adam(params: &mut [f32], grads: &[f32], first: &mut [f32], second: &mut [f32], step: AdamStep) -> f32 {
    let squares: Vec<f32> = grads[..step.count].par_chunks(ELEMENTS).map(|g| vectorised(|| dot(g, g))).collect();
    let norm = squares.iter().sum::<f32>().sqrt();
    let clip = if step.clip > 0.0 { (step.clip / (norm + AdamStep::NORM_EPS)).min(1.0) } else { 1.0 };
    let (size, scale) = (step.step_size(), step.second_scale());
    let tasks = params[..step.count].par_chunks_mut(ELEMENTS).zip(grads.par_chunks(ELEMENTS));
    let moments = first.par_chunks_mut(ELEMENTS).zip(second.par_chunks_mut(ELEMENTS));
    tasks.zip(moments).for_each(|((params, grads), (first, second))| {
        vectorised(|| {
            for ((p, g), (m, v)) in params.iter_mut().zip(grads).zip(first.iter_mut().zip(second)) {
                let g = clip * g + step.weight_decay * *p;
                *m = AdamStep::BETA1 * *m + (1.0 - AdamStep::BETA1) * g;
                *v = AdamStep::BETA2 * *v + (1.0 - AdamStep::BETA2) * g * g;
                *p -= size * *m / (v.sqrt() * scale + AdamStep::EPS);
            }
        });
    });
    norm
}
