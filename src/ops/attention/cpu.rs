//! Causal attention within windows as small matrix products, one task a window.

use rayon::prelude::*;

use super::{AttentionKernels, AttentionSizes};
use crate::ops::Work;
use crate::ops::cpu::lanes::{self, dot, exp, max, vectorised};
use crate::ops::cpu::product::Matrix;
use crate::ops::cpu::small_product::small_product;
use crate::ops::cpu::{Batch, Cpu, by_window};

/// Rows whose scores are held at once: past them the upper triangle is never computed.
const ROWS: usize = 32;

/// A window's rows of one head.
fn head<'a>(x: &'a [f32], at: AttentionSizes, h: usize, rows: std::ops::Range<usize>) -> Matrix<'a> {
    let width = at.heads * at.width;
    Matrix::new(&x[rows.start * width + h * at.width..], rows.len(), at.width, width)
}

/// The rows of a window's head transposed, `[width, rows]`.
fn transposed(x: &[f32], at: AttentionSizes, h: usize, rows: std::ops::Range<usize>, out: &mut Vec<f32>) {
    let width = at.heads * at.width;
    let count = rows.len();
    out.clear();
    out.resize(at.width * count, 0.0);
    for (i, row) in rows.enumerate() {
        let row = &x[row * width + h * at.width..][..at.width];
        row.iter().zip(out.chunks_exact_mut(count)).for_each(|(value, line)| line[i] = *value);
    }
}

/// Output `[N, D]` and log-sum-exp `[N, H]` of q, k, v.
fn forward([q, k, v]: [&[f32]; 3], offsets: &[u32], at: AttentionSizes, out: &mut [f32], lse: &mut [f32]) {
    let width = at.heads * at.width;
    let scale = 1.0 / (at.width as f32).sqrt();
    let tasks: Vec<_> = by_window(out, offsets, width).into_iter().zip(by_window(lse, offsets, at.heads)).collect();
    tasks.into_par_iter().zip(offsets.par_windows(2)).for_each(|((out, lse), w)| {
        let (start, end) = (w[0] as usize, w[1] as usize);
        let mut scores = vec![0.0; ROWS * (end - start)];
        let mut keys = Vec::new();
        for h in 0..at.heads {
            transposed(k, at, h, start..end, &mut keys);
            for first in (start..end).step_by(ROWS) {
                let last = (first + ROWS).min(end);
                let (rows, seen) = (last - first, last - start);
                let keys = Matrix::new(&keys, at.width, seen, end - start);
                small_product(&mut scores, seen, false, scale, head(q, at, h, first..last), keys);
                vectorised!({
                    for (i, scores) in scores.chunks_exact_mut(seen).take(rows).enumerate() {
                        let (past, future) = scores.split_at_mut(first - start + i + 1);
                        let top = max(past);
                        let mut sum = 0.0;
                        past.iter_mut().for_each(|s| *s = exp(*s - top));
                        sum += lanes::sum(past);
                        let share = 1.0 / sum;
                        past.iter_mut().for_each(|s| *s *= share);
                        future.fill(0.0);
                        lse[(first - start + i) * at.heads + h] = top + sum.ln();
                    }
                });
                let values = head(v, at, h, start..last);
                let out = &mut out[(first - start) * width + h * at.width..];
                small_product(out, width, false, 1.0, Matrix::new(&scores, rows, seen, seen), values);
            }
        }
    });
}

/// Gradients of q, k, v; `saved` = q, k, v, output, log-sum-exp.
fn backward(saved: [&[f32]; 5], grad: &[f32], offsets: &[u32], at: AttentionSizes, d_qkv: [&mut [f32]; 3]) {
    let width = at.heads * at.width;
    let [dq, dk, dv] = d_qkv.map(|d| by_window(d, offsets, width));
    let tasks: Vec<_> = dq.into_iter().zip(dk).zip(dv).collect();
    tasks.into_par_iter().zip(offsets.par_windows(2)).for_each(|(((dq, dk), dv), w)| {
        let (start, end) = (w[0] as usize, w[1] as usize);
        // Every block of queries adds to the keys and values before it.
        let (mut p, mut ds) = (vec![0.0; ROWS * (end - start)], vec![0.0; ROWS * (end - start)]);
        dk.fill(0.0);
        dv.fill(0.0);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for h in 0..at.heads {
            transposed(saved[1], at, h, start..end, &mut keys);
            transposed(saved[2], at, h, start..end, &mut values);
            for first in (start..end).step_by(ROWS) {
                window_backward(
                    saved,
                    grad,
                    at,
                    h,
                    [&keys, &values],
                    start,
                    first..(first + ROWS).min(end),
                    [&mut p, &mut ds],
                    [&mut *dq, &mut *dk, &mut *dv],
                );
            }
        }
    });
}

/// The gradients that the queries `rows` of one head bring to their window, which begins at row `start` and whose keys and values
/// are here transposed.
#[allow(clippy::too_many_arguments)]
fn window_backward(
    [q, k, _, out, lse]: [&[f32]; 5],
    grad: &[f32],
    at: AttentionSizes,
    h: usize,
    [keys, values]: [&[f32]; 2],
    start: usize,
    rows: std::ops::Range<usize>,
    [p, ds]: [&mut [f32]; 2],
    [dq, dk, dv]: [&mut [f32]; 3],
) {
    let width = at.heads * at.width;
    let scale = 1.0 / (at.width as f32).sqrt();
    let (count, seen, first) = (rows.len(), rows.end - start, rows.start);
    let [queries, gradients] = [q, grad].map(|x| head(x, at, h, rows.clone()));
    let length = keys.len() / at.width;
    let [keys, values] = [keys, values].map(|x| Matrix::new(x, at.width, seen, length));
    small_product(p, seen, false, scale, queries, keys);
    small_product(ds, seen, false, 1.0, gradients, values);
    vectorised!({
        for (i, (p, ds)) in p.chunks_exact_mut(seen).zip(ds.chunks_exact_mut(seen)).take(count).enumerate() {
            let row = first + i;
            let own = row * width + h * at.width..row * width + (h + 1) * at.width;
            let delta = dot(&grad[own.clone()], &out[own]);
            let top = lse[row * at.heads + h];
            let past = row - start + 1;
            for (p, ds) in p[..past].iter_mut().zip(&mut ds[..past]) {
                *p = exp(*p - top);
                *ds = *p * (*ds - delta);
            }
            p[past..].fill(0.0);
            ds[past..].fill(0.0);
        }
    });
    let [p, ds] = [Matrix::new(p, count, seen, seen), Matrix::new(ds, count, seen, seen)];
    let part = h * at.width;
    small_product(&mut dq[(first - start) * width + part..], width, false, scale, ds, head(k, at, h, start..rows.end));
    small_product(&mut dk[part..], width, true, scale, ds.transposed(), queries);
    small_product(&mut dv[part..], width, true, 1.0, p.transposed(), gradients);
}

impl AttentionKernels for Cpu {
    fn attention(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        qkv: &Vec<f32>,
        out: &mut Vec<f32>,
        lse: &mut Vec<f32>,
    ) {
        let (n, width) = (batch.prepared.rows(), heads.heads * heads.width);
        let qkv = std::array::from_fn(|i| &qkv[i * n * width..(i + 1) * n * width]);
        let (out, lse) = (&mut out[..n * width], &mut lse[..n * heads.heads]);
        self.clock.does("attention", Work::attention(&batch.prepared, heads, 2, 4));
        self.run("attention", || forward(qkv, &batch.prepared.batch.offsets, heads, out, lse));
    }

    fn attention_grad(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        qkv: &Vec<f32>,
        out: &Vec<f32>,
        lse: &Vec<f32>,
        d_out: &Vec<f32>,
        _: &mut Vec<f32>,
        d_qkv: &mut Vec<f32>,
    ) {
        let len = batch.prepared.rows() * heads.heads * heads.width;
        let (q, k, v) = (&qkv[..len], &qkv[len..2 * len], &qkv[2 * len..3 * len]);
        let (dq, rest) = d_qkv.split_at_mut(len);
        let (dk, rest) = rest.split_at_mut(len);
        let d_qkv = [dq, dk, &mut rest[..len]];
        let saved = [q, k, v, out, lse];
        self.clock.does("attention_grad", Work::attention(&batch.prepared, heads, 5, 8));
        self.run("attention_grad", || backward(saved, d_out, &batch.prepared.batch.offsets, heads, d_qkv));
    }
}
