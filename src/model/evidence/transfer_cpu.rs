//! Transfer between skills on the CPU: rows of the transfer matrix, and the gradients of what it is made of.

use rayon::prelude::*;

use super::kernels::{EvidenceOffsets, RANK};
use crate::data::RaggedBatch;
use crate::ops::PreparedBatch;
use crate::ops::cpu::lanes::{dot, sigmoid, vectorised};

/// Most floats of the transfer matrix that are held; past them a row is computed each time it is asked for.
const HELD: usize = 16 << 20;

/// Skills whose gradients are held at once.
const SKILLS: usize = 128;

/// Rows of T\[q, k\] = σ(E\[q\]·E\[k\] + b_T), 1 at k = q.
pub(super) struct Transfer<'a> {
    /// E, `[C, 8]`.
    vectors: &'a [f32],
    /// E the other way round, `[8, C]`.
    columns: Vec<f32>,
    bias: f32,
    skills: usize,
    /// For each skill of the batch, where its row begins in `rows`; `usize::MAX` of others.
    starts: Vec<usize>,
    rows: Vec<f32>,
}

impl<'a> Transfer<'a> {
    /// The rows of the skills answered in `batch`.
    pub(super) fn new(params: &'a [f32], at: EvidenceOffsets, batch: &RaggedBatch) -> Self {
        let c = at.skills;
        let vectors = &params[at.transfer..at.transfer + c * RANK];
        let columns = (0..RANK).flat_map(|d| (0..c).map(move |k| vectors[k * RANK + d])).collect();
        let mut starts = vec![usize::MAX; c];
        let mut answered = Vec::new();
        for &q in (0..batch.rows()).flat_map(|row| batch.skills(row)) {
            if starts[q as usize] == usize::MAX {
                starts[q as usize] = answered.len() * c;
                answered.push(q as usize);
            }
        }
        let mut transfer =
            Self { vectors, columns, bias: params[at.transfer_bias], skills: c, starts, rows: Vec::new() };
        if answered.len() * c <= HELD {
            let mut rows = vec![0.0; answered.len() * c];
            rows.par_chunks_mut(c).zip(answered).for_each(|(row, q)| transfer.fill(q, row));
            transfer.rows = rows;
        }
        transfer
    }

    /// The row of skill `q`, `[C]`; `buffer` may hold it.
    pub(super) fn row<'b>(&'b self, q: usize, buffer: &'b mut Vec<f32>) -> &'b [f32] {
        if let Some(row) = self.rows.get(self.starts[q]..).and_then(|rows| rows.get(..self.skills)) {
            return row;
        }
        buffer.resize(self.skills, 0.0);
        self.fill(q, buffer);
        buffer
    }

    /// Mean of the rows of these skills, `[C]`; `buffer` may hold it.
    pub(super) fn mean<'b>(&'b self, skills: &[u32], buffer: &'b mut Vec<f32>) -> &'b [f32] {
        if let [q] = skills {
            return self.row(*q as usize, buffer);
        }
        let share = 1.0 / skills.len() as f32;
        let mut own = Vec::new();
        buffer.clear();
        buffer.resize(self.skills, 0.0);
        for &q in skills {
            let row = self.row(q as usize, &mut own);
            vectorised!(buffer.iter_mut().zip(row).for_each(|(m, t)| *m += share * t));
        }
        buffer
    }

    fn fill(&self, q: usize, row: &mut [f32]) {
        let own = &self.vectors[q * RANK..(q + 1) * RANK];
        vectorised!({
            row.fill(self.bias);
            for (e, column) in own.iter().zip(self.columns.chunks_exact(self.skills)) {
                row.iter_mut().zip(column).for_each(|(r, k)| *r += e * k);
            }
            row.iter_mut().for_each(|r| *r = sigmoid(*r));
        });
        row[q] = 1.0;
    }
}

/// Gradients of the transfer vectors and of the transfer bias, from those with respect to s `[N, C]`.
pub(super) fn transfer_grads(
    params: &[f32],
    prepared: &PreparedBatch,
    at: EvidenceOffsets,
    transfer: &Transfer<'_>,
    evidence: &[f32],
    d_state: &[f32],
    grads: &mut [f32],
) {
    let c = at.skills;
    let vectors = &params[at.transfer..at.transfer + c * RANK];
    grads[at.transfer..at.transfer + c * RANK].fill(0.0);
    grads[at.transfer_bias] = 0.0;
    let [tokens, ..] = prepared.occurrences.as_ref().expect("a batch that is learned from was prepared for training");
    let share = |row: u32| 1.0 / prepared.batch.skills(row as usize).len() as f32;
    let answered: Vec<usize> = (0..c).filter(|&q| !(tokens.of(q).is_empty() && tokens.of(q + c).is_empty())).collect();
    for some in answered.chunks(SKILLS) {
        // With respect to E[q]·E[k] + b_T of these skills q and of every k, [some, C].
        let mut inner = vec![0.0; some.len() * c];
        inner.par_chunks_mut(c).zip(some).for_each(|(inner, &q)| {
            let mut buffer = Vec::new();
            for &row in tokens.of(q).iter().chain(tokens.of(q + c)) {
                let e = share(row) * evidence[row as usize];
                let d = &d_state[row as usize * c..];
                vectorised!(inner.iter_mut().zip(d).for_each(|(i, d)| *i += e * d));
            }
            let from = transfer.row(q, &mut buffer);
            vectorised!(inner.iter_mut().zip(from).for_each(|(i, t)| *i *= t * (1.0 - t)));
            // T[q, q] is 1 whatever the vectors are.
            inner[q] = 0.0;
        });
        for (inner, &q) in inner.chunks_exact(c).zip(some) {
            grads[at.transfer_bias] += inner.iter().sum::<f32>();
            let columns = transfer.columns.chunks_exact(c);
            for (g, column) in grads[at.transfer + q * RANK..][..RANK].iter_mut().zip(columns) {
                *g += vectorised!(dot(inner, column));
            }
        }
        let own = grads[at.transfer..at.transfer + c * RANK].par_chunks_mut(RANK).with_min_len(16);
        own.enumerate().for_each(|(k, grad)| {
            for (inner, &q) in inner.chunks_exact(c).zip(some) {
                let vector = &vectors[q * RANK..(q + 1) * RANK];
                grad.iter_mut().zip(vector).for_each(|(g, v)| *g += inner[k] * v);
            }
        });
    }
}
