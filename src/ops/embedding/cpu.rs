//! Embedding sums and the gradients of their tables.

use rayon::prelude::*;

use super::{EmbeddingKernels, EmbeddingTables};
use crate::ops::cpu::lanes::vectorised;
use crate::ops::cpu::{Batch, Cpu};
use crate::ops::{Occurrences, PreparedBatch};

/// ctx, val and next `[N, D]`.
fn forward(params: &[f32], batch: &PreparedBatch, at: EmbeddingTables, out: [&mut [f32]; 3]) {
    let d = at.width;
    let row = |table: usize, i: u32| &params[table + i as usize * d..][..d];
    let [ctx, val, next] = out;
    let rows = ctx.par_chunks_mut(d).zip(val.par_chunks_mut(d)).zip(next.par_chunks_mut(d)).with_min_len(64);
    rows.enumerate().for_each(|(n, ((ctx, val), next))| {
        let position = row(at.position, batch.batch.position[n]);
        for (out, table) in [(ctx, at.context), (val, at.value)] {
            for ((o, e), p) in out.iter_mut().zip(row(table, batch.token[n])).zip(position) {
                *o = e + p;
            }
        }
        if let Some(concept) = at.concept {
            next.copy_from_slice(row(concept, batch.batch.next_skill[n]));
        }
    });
}

/// Gradients of the tables: each vector adds its rows in order.
fn backward(batch: &PreparedBatch, at: EmbeddingTables, [d_ctx, d_val, d_next]: [&[f32]; 3], grads: &mut [f32]) {
    let Some([tokens, positions, nexts]) = &batch.occurrences else { return };
    table(grads, at.context, at.width, tokens, &[d_ctx]);
    table(grads, at.value, at.width, tokens, &[d_val]);
    table(grads, at.position, at.width, positions, &[d_ctx, d_val]);
    if let Some(concept) = at.concept {
        table(grads, concept, at.width, nexts, &[d_next]);
    }
}

fn table(grads: &mut [f32], at: usize, d: usize, occurrences: &Occurrences, sources: &[&[f32]]) {
    let count = occurrences.starts.len() - 1;
    grads[at..at + count * d].par_chunks_mut(d).enumerate().for_each(|(i, grad)| {
        grad.fill(0.0);
        vectorised!({
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
        batch: &Batch,
        at: EmbeddingTables,
        d_ctx: &Vec<f32>,
        d_val: &Vec<f32>,
        d_next: &Vec<f32>,
        grads: &mut Vec<f32>,
    ) {
        self.run("embed_grad", || backward(&batch.prepared, at, [d_ctx, d_val, d_next], grads));
    }
}
