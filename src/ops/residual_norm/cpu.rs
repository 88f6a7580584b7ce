//! Residual layer normalisation row by row.

use rayon::prelude::*;

use super::{NORM_EPS, NormAt, NormKernels, NormStream, NormStreamGrad};
use crate::ops::Dropout;
use crate::ops::cpu::lanes::{squared_deviations, sum, total, vectorised};
use crate::ops::cpu::{Batch, Cpu, apply_dropout};

/// Rows of a task: fixed, so that sums over rows always add in the same order.
const ROWS: usize = 64;

/// LayerNorm(x + a) `[N, D]` into `out`, (mean, 1/σ) into `stats` `[N, 2]`.
fn norm(x: &[f32], a: &[f32], params: &[f32], at: NormAt, width: usize, out: &mut [f32], stats: &mut [f32]) {
    let (gamma, beta) = (&params[at.weight..at.weight + width], &params[at.bias..at.bias + width]);
    let tasks = out.par_chunks_mut(ROWS * width).zip(stats.par_chunks_mut(ROWS * 2));
    tasks.zip(x.par_chunks(ROWS * width)).zip(a.par_chunks(ROWS * width)).for_each(|(((out, stats), x), a)| {
        vectorised!({
            let rows = out.chunks_exact_mut(width).zip(stats.chunks_exact_mut(2));
            for ((out, stats), (x, a)) in rows.zip(x.chunks_exact(width).zip(a.chunks_exact(width))) {
                for ((o, x), a) in out.iter_mut().zip(x).zip(a) {
                    *o = x + a;
                }
                let mean = sum(out) / width as f32;
                let inverse = 1.0 / (squared_deviations(out, mean) / width as f32 + NORM_EPS).sqrt();
                for ((o, gamma), beta) in out.iter_mut().zip(gamma).zip(beta) {
                    *o = (*o - mean) * inverse * gamma + beta;
                }
                stats.copy_from_slice(&[mean, inverse]);
            }
        });
    });
}

/// Gradient of x + a into `grad` (which holds the output's) `[N, D]`; gives back those of weight and bias, `[2, D]`.
fn norm_grad([x, a, stats]: [&[f32]; 3], params: &[f32], at: NormAt, width: usize, grad: &mut [f32]) -> Vec<f32> {
    let gamma = &params[at.weight..at.weight + width];
    let tasks = grad.par_chunks_mut(ROWS * width).zip(stats.par_chunks(ROWS * 2));
    let partial: Vec<Vec<f32>> = tasks
        .zip(x.par_chunks(ROWS * width).zip(a.par_chunks(ROWS * width)))
        .map(|((grad, stats), (x, a))| {
            let mut affine = vec![0.0; 2 * width];
            let mut normal = vec![0.0; width];
            vectorised!(norm_grad_rows(grad, stats, x, a, gamma, &mut affine, &mut normal));
            affine
        })
        .collect();
    let mut affine = vec![0.0; 2 * width];
    for part in partial {
        for (total, value) in affine.iter_mut().zip(part) {
            *total += value;
        }
    }
    affine
}

#[inline(always)]
fn norm_grad_rows(
    grad: &mut [f32],
    stats: &[f32],
    x: &[f32],
    a: &[f32],
    gamma: &[f32],
    affine: &mut [f32],
    normal: &mut [f32],
) {
    let width = gamma.len();
    let (d_gamma, d_beta) = affine.split_at_mut(width);
    let rows = grad.chunks_exact_mut(width).zip(stats.chunks_exact(2));
    for ((grad, stats), (x, a)) in rows.zip(x.chunks_exact(width).zip(a.chunks_exact(width))) {
        let (mean, inverse) = (stats[0], stats[1]);
        for ((n, x), a) in normal.iter_mut().zip(x).zip(a) {
            *n = (x + a - mean) * inverse;
        }
        for ((d_gamma, d_beta), (g, n)) in d_gamma.iter_mut().zip(d_beta.iter_mut()).zip(grad.iter().zip(&*normal)) {
            *d_gamma += g * n;
            *d_beta += g;
        }
        for (g, gamma) in grad.iter_mut().zip(gamma) {
            *g *= gamma;
        }
        let mean = sum(grad) / width as f32;
        let along = total(grad, normal, |g, n| g * n) / width as f32;
        for (g, n) in grad.iter_mut().zip(&*normal) {
            *g = inverse * (*g - mean - n * along);
        }
    }
}

/// dropout(Σ streams) into `out`: how the gradient of what both streams added comes together.
fn joined_dropout(streams: &[&[f32]], dropout: Dropout, out: &mut [f32]) {
    const ELEMENTS: usize = 16 * 1024;
    out.par_chunks_mut(ELEMENTS).enumerate().for_each(|(task, out)| {
        let at = task * ELEMENTS..task * ELEMENTS + out.len();
        vectorised!({
            out.copy_from_slice(&streams[0][at.clone()]);
            for more in &streams[1..] {
                for (o, m) in out.iter_mut().zip(&more[at.clone()]) {
                    *o += m;
                }
            }
            apply_dropout(out, at.start as u32, dropout);
        });
    });
}

impl NormKernels for Cpu {
    fn residual_norm(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        width: usize,
        a: &Vec<f32>,
        streams: &mut [NormStream<'_, Vec<f32>>],
        stats: &mut Vec<f32>,
    ) {
        let n = batch.prepared.rows();
        let len = n * width;
        self.run("residual_norm", || {
            streams.par_iter_mut().zip(stats.par_chunks_exact_mut(2 * n)).for_each(|(s, stats)| {
                norm(&s.x[..len], &a[..len], params, s.at, width, &mut s.out[..len], stats);
            });
        });
    }

    fn residual_norm_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        width: usize,
        a: &Vec<f32>,
        streams: &mut [NormStreamGrad<'_, Vec<f32>>],
        stats: &Vec<f32>,
        dropout: Dropout,
        d_a: &mut Vec<f32>,
        grads: &mut Vec<f32>,
    ) {
        let n = batch.prepared.rows();
        let len = n * width;
        self.run("residual_norm_grad", || {
            let of_streams: Vec<Vec<f32>> = streams
                .par_iter_mut()
                .zip(stats.par_chunks_exact(2 * n))
                .map(|(s, stats)| norm_grad([&s.x[..len], &a[..len], stats], params, s.at, width, &mut s.grad[..len]))
                .collect();
            for (NormStreamGrad { at, .. }, affine) in streams.iter().zip(of_streams) {
                grads[at.weight..at.weight + width].copy_from_slice(&affine[..width]);
                grads[at.bias..at.bias + width].copy_from_slice(&affine[width..]);
            }
            let sums: Vec<&[f32]> = streams.iter().map(|s| &s.grad[..len]).collect();
            joined_dropout(&sums, dropout, &mut d_a[..len]);
        });
    }
}
