//! The operations only the evidence model needs (MODEL §9): evidence that adds up and decays, the logits it gives, the
//! losses, and the gradients of all that.

use crate::ops::gpu::shader_enum;
use crate::ops::{Arrays, LinearOffsets};

/// Length of a skill's transfer vector.
pub const RANK: usize = 8;

/// Places of the parameters after the encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceOffsets {
    /// Logit of every skill before the first answer, `[C]`.
    pub prior: usize,
    /// Strength of a correct and of an incorrect answer before softplus: 2·D inputs, 2 outputs.
    pub strength: LinearOffsets,
    /// Transfer vectors E, `[C, 8]`.
    pub transfer: usize,
    /// b_T, one value.
    pub transfer_bias: usize,
    /// Logit of what evidence keeps from answer to answer, `[C]`.
    pub decay: usize,
    /// What the context adds to every skill's logit: 2·D inputs, C outputs.
    pub context: LinearOffsets,
    /// Skills, C.
    pub skills: usize,
    /// Of models that know items.
    pub items: Option<ItemOffsets>,
}

/// Places of what is known of items (MODEL §10): one after the other, and the last of all parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemOffsets {
    /// Difficulty b, `[I]`; that of item 0, unknown, stays 0.
    pub difficulty: usize,
    /// μ, `[I]`; that of item 0 stays 0.
    pub shift: usize,
    /// Items, I, the unknown one among them.
    pub count: usize,
}

/// Settings of a step's losses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EvidenceLosses {
    /// Weight of the mean square of what the context adds.
    pub context_penalty: f32,
    /// Weight of Σ (b² + μ²) / 2 over items: 1 / (item_spread² · answers to be predicted in training).
    pub item_weight: f32,
}

shader_enum! {
    /// What a step reports.
    pub LossTerm, "TERM_" {
        /// The loss: what is minimised.
        Total = "total",
        /// Mean binary cross-entropy of the predictions.
        Bce = "bce",
        /// Mean square of what the context adds, over rows and skills.
        ContextPenalty = "context_penalty",
        /// What the items' prior adds to the loss: item_weight · Σ (b² + μ²) / 2.
        ItemPenalty = "item_penalty",
    }
}

/// What a forward pass leaves; N rows, C skills.
#[derive(Debug)]
pub struct EvidenceWork<F> {
    /// Strengths before softplus, `[N, 2]`.
    pub strength: F,
    /// Signed evidence e of each answer, `[N]`.
    pub evidence: F,
    /// Evidence s that has come together in every skill, `[N, C]`.
    pub state: F,
    /// What the context adds, x, `[N, C]`.
    pub context: F,
    /// Σ x² over skills, `[N]`.
    pub squares: F,
    /// Parts of Σ (b² + μ²) over items, `[64]`.
    pub item_squares: F,
}

/// What a backward pass leaves.
#[derive(Debug)]
pub struct EvidenceGrads<F> {
    /// With respect to x, `[N, C]`.
    pub context: F,
    /// With respect to s, `[N, C]`.
    pub state: F,
    /// With respect to the strengths before softplus, `[N, 2]`.
    pub strength: F,
    /// Of each skill of each row's answer: what its transfer vector gets `[8]`, and the transfer bias: `[N, 9]`, and where
    /// answers have several skills `[entries, 9]` ([`crate::data::SkillLists::skills`]).
    pub rows: F,
    /// Values of [`LossTerm`].
    pub terms: F,
}

/// N rows, W windows, C skills.
pub trait EvidenceKernels: Arrays {
    /// e = r·softplus(strength\[0\]) − (1 − r)·softplus(strength\[1\]), and within each window
    /// s\[t, k\] = σ(decay\[k\])·s\[t−1, k\] + T\[q\[t\], k\]·e\[t\] with T\[q, k\] = σ(E\[q\]·E\[k\] + b_T), T\[q, q\] = 1, and
    /// the mean of T\[q, k\] over an answer's skills q: fills `work.evidence` and `work.state` from `work.strength`.
    fn evidence_scan(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EvidenceOffsets,
        work: &mut EvidenceWork<Self::Floats>,
    );

    /// The logit `[N]`: mean of z\[t, k\] with z = prior + s + x over the skills k asked next, less the difficulty of the
    /// item asked next; and `work.squares`.
    fn evidence_logits(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EvidenceOffsets,
        work: &mut EvidenceWork<Self::Floats>,
        logits: &mut Self::Floats,
    );

    /// M = σ(z) `[N, C]`, and G\[t\] = M\[t\] − M\[t−1\] `[N, C]` with σ(prior) before a window's first answer.
    fn evidence_mastery(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EvidenceOffsets,
        work: &EvidenceWork<Self::Floats>,
        mastery: &mut Self::Floats,
        gains: &mut Self::Floats,
    );

    /// Loss terms from the rows' statistics ([`crate::model::RowStat`]): bce, the mean of x² and the items' penalty, and the
    /// total of these by their weights.
    #[allow(clippy::too_many_arguments)]
    fn evidence_losses(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EvidenceOffsets,
        losses: EvidenceLosses,
        stats: &Self::Floats,
        work: &mut EvidenceWork<Self::Floats>,
        terms: &mut Self::Floats,
    );

    /// Gradients of prior, transfer and decay in `grads`, and with respect to x and the strengths in `back`; `d_logits`
    /// is the gradient of the mean cross-entropy with respect to the logits.
    #[allow(clippy::too_many_arguments)]
    fn evidence_grad(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EvidenceOffsets,
        penalty: f32,
        d_logits: &Self::Floats,
        work: &EvidenceWork<Self::Floats>,
        back: &mut EvidenceGrads<Self::Floats>,
        grads: &mut Self::Floats,
    );

    /// Gradients of b and μ: from `d_logits` and from what each row adds to that of μ, `shift_by_row` `[N]`
    /// ([`crate::ops::EmbeddingKernels::embed_grad`]), and `weight` times their values.
    #[allow(clippy::too_many_arguments)]
    fn item_grads(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: ItemOffsets,
        weight: f32,
        d_logits: &Self::Floats,
        shift_by_row: &Self::Floats,
        grads: &mut Self::Floats,
    );
}
