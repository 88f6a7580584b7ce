//! Row-wise operations: dropout, residual with layer normalisation, and the Adam step.

use rayon::prelude::*;

use crate::ops::{AdamStep, Dropout, NORM_EPS};

/// Rows of a task: fixed, so that sums over rows always add in the same order.
const ROWS: usize = 64;

/// Elements of a task.
const ELEMENTS: usize = 16 * 1024;

/// `x` with dropped elements at zero.
pub(super) fn dropout(x: &[f32], dropout: Dropout) -> Vec<f32> {
    let mut out = x.to_vec();
    out.par_chunks_mut(ELEMENTS).enumerate().for_each(|(i, part)| {
        let first = (i * ELEMENTS) as u32;
        for (k, value) in part.iter_mut().enumerate() {
            *value *= dropout.factor(first + k as u32);
        }
    });
    out
}

/// s = x + dropout(a) of one row, into `sum`.
fn residual(sum: &mut [f32], x: &[f32], a: &[f32], row: usize, dropout: Dropout) {
    if dropout.is_off() {
        for ((s, x), a) in sum.iter_mut().zip(x).zip(a) {
            *s = x + a;
        }
    } else {
        let first = (row * sum.len()) as u32;
        for (k, ((s, x), a)) in sum.iter_mut().zip(x).zip(a).enumerate() {
            *s = x + a * dropout.factor(first + k as u32);
        }
    }
}

/// Normalised rows `[N, D]` and (mean, 1/σ) `[N, 2]`.
pub(super) fn norm_forward(
    x: &[f32],
    a: &[f32],
    gamma: &[f32],
    beta: &[f32],
    dropout: Dropout,
) -> (Vec<f32>, Vec<f32>) {
    let width = gamma.len();
    let rows = x.len() / width;
    let (mut out, mut stats) = (vec![0.0; x.len()], vec![0.0; rows * 2]);
    let tasks = out.par_chunks_mut(ROWS * width).zip(stats.par_chunks_mut(ROWS * 2)).enumerate();
    tasks.for_each(|(task, (out, stats))| {
        for (i, (out, stats)) in out.chunks_exact_mut(width).zip(stats.chunks_exact_mut(2)).enumerate() {
            let row = task * ROWS + i;
            let at = row * width..(row + 1) * width;
            residual(out, &x[at.clone()], &a[at], row, dropout);
            let mean = out.iter().sum::<f32>() / width as f32;
            let variance = out.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / width as f32;
            let inverse = 1.0 / (variance + NORM_EPS).sqrt();
            for ((o, gamma), beta) in out.iter_mut().zip(gamma).zip(beta) {
                *o = (*o - mean) * inverse * gamma + beta;
            }
            stats.copy_from_slice(&[mean, inverse]);
        }
    });
    (out, stats)
}

/// Gradient of x + dropout(a) `[N, D]`, and of gamma and beta `[2, D]`.
pub(super) fn norm_backward(
    [x, a, grad]: [&[f32]; 3],
    gamma: &[f32],
    stats: &[f32],
    dropout: Dropout,
) -> (Vec<f32>, Vec<f32>) {
    let width = gamma.len();
    let mut dx = vec![0.0; x.len()];
    let partial: Vec<Vec<f32>> = dx
        .par_chunks_mut(ROWS * width)
        .enumerate()
        .map(|(task, dx)| {
            let mut affine = vec![0.0; 2 * width];
            let (d_gamma, d_beta) = affine.split_at_mut(width);
            for (i, dx) in dx.chunks_exact_mut(width).enumerate() {
                let row = task * ROWS + i;
                let at = row * width..(row + 1) * width;
                let (mean, inverse) = (stats[2 * row], stats[2 * row + 1]);
                residual(dx, &x[at.clone()], &a[at.clone()], row, dropout);
                let (mut sum, mut dot) = (0.0, 0.0);
                for (c, (s, g)) in dx.iter_mut().zip(&grad[at.clone()]).enumerate() {
                    *s = (*s - mean) * inverse;
                    d_gamma[c] += g * *s;
                    d_beta[c] += g;
                    sum += g * gamma[c];
                    dot += g * gamma[c] * *s;
                }
                let (sum, dot) = (sum / width as f32, dot / width as f32);
                for ((s, g), gamma) in dx.iter_mut().zip(&grad[at]).zip(gamma) {
                    *s = inverse * (g * gamma - sum - *s * dot);
                }
            }
            affine
        })
        .collect();
    let mut affine = vec![0.0; 2 * width];
    for part in partial {
        for (total, value) in affine.iter_mut().zip(part) {
            *total += value;
        }
    }
    (dx, affine)
}

/// New parameter and moments of one Adam step.
pub(super) fn adam(param: &[f32], moments: &[f32], grad: &[f32], clip: f32, step: AdamStep) -> (Vec<f32>, Vec<f32>) {
    let n = param.len();
    let (mut param, mut moments) = (param.to_vec(), moments.to_vec());
    let (first, second) = moments.split_at_mut(n);
    let (size, scale) = (step.step_size(), step.second_scale());
    let tasks = param.par_chunks_mut(ELEMENTS).zip(first.par_chunks_mut(ELEMENTS)).zip(second.par_chunks_mut(ELEMENTS));
    tasks.zip(grad.par_chunks(ELEMENTS)).for_each(|(((param, first), second), grad)| {
        for (((p, m), v), g) in param.iter_mut().zip(first).zip(second).zip(grad) {
            let g = clip * g + step.weight_decay * *p;
            *m = AdamStep::BETA1 * *m + (1.0 - AdamStep::BETA1) * g;
            *v = AdamStep::BETA2 * *v + (1.0 - AdamStep::BETA2) * g * g;
            *p -= size * *m / (v.sqrt() * scale + AdamStep::EPS);
        }
    });
    (param, moments)
}
