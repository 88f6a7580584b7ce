//! Attention by tiles of 64 rows of a head.

use super::{AttentionKernels, AttentionSizes};
use crate::ops::Work;
use crate::ops::gpu::{Array, Batch, Gpu, Hardware, NoArgs, at_once, kernels};

/// Rows of a head that a workgroup takes.
const ROWS: usize = 64;

kernels! {
    includes Vec::new;
    attention(heads, dk, at_once, parts): NoArgs, "attention.wgsl", [Read, Read, Write, Write];
    attention_query_grad(heads, dk, at_once, parts): NoArgs, "attention_query_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write];
    attention_key_value_grad(heads, dk, at_once, parts): NoArgs, "attention_key_value_grad.wgsl",
        [Read, Read, Read, Read, Read, Write];
}

/// What kernels are compiled for: heads, features of one, floats at once, and invocations that share a row.
fn constants(heads: AttentionSizes, hardware: Hardware) -> [usize; 4] {
    [heads.heads, heads.width, at_once(&[heads.width]), hardware.attention_parts()]
}

impl AttentionKernels for Gpu {
    fn attention(&mut self, batch: &Batch, heads: AttentionSizes, qkv: &Array, out: &mut Array, lse: &mut Array) {
        let arrays = [&batch.integers, qkv, out, lse].map(Some);
        let count = [batch.prepared.rows().div_ceil(ROWS), heads.heads, 1];
        let [h, dk, at_once, parts] = constants(heads, self.hardware);
        self.clock.does("attention", Work::attention(&batch.prepared, heads, 2, 4));
        self.dispatch(&attention(h, dk, at_once, parts), &NoArgs, &arrays, count);
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
        let count = [batch.prepared.rows().div_ceil(ROWS), heads.heads, 1];
        let [h, dk, at_once, parts] = constants(heads, self.hardware);
        let arrays = [&batch.integers, qkv, out, lse, d_out, &*delta, &*d_qkv].map(Some);
        self.clock.does("attention_query_grad", Work::attention(&batch.prepared, heads, 3, 6));
        self.dispatch(&attention_query_grad(h, dk, at_once, parts), &NoArgs, &arrays, count);
        let arrays = [&batch.integers, qkv, lse, &*delta, d_out, &*d_qkv].map(Some);
        self.clock.does("attention_key_value_grad", Work::attention(&batch.prepared, heads, 4, 6));
        self.dispatch(&attention_key_value_grad(h, dk, at_once, parts), &NoArgs, &arrays, count);
    }
}
