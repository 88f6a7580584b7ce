//! Embedding sums and the gradients of their tables.

use rayon::prelude::*;

use super::{EmbeddingKernels, EmbeddingTables};
use crate::ops::cpu::lanes::{dot, vectorised};
use crate::ops::cpu::{Batch, Cpu};
use crate::ops::{Occurrences, PreparedBatch};

/// Rows of a task.
const ROWS: usize = 64;

/// μ of the item of `row`, 0 where it is unknown.
fn shift(params: &[f32], batch: &PreparedBatch, at: EmbeddingTables, row: usize) -> f32 {
    let item = batch.items().map_or(0, |items| items.own[row]);
    match at.items {
        Some(items) if item > 0 => params[items.shift + item as usize],
        _ => 0.0,
    }
}

/// Tokens of the answer of `row`.
fn tokens(batch: &PreparedBatch, at: EmbeddingTables, row: usize) -> impl ExactSizeIterator<Item = usize> {
    let first = at.skills * usize::from(batch.batch.response[row]);
    batch.batch.skills(row).iter().map(move |&q| q as usize + first)
}

/// ctx, val and next `[N, D]`.
fn forward(params: &[f32], batch: &PreparedBatch, at: EmbeddingTables, out: [&mut [f32]; 3]) {
    let d = at.width;
    let row = |table: usize, i: u32| &params[table + i as usize * d..][..d];
    let whole_answers = at.needs_whole_answers(batch);
    let [ctx, val, next] = out;
    let rows = ctx.par_chunks_mut(d).zip(val.par_chunks_mut(d)).zip(next.par_chunks_mut(d)).with_min_len(ROWS);
    rows.enumerate().for_each(|(n, ((ctx, val), next))| {
        let position = at.position.map(|table| row(table, batch.batch.position[n]));
        let of_items = [at.items.map(|items| items.context), at.items.and_then(|items| items.value)];
        for ((out, table), of_item) in [(ctx, Some(at.context)), (val, at.value)].into_iter().zip(of_items) {
            match (table, position) {
                (None, _) => {}
                (Some(table), Some(position)) if !whole_answers => {
                    for ((o, e), p) in out.iter_mut().zip(row(table, batch.token[n])).zip(position) {
                        *o = e + p;
                    }
                }
                (Some(table), position) => {
                    mean_of_tokens(params, batch, at, n, [Some(table), of_item], out);
                    if let Some(position) = position {
                        vectorised!(out.iter_mut().zip(position).for_each(|(o, p)| *o += p));
                    }
                }
            }
        }
        if let Some(concept) = at.concept {
            next.copy_from_slice(row(concept, batch.batch.next_skill[n]));
        }
    });
}

/// Mean over the tokens of an answer of their vectors in the first table and μ times those in the second.
fn mean_of_tokens(
    params: &[f32],
    batch: &PreparedBatch,
    at: EmbeddingTables,
    row: usize,
    tables: [Option<usize>; 2],
    out: &mut [f32],
) {
    let d = at.width;
    let own = tokens(batch, at, row);
    let share = 1.0 / own.len() as f32;
    let weights = [share, share * shift(params, batch, at, row)];
    out.fill(0.0);
    for token in own {
        for (table, weight) in tables.iter().zip(weights) {
            let Some(table) = table.filter(|_| weight != 0.0) else { continue };
            let vector = &params[table + token * d..][..d];
            vectorised!(out.iter_mut().zip(vector).for_each(|(o, e)| *o += weight * e));
        }
    }
}

/// Gradients of the tables: each vector adds its rows in order.
fn backward(
    params: &[f32],
    batch: &PreparedBatch,
    at: EmbeddingTables,
    [d_ctx, d_val, d_next]: [&[f32]; 3],
    grads: &mut [f32],
) {
    let [of_tokens, positions, nexts] =
        batch.occurrences.as_ref().expect("a batch that is learned from was prepared for training");
    let one = |_: usize| 1.0;
    let share = |row: usize| 1.0 / batch.batch.skills(row).len() as f32;
    let streams = [(Some(at.context), d_ctx), (at.value, d_val)];
    for (table_at, d) in streams.into_iter().filter_map(|(table, d)| Some((table?, d))) {
        match batch.batch.lists {
            None => table(grads, table_at, at.width, of_tokens, &[d], one),
            Some(_) => table(grads, table_at, at.width, of_tokens, &[d], share),
        }
    }
    if let Some(items) = at.items {
        let weight = |row: usize| share(row) * shift(params, batch, at, row);
        let streams = [(Some(items.context), d_ctx), (items.value, d_val)];
        for (table_at, d) in streams.into_iter().filter_map(|(table, d)| Some((table?, d))) {
            table(grads, table_at, at.width, of_tokens, &[d], weight);
        }
    }
    if let Some(position) = at.position {
        let streams: &[&[f32]] = if at.value.is_some() { &[d_ctx, d_val] } else { &[d_ctx] };
        table(grads, position, at.width, positions, streams, one);
    }
    if let Some(concept) = at.concept {
        table(grads, concept, at.width, nexts, &[d_next], one);
    }
}

/// Gradient of the table at `at`: the rows of each of its vectors, each times its weight.
fn table(
    grads: &mut [f32],
    at: usize,
    d: usize,
    occurrences: &Occurrences,
    sources: &[&[f32]],
    weight: impl Fn(usize) -> f32 + Sync,
) {
    let count = occurrences.starts.len() - 1;
    grads[at..at + count * d].par_chunks_mut(d).enumerate().for_each(|(i, grad)| {
        grad.fill(0.0);
        vectorised!({
            for &row in occurrences.of(i) {
                let weight = weight(row as usize);
                for source in sources {
                    for (g, d) in grad.iter_mut().zip(&source[row as usize * d..][..d]) {
                        *g += weight * d;
                    }
                }
            }
        });
    });
}

/// What each row adds to the gradient of its item's μ.
fn shift_grads(params: &[f32], batch: &PreparedBatch, at: EmbeddingTables, streams: [&[f32]; 2], by_row: &mut [f32]) {
    let Some(items) = at.items else { return };
    let d = at.width;
    by_row.par_chunks_mut(ROWS).enumerate().for_each(|(task, by_row)| {
        for (i, out) in by_row.iter_mut().enumerate() {
            let row = task * ROWS + i;
            let own = tokens(batch, at, row);
            let share = 1.0 / own.len() as f32;
            let mut sum = 0.0;
            for token in own {
                for (table, stream) in [Some(items.context), items.value].into_iter().zip(streams) {
                    let Some(table) = table else { continue };
                    sum += vectorised!(dot(&params[table + token * d..][..d], &stream[row * d..][..d]));
                }
            }
            *out = share * sum;
        }
    });
}

impl EmbeddingKernels for Cpu {
    fn embed(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EmbeddingTables,
        ctx: &mut Vec<f32>,
        val: &mut Vec<f32>,
        next: &mut Vec<f32>,
    ) {
        let len = batch.prepared.rows() * at.width;
        let out = [&mut ctx[..len], &mut val[..len], &mut next[..len]];
        self.run("embed", || forward(params, &batch.prepared, at, out));
    }

    fn embed_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EmbeddingTables,
        d_ctx: &Vec<f32>,
        d_val: &Vec<f32>,
        d_next: &Vec<f32>,
        shift_by_row: &mut Vec<f32>,
        grads: &mut Vec<f32>,
    ) {
        let prepared = &batch.prepared;
        self.run("embed_grad", || {
            backward(params, prepared, at, [d_ctx, d_val, d_next], grads);
            if at.items.is_some() {
                shift_grads(params, prepared, at, [d_ctx, d_val], &mut shift_by_row[..prepared.rows()]);
            }
        });
    }
}
