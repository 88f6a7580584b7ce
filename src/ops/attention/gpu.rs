//! Attention as one invocation a row and head.

use super::{AttentionKernels, AttentionSizes};
use crate::ops::gpu::{Array, Batch, Gpu, NoArgs, groups, kernels};

kernels! {
    includes Vec::new;
    attention(heads, dk): NoArgs, "attention.wgsl", [Read, Read, Write, Write];
    attention_query_grad(heads, dk): NoArgs, "attention_query_grad.wgsl", [Read, Read, Read, Read, Read, Write, Write];
    attention_key_value_grad(heads, dk): NoArgs, "attention_key_value_grad.wgsl", [Read, Read, Read, Read, Read, Write];
}

impl AttentionKernels for Gpu {
    fn attention(&mut self, batch: &Batch, heads: AttentionSizes, qkv: &Array, out: &mut Array, lse: &mut Array) {
        let arrays = [&batch.integers, qkv, out, lse].map(Some);
        let tasks = groups(batch.prepared.rows() * heads.heads);
        self.dispatch(&attention(heads.heads, heads.width), &NoArgs, &arrays, tasks);
    }

    fn attention_grad(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        qkv: &Array,
        out: &Array,
        lse: &Array,
        d_out: &Array,
        delta: &mut Array,
        d_qkv: &mut Array,
    ) {
        let tasks = groups(batch.prepared.rows() * heads.heads);
        let arrays = [&batch.integers, qkv, out, lse, d_out, &*delta, &*d_qkv].map(Some);
        self.dispatch(&attention_query_grad(heads.heads, heads.width), &NoArgs, &arrays, tasks);
        let arrays = [&batch.integers, qkv, lse, &*delta, d_out, &*d_qkv].map(Some);
        self.dispatch(&attention_key_value_grad(heads.heads, heads.width), &NoArgs, &arrays, tasks);
    }
}
