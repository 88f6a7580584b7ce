//! The evidence model's operations on the CPU, one task a window, a block of rows or a skill.

use rayon::prelude::*;

use super::kernels::{
    EvidenceGrads, EvidenceKernels, EvidenceLosses, EvidenceOffsets, EvidenceWork, ItemOffsets, LossTerm,
};
use super::transfer_cpu::{Transfer, transfer_grads};
use crate::data::RaggedBatch;
use crate::model::row_stats::RowStat;
use crate::ops::cpu::lanes::{dot, sigmoid, sum, vectorised};
use crate::ops::cpu::{Batch, Cpu, by_window};

/// Rows of a task.
const ROWS: usize = 64;

/// ln(1 + eˣ) without overflow.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Signed evidence of an answer with these strengths.
fn evidence_of(strength: &[f32], response: u8) -> f32 {
    if response == 1 { softplus(strength[0]) } else { -softplus(strength[1]) }
}

/// Difficulty of the item asked after `row`, 0 where it is unknown.
fn difficulty(params: &[f32], batch: &RaggedBatch, at: EvidenceOffsets, row: usize) -> f32 {
    match (at.items, &batch.items) {
        (Some(at), Some(items)) if items.next[row] > 0 => params[at.difficulty + items.next[row] as usize],
        _ => 0.0,
    }
}

/// The share of evidence that every skill keeps, `[C]`.
fn kept(params: &[f32], at: EvidenceOffsets) -> Vec<f32> {
    params[at.decay..at.decay + at.skills].iter().map(|&d| sigmoid(d)).collect()
}

fn scan(params: &[f32], batch: &RaggedBatch, at: EvidenceOffsets, evidence: &[f32], state: &mut [f32]) {
    let (keep, transfer) = (kept(params, at), Transfer::new(params, at, batch));
    let c = at.skills;
    by_window(state, &batch.offsets, c).into_par_iter().enumerate().for_each(|(w, state)| {
        let mut buffer = Vec::new();
        for (t, row) in batch.range(w).enumerate() {
            let from = transfer.mean(batch.skills(row), &mut buffer);
            let (before, now) = state.split_at_mut(t * c);
            let e = evidence[row];
            vectorised!({
                let now = now[..c].iter_mut().zip(from);
                if t == 0 {
                    now.for_each(|(s, from)| *s = from * e);
                } else {
                    let before = before[(t - 1) * c..].iter().zip(&keep);
                    now.zip(before).for_each(|((s, from), (b, keep))| *s = keep * b + from * e);
                }
            });
        }
    });
}

/// Gradients with respect to s, and those of decay, window by window.
fn state_grad(batch: &RaggedBatch, keep: &[f32], d_logits: &[f32], state: &[f32], d_state: &mut [f32]) -> Vec<f32> {
    let c = keep.len();
    let windows: Vec<Vec<f32>> = by_window(d_state, &batch.offsets, c)
        .into_par_iter()
        .enumerate()
        .map(|(w, d_state)| {
            let mut d_keep = vec![0.0; c];
            let first = batch.range(w).start;
            for row in batch.range(w).rev() {
                let t = row - first;
                let (now, later) = d_state.split_at_mut((t + 1) * c);
                let now = &mut now[t * c..];
                match later.get(..c) {
                    Some(later) => vectorised!({
                        now.iter_mut().zip(later.iter().zip(keep)).for_each(|(d, (later, keep))| *d = keep * later);
                    }),
                    None => now.fill(0.0),
                }
                let next = batch.next_skills(row);
                next.iter().for_each(|&k| now[k as usize] += d_logits[row] / next.len() as f32);
                if t > 0 {
                    let before = &state[(row - 1) * c..row * c];
                    vectorised!(d_keep.iter_mut().zip(now.iter().zip(before)).for_each(|(k, (d, s))| *k += d * s));
                }
            }
            d_keep
        })
        .collect();
    let mut total = vec![0.0; c];
    for window in windows {
        total.iter_mut().zip(window).for_each(|(t, w)| *t += w);
    }
    total
}

impl EvidenceKernels for Cpu {
    fn evidence_scan(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EvidenceOffsets,
        work: &mut EvidenceWork<Vec<f32>>,
    ) {
        let batch = &batch.prepared.batch;
        let n = batch.rows();
        let EvidenceWork { strength, evidence, state, .. } = work;
        self.run("evidence_scan", || {
            for ((e, strength), &r) in evidence.iter_mut().zip(strength.chunks_exact(2)).zip(&batch.response) {
                *e = evidence_of(strength, r);
            }
            scan(params, batch, at, evidence, &mut state[..n * at.skills]);
        });
    }

    fn evidence_logits(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EvidenceOffsets,
        work: &mut EvidenceWork<Vec<f32>>,
        logits: &mut Vec<f32>,
    ) {
        let batch = &batch.prepared.batch;
        let (n, c) = (batch.rows(), at.skills);
        let EvidenceWork { state, context, squares, .. } = work;
        self.run("evidence_logits", || {
            let rows = logits[..n].par_chunks_mut(ROWS).zip(squares[..n].par_chunks_mut(ROWS)).enumerate();
            rows.for_each(|(task, (logits, squares))| {
                for (i, (logit, square)) in logits.iter_mut().zip(squares).enumerate() {
                    let row = task * ROWS + i;
                    let next = batch.next_skills(row);
                    let z = |&k: &u32| {
                        let k = k as usize;
                        params[at.prior + k] + state[row * c + k] + context[row * c + k]
                    };
                    *logit = next.iter().map(z).sum::<f32>() / next.len() as f32 - difficulty(params, batch, at, row);
                    let x = &context[row * c..(row + 1) * c];
                    *square = vectorised!(dot(x, x));
                }
            });
        });
    }

    fn evidence_mastery(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EvidenceOffsets,
        work: &EvidenceWork<Vec<f32>>,
        mastery: &mut Vec<f32>,
        gains: &mut Vec<f32>,
    ) {
        let batch = &batch.prepared.batch;
        let (n, c) = (batch.rows(), at.skills);
        let prior = &params[at.prior..at.prior + c];
        let EvidenceWork { state, context, .. } = work;
        let mastery = &mut mastery[..n * c];
        self.run("evidence_mastery", || {
            mastery.par_chunks_mut(c).with_min_len(ROWS).enumerate().for_each(|(row, mastery)| {
                let cells = state[row * c..].iter().zip(&context[row * c..]).zip(prior);
                vectorised!({
                    mastery.iter_mut().zip(cells.clone()).for_each(|(m, ((s, x), prior))| *m = sigmoid(prior + s + x));
                });
            });
            let mastery = &*mastery;
            gains[..n * c].par_chunks_mut(c).with_min_len(ROWS).enumerate().for_each(|(row, gains)| {
                let now = &mastery[row * c..(row + 1) * c];
                if batch.position[row] == 0 {
                    gains.iter_mut().zip(now.iter().zip(prior)).for_each(|(g, (m, prior))| *g = m - sigmoid(*prior));
                } else {
                    let before = &mastery[(row - 1) * c..];
                    gains.iter_mut().zip(now.iter().zip(before)).for_each(|(g, (m, b))| *g = m - b);
                }
            });
        });
    }

    fn evidence_losses(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EvidenceOffsets,
        losses: EvidenceLosses,
        stats: &Vec<f32>,
        work: &mut EvidenceWork<Vec<f32>>,
        terms: &mut Vec<f32>,
    ) {
        let n = batch.prepared.rows();
        self.run("evidence_losses", || {
            let bce = sum(&stats[RowStat::CrossEntropy as usize * n..][..n]) / n as f32;
            let square = sum(&work.squares[..n]) / (n * at.skills) as f32;
            let items = at.items.map_or(0.0, |items| {
                let values = &params[items.difficulty..items.difficulty + 2 * items.count];
                0.5 * losses.item_weight * vectorised!(dot(values, values))
            });
            terms[LossTerm::Total as usize] = bce + losses.context_penalty * square + items;
            terms[LossTerm::Bce as usize] = bce;
            terms[LossTerm::ContextPenalty as usize] = square;
            terms[LossTerm::ItemPenalty as usize] = items;
        });
    }

    fn evidence_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EvidenceOffsets,
        penalty: f32,
        d_logits: &Vec<f32>,
        work: &EvidenceWork<Vec<f32>>,
        back: &mut EvidenceGrads<Vec<f32>>,
        grads: &mut Vec<f32>,
    ) {
        let prepared = &batch.prepared;
        let batch = &prepared.batch;
        let (n, c) = (batch.rows(), at.skills);
        let EvidenceGrads { context, state: d_state, strength: d_strength, .. } = back;
        let (context, d_state) = (&mut context[..n * c], &mut d_state[..n * c]);
        self.run("evidence_grad", || {
            let slope = 2.0 * penalty / (n * c) as f32;
            context.par_chunks_mut(c).with_min_len(ROWS).enumerate().for_each(|(row, d_x)| {
                let x = &work.context[row * c..];
                vectorised!(d_x.iter_mut().zip(x).for_each(|(d, x)| *d = slope * x));
                let next = batch.next_skills(row);
                next.iter().for_each(|&k| d_x[k as usize] += d_logits[row] / next.len() as f32);
            });
            let keep = kept(params, at);
            let d_keep = state_grad(batch, &keep, d_logits, &work.state, d_state);
            for (k, (d, keep)) in d_keep.iter().zip(&keep).enumerate() {
                grads[at.decay + k] = d * keep * (1.0 - keep);
            }
            let prior = &mut grads[at.prior..at.prior + c];
            prior.fill(0.0);
            for (row, d) in d_logits[..n].iter().enumerate() {
                let next = batch.next_skills(row);
                next.iter().for_each(|&k| prior[k as usize] += d / next.len() as f32);
            }
            let transfer = Transfer::new(params, at, batch);
            let rows = d_strength[..2 * n].par_chunks_mut(2 * ROWS).enumerate();
            rows.for_each(|(task, d_strength)| {
                let mut buffer = Vec::new();
                for (i, d) in d_strength.chunks_exact_mut(2).enumerate() {
                    let row = task * ROWS + i;
                    let from = transfer.mean(batch.skills(row), &mut buffer);
                    let d_e = vectorised!(dot(from, &d_state[row * c..(row + 1) * c]));
                    let strength = &work.strength[2 * row..];
                    let correct = batch.response[row] == 1;
                    d.copy_from_slice(&if correct {
                        [d_e * sigmoid(strength[0]), 0.0]
                    } else {
                        [0.0, -d_e * sigmoid(strength[1])]
                    });
                }
            });
            transfer_grads(params, prepared, at, &transfer, &work.evidence, d_state, grads);
        });
    }

    fn item_grads(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: ItemOffsets,
        weight: f32,
        d_logits: &Vec<f32>,
        shift_by_row: &Vec<f32>,
        grads: &mut Vec<f32>,
    ) {
        let occurrences = batch.prepared.item_occurrences.as_ref();
        let [own, next] = occurrences.expect("a model that knows items learns from batches prepared for them");
        self.run("item_grads", || {
            for item in 0..at.count {
                // The unknown item is not learned about.
                let learned = item > 0;
                let sum = |rows: &[u32], of: &[f32]| rows.iter().map(|&row| of[row as usize]).sum::<f32>();
                let [b, mu] = [at.difficulty + item, at.shift + item];
                grads[b] = if learned { weight * params[b] - sum(next.of(item), d_logits) } else { 0.0 };
                grads[mu] = if learned { weight * params[mu] + sum(own.of(item), shift_by_row) } else { 0.0 };
            }
        });
    }
}
