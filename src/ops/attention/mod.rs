//! Causal attention within windows, forward and backward (`shaders/attention*.wgsl`).

mod cpu;
pub(crate) mod gpu;

use super::Arrays;

/// Sizes of an attention layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionSizes {
    /// Number of heads, H.
    pub heads: usize,
    /// Features of a head, D/H.
    pub width: usize,
}

/// Attention. N rows, W windows, D features.
#[allow(clippy::too_many_arguments)]
pub trait AttentionKernels: Arrays {
    /// Causal attention within windows (MODEL §2): softmax(QKᵀ/√(D/H))·V over steps ≤ t, from q, k, v `[3, N, D]`.
    /// Leaves the output `[N, D]` and the log-sum-exp of each row's scores `[N, H]`; scores are not stored.
    fn attention(
        &mut self,
        batch: &Self::Batch,
        heads: AttentionSizes,
        qkv: &Self::Floats,
        out: &mut Self::Floats,
        lse: &mut Self::Floats,
    );

    /// The same for single rows that follow rows of another batch ([`super::PreparedBatch::history`]): each attends to those
    /// and to itself. `history` holds q, k, v of that batch, `[3, M, D]` with M = `history_rows`.
    fn attention_after(
        &mut self,
        batch: &Self::Batch,
        heads: AttentionSizes,
        history: &Self::Floats,
        history_rows: usize,
        qkv: &Self::Floats,
        out: &mut Self::Floats,
    );

    /// Gradients of q, k and v `[3, N, D]`; `delta` `[N, H]` is scratch.
    fn attention_grad(
        &mut self,
        batch: &Self::Batch,
        heads: AttentionSizes,
        qkv: &Self::Floats,
        out: &Self::Floats,
        lse: &Self::Floats,
        d_out: &Self::Floats,
        delta: &mut Self::Floats,
        d_qkv: &mut Self::Floats,
    );
}
