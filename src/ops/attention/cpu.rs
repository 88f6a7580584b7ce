//! Causal attention within windows as small matrix products, one task a window. Scores lie key by key, the queries side by side
//! in the lanes of vectors: softmax over the keys then needs no sum across lanes.

use std::ops::Range;

use rayon::prelude::*;

use super::{AttentionKernels, AttentionSizes};
use crate::ops::Cost;
use crate::ops::cpu::lanes::{LANES, dot, exp, vectorised};
use crate::ops::cpu::product::Matrix;
use crate::ops::cpu::small_product::small_product;
use crate::ops::cpu::{Batch, Cpu, by_window};

/// Queries whose scores are held at once: keys after the last of them are never looked at.
const ROWS: usize = 2 * LANES;

/// A window's rows of one head.
fn head<'a>(x: &'a [f32], at: AttentionSizes, h: usize, rows: Range<usize>) -> Matrix<'a> {
    let width = at.heads * at.width;
    Matrix::new(&x[rows.start * width + h * at.width..], rows.len(), at.width, width)
}

/// Some queries of a head, at most [`ROWS`]: rows `first` to `last` of a window that begins at row `start`.
#[derive(Clone, Copy)]
struct Block {
    at: AttentionSizes,
    head: usize,
    start: usize,
    first: usize,
    last: usize,
}

impl Block {
    /// The blocks of a head in the window of these rows.
    fn of(window: Range<usize>, at: AttentionSizes, head: usize) -> impl Iterator<Item = Self> {
        let Range { start, end } = window;
        (start..end).step_by(ROWS).map(move |first| Self { at, head, start, first, last: (first + ROWS).min(end) })
    }

    /// Queries.
    fn queries(self) -> usize {
        self.last - self.first
    }

    /// Keys that at least one of the queries looks at: rows `start` to `last`.
    fn keys(self) -> usize {
        self.last - self.start
    }

    /// Lanes that hold the queries: whole vectors, the last ones without use.
    fn lanes(self) -> usize {
        self.queries().next_multiple_of(LANES)
    }

    /// The block's rows of `x` `[N, D]`.
    fn of_queries(self, x: &[f32]) -> Matrix<'_> {
        head(x, self.at, self.head, self.first..self.last)
    }

    /// The rows of `x` `[N, D]` that the queries look at.
    fn of_keys(self, x: &[f32]) -> Matrix<'_> {
        head(x, self.at, self.head, self.start..self.last)
    }

    /// First element of the block in an array `[rows, D]` that begins with the window.
    fn element(self) -> usize {
        (self.first - self.start) * self.at.heads * self.at.width + self.head * self.at.width
    }

    /// `out` `[keys, lanes]` = `factor` · keys · queriesᵀ.
    fn scores(self, factor: f32, keys: &[f32], queries: &[f32], transposed: &mut Vec<f32>, out: &mut [f32]) {
        let (width, lanes) = (self.at.heads * self.at.width, self.lanes());
        transposed.clear();
        transposed.resize(self.at.width * lanes, 0.0);
        for (i, row) in (self.first..self.last).enumerate() {
            let row = &queries[row * width + self.head * self.at.width..][..self.at.width];
            row.iter().zip(transposed.chunks_exact_mut(lanes)).for_each(|(value, line)| line[i] = *value);
        }
        let queries = Matrix::new(transposed, self.at.width, lanes, lanes);
        small_product(out, lanes, false, factor, self.of_keys(keys), queries);
    }

    /// Sets what lies between queries and keys after them in `scores` `[keys, lanes]`.
    #[inline(always)]
    fn hide(self, scores: &mut [f32], value: f32) {
        let lanes = self.lanes();
        let own = &mut scores[(self.first - self.start) * lanes..];
        own.chunks_exact_mut(lanes).take(self.queries()).enumerate().for_each(|(i, line)| line[..i].fill(value));
    }

    /// [`LANES`] of the queries, key by key.
    #[inline(always)]
    fn vectors(self, scores: &mut [f32], part: usize) -> impl Iterator<Item = &mut [f32; LANES]> {
        let lines = scores.chunks_exact_mut(self.lanes()).take(self.keys());
        lines.filter_map(move |line| line[part * LANES..].first_chunk_mut())
    }
}

/// exp(s − top) of every score of a block `[keys, lanes]`, with top the largest score of each query; gives top and the sums.
#[inline(always)]
fn exponentials(block: Block, scores: &mut [f32]) -> [[f32; ROWS]; 2] {
    block.hide(scores, f32::NEG_INFINITY);
    let (mut tops, mut sums) = ([0.0; ROWS], [0.0; ROWS]);
    for part in 0..block.lanes() / LANES {
        let (mut top, mut sum) = ([f32::NEG_INFINITY; LANES], [0.0; LANES]);
        for scores in block.vectors(scores, part) {
            for i in 0..LANES {
                top[i] = if scores[i] > top[i] { scores[i] } else { top[i] };
            }
        }
        for scores in block.vectors(scores, part) {
            for i in 0..LANES {
                scores[i] = exp(scores[i] - top[i]);
                sum[i] += scores[i];
            }
        }
        tops[part * LANES..][..LANES].copy_from_slice(&top);
        sums[part * LANES..][..LANES].copy_from_slice(&sum);
    }
    [tops, sums]
}

/// Output `[N, D]` and log-sum-exp `[N, H]` of q, k, v.
fn forward([q, k, v]: [&[f32]; 3], offsets: &[u32], at: AttentionSizes, out: &mut [f32], lse: &mut [f32]) {
    let width = at.heads * at.width;
    let scale = 1.0 / (at.width as f32).sqrt();
    let tasks: Vec<_> = by_window(out, offsets, width).into_iter().zip(by_window(lse, offsets, at.heads)).collect();
    tasks.into_par_iter().zip(offsets.par_windows(2)).for_each(|((out, lse), w)| {
        let (start, end) = (w[0] as usize, w[1] as usize);
        let (mut scores, mut transposed) = (vec![0.0; ROWS * (end - start)], Vec::new());
        for h in 0..at.heads {
            for block in Block::of(start..end, at, h) {
                block.scores(scale, k, q, &mut transposed, &mut scores);
                let [tops, sums] = vectorised!({ exponentials(block, &mut scores) });
                let out = &mut out[block.element()..];
                let shares = Matrix::new(&scores, block.keys(), block.queries(), block.lanes()).transposed();
                small_product(out, width, false, 1.0, shares, block.of_keys(v));
                for (i, (top, sum)) in tops.into_iter().zip(sums).take(block.queries()).enumerate() {
                    out[i * width..][..at.width].iter_mut().for_each(|x| *x /= sum);
                    lse[(block.first - start + i) * at.heads + h] = top + sum.ln();
                }
            }
        }
    });
}

/// Output `[N, D]` of single rows, each of which attends to some rows of another batch and to itself.
fn after(
    rows: &[[u32; 2]],
    [_, keys, values]: [&[f32]; 3],
    [q, k, v]: [&[f32]; 3],
    at: AttentionSizes,
    out: &mut [f32],
) {
    let width = at.heads * at.width;
    let scale = 1.0 / (at.width as f32).sqrt();
    out.par_chunks_mut(width).enumerate().for_each_init(Vec::new, |scores, (row, out)| {
        let history = rows[row][0] as usize..rows[row][1] as usize;
        for h in 0..at.heads {
            let head = |row: usize| row * width + h * at.width..row * width + h * at.width + at.width;
            let (own, query) = (head(row), &q[head(row)]);
            let others = || history.clone().map(head);
            vectorised!({
                scores.clear();
                scores.extend(others().map(|key| scale * dot(query, &keys[key])));
                scores.push(scale * dot(query, &k[own.clone()]));
                let top = scores.iter().fold(f32::NEG_INFINITY, |top, &s| if s > top { s } else { top });
                scores.iter_mut().for_each(|s| *s = exp(*s - top));
                let sum: f32 = scores.iter().sum();
                let out = &mut out[h * at.width..][..at.width];
                out.fill(0.0);
                let of_history = others().map(|value| &values[value]);
                for (share, value) in scores.iter().zip(of_history.chain([&v[own.clone()]])) {
                    out.iter_mut().zip(value).for_each(|(x, value)| *x += share / sum * value);
                }
            });
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
        dk.fill(0.0);
        dv.fill(0.0);
        let mut scratch = Scratch { p: vec![0.0; ROWS * (end - start)], ..Scratch::default() };
        scratch.ds.clone_from(&scratch.p);
        for h in 0..at.heads {
            for block in Block::of(start..end, at, h) {
                block_backward(block, saved, grad, &mut scratch, [&mut *dq, &mut *dk, &mut *dv]);
            }
        }
    });
}

/// What a window's backward pass holds of one block.
#[derive(Default)]
struct Scratch {
    /// Shares of attention `[keys, lanes]`, and the gradient with respect to the scores.
    p: Vec<f32>,
    ds: Vec<f32>,
    transposed: Vec<f32>,
}

/// The gradients that the queries of `block` bring to their window.
fn block_backward(
    block: Block,
    [q, k, v, out, lse]: [&[f32]; 5],
    grad: &[f32],
    Scratch { p, ds, transposed }: &mut Scratch,
    [dq, dk, dv]: [&mut [f32]; 3],
) {
    let (at, width) = (block.at, block.at.heads * block.at.width);
    let scale = 1.0 / (at.width as f32).sqrt();
    block.scores(scale, k, q, transposed, p);
    block.scores(1.0, v, grad, transposed, ds);
    vectorised!({
        let (mut tops, mut deltas) = ([0.0; ROWS], [0.0; ROWS]);
        for (i, row) in (block.first..block.last).enumerate() {
            let own = row * width + block.head * at.width..row * width + (block.head + 1) * at.width;
            tops[i] = lse[row * at.heads + block.head];
            deltas[i] = dot(&grad[own.clone()], &out[own]);
        }
        for part in 0..block.lanes() / LANES {
            let (tops, deltas) = (&tops[part * LANES..][..LANES], &deltas[part * LANES..][..LANES]);
            for (p, ds) in block.vectors(p, part).zip(block.vectors(ds, part)) {
                for i in 0..LANES {
                    p[i] = exp(p[i] - tops[i]);
                    ds[i] = p[i] * (ds[i] - deltas[i]);
                }
            }
        }
        block.hide(p, 0.0);
        block.hide(ds, 0.0);
    });
    let [p, ds] = [&*p, &*ds].map(|x| Matrix::new(x, block.keys(), block.queries(), block.lanes()));
    let part = block.head * at.width;
    small_product(&mut dq[block.element()..], width, false, scale, ds.transposed(), block.of_keys(k));
    small_product(&mut dk[part..], width, true, scale, ds, block.of_queries(q));
    small_product(&mut dv[part..], width, true, 1.0, p, block.of_queries(grad));
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
        self.clock.record("attention", Cost::attention(&batch.prepared, heads, 2, 4));
        self.run("attention", || forward(qkv, &batch.prepared.batch.offsets, heads, out, lse));
    }

    fn attention_after(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        history: &Vec<f32>,
        history_rows: usize,
        qkv: &Vec<f32>,
        out: &mut Vec<f32>,
    ) {
        let rows = batch.prepared.history.as_ref().expect("rows without a history are attended to by attention()");
        let (n, width) = (rows.len(), heads.heads * heads.width);
        let history = std::array::from_fn(|i| &history[i * history_rows * width..][..history_rows * width]);
        let qkv = std::array::from_fn(|i| &qkv[i * n * width..][..n * width]);
        self.run("attention_after", || after(rows, history, qkv, heads, &mut out[..n * width]));
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
        self.clock.record("attention_grad", Cost::attention(&batch.prepared, heads, 5, 8));
        self.run("attention_grad", || backward(saved, d_out, &batch.prepared.batch.offsets, heads, d_qkv));
    }
}
