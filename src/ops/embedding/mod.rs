//! Embedding sums and the gradients of their tables (`shaders/embed.wgsl`, `embed_grad.wgsl`).

mod cpu;
pub(crate) mod gpu;

use super::{Arrays, PreparedBatch};

/// The embedding tables: where they lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingTables {
    /// E_ctx `[2C, D]`.
    pub context: usize,
    /// E_val `[2C, D]`, of models with a value stream.
    pub value: Option<usize>,
    /// E_concept `[C, D]`, of models that read the skill asked next.
    pub concept: Option<usize>,
    /// P `[positions, D]`, of models that add positions.
    pub position: Option<usize>,
    /// Skills, C.
    pub skills: usize,
    /// Positions there are.
    pub positions: usize,
    /// Vector length, D.
    pub width: usize,
    /// Where the model knows items: how they change an answer's vectors.
    pub items: Option<ItemTables>,
}

impl EmbeddingTables {
    /// Whether an answer's vectors are more, or less, than those of one token and its position in two streams.
    fn needs_whole_answers(&self, batch: &PreparedBatch) -> bool {
        batch.batch.lists.is_some() || self.items.is_some() || self.value.is_none() || self.position.is_none()
    }
}

/// What items change in an answer's vectors (MODEL §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemTables {
    /// D_ctx `[2C, D]`.
    pub context: usize,
    /// D_val `[2C, D]`, of models with a value stream.
    pub value: Option<usize>,
    /// μ `[I]`; that of item 0, unknown, is taken for 0.
    pub shift: usize,
    /// Items, I, the unknown one among them.
    pub count: usize,
}

/// Embeddings. N rows, W windows, D features.
#[allow(clippy::too_many_arguments)]
pub trait EmbeddingKernels: Arrays {
    /// ctx = E_ctx\[token\] + P\[t\], val = E_val\[token\] + P\[t\], and, where there is E_concept, next = E_concept\[q_next\]
    /// (MODEL §2), each `[N, D]`; what has no table is left out. Where answers have several skills, E_ctx and E_val are means over their tokens, and with
    /// items μ\[i\] times the same means of D_ctx and D_val are added (MODEL §10).
    fn embed(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EmbeddingTables,
        ctx: &mut Self::Floats,
        val: &mut Self::Floats,
        next: &mut Self::Floats,
    );

    /// Gradients of all tables but μ, from those of [`Self::embed`]'s outputs; those of μ are summed up from what each row
    /// adds, `shift_by_row` `[N]`, which is written where the model knows items.
    fn embed_grad(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EmbeddingTables,
        d_ctx: &Self::Floats,
        d_val: &Self::Floats,
        d_next: &Self::Floats,
        shift_by_row: &mut Self::Floats,
        grads: &mut Self::Floats,
    );
}
