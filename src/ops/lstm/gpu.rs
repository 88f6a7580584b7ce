//! The recurrence as one workgroup a window, whose state stays in workgroup memory through all of its rows.

use super::{LstmKernels, LstmWork, MAX_LSTM_WIDTH};
use crate::ops::gpu::{Array, Batch, DropoutArgs, Gpu, Includes, kernel_args, kernels, workgroup_grid};
use crate::ops::{Dropout, LinearOffsets};

kernel_args! {
    /// Arguments of lstm.wgsl and lstm_grad.wgsl.
    LstmArgs {
        width: u32, weight: u32, bias: u32, longest: u32, key0: u32, key1: u32, threshold: u32, scale: f32,
    }
}

kernel_args! {
    /// Arguments of lstm_after.wgsl.
    LstmAfterArgs { width: u32, weight: u32, bias: u32 }
}

kernels! {
    includes includes;
    lstm(): LstmArgs, "lstm/lstm.wgsl", [Read, Read, Write, Write, Write, Write];
    lstm_after(): LstmAfterArgs, "lstm/lstm_after.wgsl", [Read, Read, Read, Read, Read, Write];
    lstm_grad(): LstmArgs, "lstm/lstm_grad.wgsl", [Read, Read, Read, Read, Read, Write];
}

fn includes() -> Includes {
    let width = format!("const MAX_WIDTH: u32 = {MAX_LSTM_WIDTH}u;\nconst MAX_GATES: u32 = {}u;\n", 4 * MAX_LSTM_WIDTH);
    vec![("lstm_width", width), ("logistic", include_str!("../../../shaders/include/logistic.wgsl").to_owned())]
}

fn args(batch: &Batch, recurrent: LinearOffsets, dropout: Dropout) -> LstmArgs {
    assert!(recurrent.inputs <= MAX_LSTM_WIDTH, "settings allow no wider LSTM");
    let offsets = &batch.prepared.batch.offsets;
    let longest = offsets.windows(2).map(|o| o[1] - o[0]).max().unwrap_or_default();
    let DropoutArgs { key0, key1, threshold, scale } = dropout.into();
    let [width, weight, bias] = [recurrent.inputs, recurrent.weight, recurrent.bias].map(|v| v as u32);
    LstmArgs { width, weight, bias, longest, key0, key1, threshold, scale }
}

impl LstmKernels for Gpu {
    fn lstm(
        &mut self,
        params: &Array,
        batch: &Batch,
        recurrent: LinearOffsets,
        dropout: Dropout,
        work: &mut LstmWork<Array>,
    ) {
        let LstmWork { gates, cells, before, out } = work;
        let arrays = [&batch.integers, params, gates, cells, before, out].map(Some);
        let windows = workgroup_grid(batch.prepared.windows(), 1);
        self.dispatch(&lstm(), &args(batch, recurrent, dropout), &arrays, windows);
    }

    fn lstm_after(
        &mut self,
        params: &Array,
        batch: &Batch,
        recurrent: LinearOffsets,
        history: &LstmWork<Array>,
        work: &mut LstmWork<Array>,
    ) {
        let [width, weight, bias] = [recurrent.inputs, recurrent.weight, recurrent.bias].map(|v| v as u32);
        let args = LstmAfterArgs { width, weight, bias };
        let arrays = [&batch.integers, params, &history.out, &history.cells, &work.gates, &work.out].map(Some);
        self.dispatch(&lstm_after(), &args, &arrays, workgroup_grid(batch.prepared.rows(), 1));
    }

    fn lstm_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        recurrent: LinearOffsets,
        dropout: Dropout,
        d_out: &Array,
        work: &LstmWork<Array>,
        d_gates: &mut Array,
    ) {
        let arrays = [&batch.integers, params, &work.gates, &work.cells, d_out, d_gates].map(Some);
        let windows = workgroup_grid(batch.prepared.windows(), 1);
        self.dispatch(&lstm_grad(), &args(batch, recurrent, dropout), &arrays, windows);
    }
}
