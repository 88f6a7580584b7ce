//! Embeddings as one invocation an element.

use super::{EmbeddingKernels, EmbeddingTables};
use crate::ops::gpu::{Array, Batch, Gpu, groups, kernel_args, kernels};

kernel_args! {
    /// Arguments of embed.wgsl.
    EmbedArgs { width: u32, context: u32, value: u32, concepts: u32, position: u32, asked: u32 }
}

kernel_args! {
    /// Arguments of embed_grad.wgsl.
    EmbedGradArgs {
        width: u32, context: u32, value: u32, concepts: u32, position: u32, asked: u32, skills: u32, positions: u32,
    }
}

kernels! {
    includes Vec::new;
    embed(): EmbedArgs, "embed.wgsl", [Read, Read, Write, Write, Write];
    embed_grad(): EmbedGradArgs, "embed_grad.wgsl", [Read, Read, Read, Read, Write];
}

impl EmbeddingKernels for Gpu {
    fn embed(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EmbeddingTables,
        ctx: &mut Array,
        val: &mut Array,
        next: &mut Array,
    ) {
        let args = EmbedArgs {
            width: at.width as u32,
            context: at.context as u32,
            value: at.value as u32,
            concepts: at.concept.unwrap_or_default() as u32,
            position: at.position as u32,
            asked: at.concept.is_some().into(),
        };
        let arrays = [&batch.integers, params, ctx, val, next].map(Some);
        self.dispatch(&embed(), &args, &arrays, groups(batch.prepared.rows() * at.width));
    }

    fn embed_grad(
        &mut self,
        batch: &Batch,
        at: EmbeddingTables,
        d_ctx: &Array,
        d_val: &Array,
        d_next: &Array,
        grads: &mut Array,
    ) {
        let args = EmbedGradArgs {
            width: at.width as u32,
            context: at.context as u32,
            value: at.value as u32,
            concepts: at.concept.unwrap_or_default() as u32,
            position: at.position as u32,
            asked: at.concept.is_some().into(),
            skills: at.skills as u32,
            positions: at.positions as u32,
        };
        let arrays = [&batch.integers, d_ctx, d_val, d_next, grads].map(Some);
        let vectors = (if at.concept.is_some() { 5 } else { 4 }) * at.skills + at.positions;
        self.dispatch(&embed_grad(), &args, &arrays, groups(vectors * at.width));
    }
}
