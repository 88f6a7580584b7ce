//! What the evidence model's mastery is made of: exact, not an approximation (MODEL §9).

use serde::{Deserialize, Serialize};

use super::kernels::{EvidenceOffsets, RANK};
use crate::data::RaggedBatch;

/// Mastery after the last of some answers, taken apart: for every skill the logit is prior + Σ contributions + context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Logit of every skill before the first answer, `[C]`.
    pub prior: Vec<f32>,
    /// What is left of each answer's evidence, after transfer and decay, `[answers, C]`.
    pub contributions: Vec<Vec<f32>>,
    /// What the context adds, `[C]`.
    pub context: Vec<f32>,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Row `q` of the transfer matrix, `[C]`, from the parameters.
pub(super) fn transfer_row(params: &[f32], at: EvidenceOffsets, q: usize) -> Vec<f32> {
    let vector = |k: usize| &params[at.transfer + k * RANK..][..RANK];
    let between = |k: usize| match k == q {
        true => 1.0,
        false => {
            let product: f32 = vector(q).iter().zip(vector(k)).map(|(a, b)| a * b).sum();
            sigmoid(product + params[at.transfer_bias])
        }
    };
    (0..at.skills).map(between).collect()
}

/// Mean of the rows of the transfer matrix of these skills, `[C]`: what an answer that asked them says about each skill.
fn mean_transfer(params: &[f32], at: EvidenceOffsets, skills: &[u32]) -> Vec<f32> {
    let share = 1.0 / skills.len() as f32;
    let mut mean = vec![0.0; at.skills];
    for &q in skills {
        mean.iter_mut().zip(transfer_row(params, at, q as usize)).for_each(|(m, t)| *m += share * t);
    }
    mean
}

impl Explanation {
    /// From all parameters, the rows of one window with the evidence of each, and the context after the last answer.
    pub(super) fn new(
        params: &[f32],
        at: EvidenceOffsets,
        answers: &RaggedBatch,
        evidence: &[f32],
        context: Vec<f32>,
    ) -> Self {
        let keep: Vec<f32> = params[at.decay..at.decay + at.skills].iter().map(|&d| sigmoid(d)).collect();
        let mut left = vec![1.0f32; at.skills];
        let mut contributions = Vec::with_capacity(answers.rows());
        for (row, &e) in (0..answers.rows()).zip(evidence).rev() {
            let mean = mean_transfer(params, at, answers.skills(row));
            contributions.push(mean.iter().zip(&left).map(|(t, left)| t * e * left).collect());
            left.iter_mut().zip(&keep).for_each(|(left, keep)| *left *= keep);
        }
        contributions.reverse();
        Self { prior: params[at.prior..at.prior + at.skills].to_vec(), contributions, context }
    }

    /// The logit of skill `k`.
    pub fn logit(&self, k: usize) -> f32 {
        self.prior[k] + self.contributions.iter().map(|c| c[k]).sum::<f32>() + self.context[k]
    }
}
