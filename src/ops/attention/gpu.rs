//! Attention by tiles of 64 rows of a head, or by subgroups.

use super::{AttentionKernels, AttentionSizes};
use crate::ops::Cost;
use crate::ops::gpu::{
    Array, Batch, Gpu, Hardware, NoArgs, Shader, groups, kernel_args, kernels, vector_width, workgroup_grid,
};

/// Rows of a head that a workgroup takes, where there are no subgroups.
const ROWS: usize = 64;

kernel_args! {
    /// Arguments of attention_after.wgsl.
    AfterArgs { history_rows: u32 }
}

kernels! {
    includes Vec::new;
    attention(heads, dk, vector_width, per_row): NoArgs, "attention.wgsl", [Read, Read, Write, Write];
    attention_query_grad(heads, dk, vector_width, per_row): NoArgs, "attention_query_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write];
    attention_key_value_grad(heads, dk, vector_width, per_row): NoArgs, "attention_key_value_grad.wgsl",
        [Read, Read, Read, Read, Read, Write];
    attention_after(heads, dk): AfterArgs, "attention_after.wgsl", [Read, Read, Read, Write];
    subgroup_attention(heads, dk, vector_width, lanes): NoArgs, "subgroup/attention.wgsl", [Read, Read, Write, Write];
    subgroup_attention_query_grad(heads, dk, vector_width, lanes): NoArgs, "subgroup/attention_query_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write];
    subgroup_attention_key_value_grad(heads, dk, vector_width, lanes): NoArgs, "subgroup/attention_key_value_grad.wgsl",
        [Read, Read, Read, Read, Read, Write];
}

/// The kernels for layers of one size.
#[derive(Debug)]
pub(crate) struct AttentionShaders {
    heads: usize,
    /// Invocations of a subgroup, one for a row, where the kernels use subgroups.
    lanes: Option<usize>,
    #[cfg(feature = "burn")]
    per_row: usize,
    pub(crate) forward: Shader,
    pub(crate) query_grad: Shader,
    pub(crate) key_value_grad: Shader,
}

impl AttentionShaders {
    pub(crate) fn new(at: AttentionSizes, hardware: Hardware) -> Self {
        let (heads, dk, per_row) = (at.heads, at.width, hardware.invocations_a_row());
        let vector_width = vector_width(&[dk]);
        let lanes = hardware.lanes();
        let (forward, query_grad, key_value_grad) = match lanes {
            Some(lanes) => (
                subgroup_attention(heads, dk, vector_width, lanes),
                subgroup_attention_query_grad(heads, dk, vector_width, lanes),
                subgroup_attention_key_value_grad(heads, dk, vector_width, lanes),
            ),
            None => (
                attention(heads, dk, vector_width, per_row),
                attention_query_grad(heads, dk, vector_width, per_row),
                attention_key_value_grad(heads, dk, vector_width, per_row),
            ),
        };
        Self {
            heads,
            lanes,
            #[cfg(feature = "burn")]
            per_row,
            forward,
            query_grad,
            key_value_grad,
        }
    }

    /// Workgroups over so many rows.
    pub(crate) fn groups(&self, rows: usize) -> [usize; 3] {
        match self.lanes {
            Some(lanes) => workgroup_grid(rows.div_ceil(lanes), self.heads),
            None => [rows.div_ceil(ROWS), self.heads, 1],
        }
    }

    /// Invocations of a workgroup.
    #[cfg(feature = "burn")]
    pub(crate) fn threads(&self) -> u32 {
        self.lanes.unwrap_or(ROWS * self.per_row) as u32
    }
}

impl AttentionKernels for Gpu {
    fn attention(&mut self, batch: &Batch, heads: AttentionSizes, qkv: &Array, out: &mut Array, lse: &mut Array) {
        let shaders = AttentionShaders::new(heads, self.hardware);
        let arrays = [&batch.integers, qkv, out, lse].map(Some);
        self.clock.record(shaders.forward.name, Cost::attention(&batch.prepared, heads, 2, 4));
        self.dispatch(&shaders.forward, &NoArgs, &arrays, shaders.groups(batch.prepared.rows()));
    }

    fn attention_after(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        history: &Array,
        history_rows: usize,
        qkv: &Array,
        out: &mut Array,
    ) {
        let args = AfterArgs { history_rows: history_rows as u32 };
        let arrays = [&batch.integers, history, qkv, out].map(Some);
        let tasks = groups(batch.prepared.rows() * heads.heads);
        self.dispatch(&attention_after(heads.heads, heads.width), &args, &arrays, tasks);
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
        let shaders = AttentionShaders::new(heads, self.hardware);
        let count = shaders.groups(batch.prepared.rows());
        let arrays = [&batch.integers, qkv, out, lse, d_out, &*delta, &*d_qkv].map(Some);
        self.clock.record(shaders.query_grad.name, Cost::attention(&batch.prepared, heads, 3, 6));
        self.dispatch(&shaders.query_grad, &NoArgs, &arrays, count);
        let arrays = [&batch.integers, qkv, lse, &*delta, d_out, &*d_qkv].map(Some);
        self.clock.record(shaders.key_value_grad.name, Cost::attention(&batch.prepared, heads, 4, 6));
        self.dispatch(&shaders.key_value_grad, &NoArgs, &arrays, count);
    }
}
