//! Residual layer normalisation, one task a block of rows: all streams of its rows, which share what is added to them.

use rayon::prelude::*;

use super::{NORM_EPS, NormKernels, NormOffsets, NormStream, NormStreamGrad};
use crate::ops::Dropout;
use crate::ops::cpu::lanes::{squared_deviations, sum, total, vectorised};
use crate::ops::cpu::{Batch, Cpu, apply_dropout};

/// Rows of a task: fixed, so that sums over rows always add in the same order.
const ROWS: usize = 64;

/// Some rows of a stream in the forward pass.
struct Rows<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    out: &'a mut [f32],
    /// (mean, 1/σ) of each row.
    stats: &'a mut [f32],
}

/// LayerNorm(x + a) of some rows `[rows, D]`.
#[inline(always)]
fn norm_rows(Rows { x, gamma, beta, out, stats }: Rows<'_>, a: &[f32]) {
    let width = gamma.len();
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
}

/// Some rows of a stream on the way back.
struct GradRows<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    stats: &'a [f32],
    /// In: gradient of the output. Out: gradient of x + a.
    grad: &'a mut [f32],
}

/// What the streams of a call need for each block of rows, block by block: a block's streams share `a`, which one thread then
/// reads once.
fn by_block<T>(rows: usize, parts: impl Iterator<Item = T>) -> Vec<Vec<T>> {
    let count = rows.div_ceil(ROWS);
    let mut blocks: Vec<Vec<T>> = (0..count).map(|_| Vec::with_capacity(2)).collect();
    parts.enumerate().for_each(|(i, part)| blocks[i % count].push(part));
    blocks
}

/// Gradient of x + a of some rows; adds to those of weight and bias, `[2, D]`.
#[inline(always)]
fn norm_grad_rows(
    GradRows { x, gamma, stats, grad }: &mut GradRows<'_>,
    a: &[f32],
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
        for (g, gamma) in grad.iter_mut().zip(*gamma) {
            *g *= gamma;
        }
        let mean = sum(grad) / width as f32;
        let along = total(grad, normal, |g, n| g * n) / width as f32;
        for (g, n) in grad.iter_mut().zip(&*normal) {
            *g = inverse * (*g - mean - n * along);
        }
    }
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
            let parts = streams.iter_mut().zip(stats.chunks_exact_mut(2 * n)).flat_map(|(s, stats)| {
                let [gamma, beta] = [s.at.weight, s.at.bias].map(|at| &params[at..at + width]);
                let rows = s.x[..len].chunks(ROWS * width).zip(s.out[..len].chunks_mut(ROWS * width));
                rows.zip(stats.chunks_mut(2 * ROWS)).map(move |((x, out), stats)| Rows { x, gamma, beta, out, stats })
            });
            let blocks = by_block(n, parts).into_par_iter().zip(a[..len].par_chunks(ROWS * width));
            blocks.for_each(|(mut streams, a)| {
                vectorised!({
                    for rows in streams.drain(..) {
                        norm_rows(rows, a);
                    }
                });
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
            let places: Vec<NormOffsets> = streams.iter().map(|s| s.at).collect();
            let parts = streams.iter_mut().zip(stats.chunks_exact(2 * n)).flat_map(|(s, stats)| {
                let gamma = &params[s.at.weight..s.at.weight + width];
                let rows = s.x[..len].chunks(ROWS * width).zip(s.grad[..len].chunks_mut(ROWS * width));
                rows.zip(stats.chunks(2 * ROWS)).map(move |((x, grad), stats)| GradRows { x, gamma, stats, grad })
            });
            let blocks = by_block(n, parts).into_par_iter().zip(a[..len].par_chunks(ROWS * width));
            let blocks = blocks.zip(d_a[..len].par_chunks_mut(ROWS * width)).enumerate();
            let partial: Vec<Vec<f32>> = blocks
                .map(|(block, ((mut streams, a), d_a))| {
                    let mut affine = vec![0.0; 2 * width * streams.len()];
                    let mut normal = vec![0.0; width];
                    vectorised!({
                        for (rows, affine) in streams.iter_mut().zip(affine.chunks_exact_mut(2 * width)) {
                            norm_grad_rows(rows, a, affine, &mut normal);
                        }
                        // What both streams added gets the gradients of both.
                        d_a.copy_from_slice(streams[0].grad);
                        for more in &streams[1..] {
                            d_a.iter_mut().zip(&*more.grad).for_each(|(d, m)| *d += m);
                        }
                        apply_dropout(d_a, (block * ROWS * width) as u32, dropout);
                    });
                    affine
                })
                .collect();
            for (i, at) in places.into_iter().enumerate() {
                for (from, at) in [(0, at.weight), (1, at.bias)] {
                    let grads = &mut grads[at..at + width];
                    grads.fill(0.0);
                    for part in &partial {
                        grads.iter_mut().zip(&part[(2 * i + from) * width..]).for_each(|(g, p)| *g += p);
                    }
                }
            }
        });
    }
}
