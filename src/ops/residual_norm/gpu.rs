//! Residual layer normalisation: 16 invocations a row, or a subgroup.

use super::{NORM_EPS, NormKernels, NormOffsets, NormStream, NormStreamGrad};
use crate::ops::gpu::{
    Array, Batch, DropoutArgs, Gpu, Includes, float_constant, groups, kernel_args, kernels, workgroup_grid,
};
use crate::ops::{Cost, Dropout};

/// Rows of a range below which its sums cost more than they save.
const MIN_ROWS: usize = 64;

kernel_args! {
    /// Arguments of residual_norm.wgsl.
    NormArgs { rows: u32, width: u32, weight0: u32, weight1: u32, bias0: u32, bias1: u32, stat: u32 }
}

kernel_args! {
    /// Arguments of norm_affine_grad.wgsl.
    AffineGradArgs { rows: u32, width: u32, range_rows: u32 }
}

kernel_args! {
    /// Arguments of norm_affine_sum.wgsl.
    AffineSumArgs { ranges: u32, streams: u32, width: u32, weight0: u32, weight1: u32, bias0: u32, bias1: u32 }
}

kernel_args! {
    /// Arguments of residual_norm_grad.wgsl.
    NormGradArgs {
        rows: u32, width: u32, weight0: u32, weight1: u32, streams: u32,
        key0: u32, key1: u32, threshold: u32, scale: f32,
    }
}

kernels! {
    includes includes;
    residual_norm(streams): NormArgs, "residual_norm.wgsl", [Read, Read, Read, Read, Write, Write, Write];
    subgroup_residual_norm(streams, lanes): NormArgs, "residual_norm.wgsl",
        [Read, Read, Read, Read, Write, Write, Write];
    norm_affine_grad(streams): AffineGradArgs, "norm_affine_grad.wgsl", [Read, Read, Read, Read, Read, Read, Write];
    norm_affine_sum(): AffineSumArgs, "norm_affine_sum.wgsl", [Read, Write];
    residual_norm_grad(streams): NormGradArgs, "residual_norm_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write, Write];
    subgroup_residual_norm_grad(streams, lanes): NormGradArgs, "residual_norm_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write, Write];
}

fn includes() -> Includes {
    vec![("norm_eps", float_constant("NORM_EPS", NORM_EPS))]
}

impl NormKernels for Gpu {
    fn residual_norm(
        &mut self,
        params: &Array,
        batch: &Batch,
        width: usize,
        a: &Array,
        streams: &mut [NormStream<'_, Array>],
        stats: &mut Array,
    ) {
        let n = batch.prepared.rows();
        let last = streams.len() - 1;
        let work = Cost::moving(n * width * (1 + 2 * streams.len()));
        let args = |one: NormOffsets, two: NormOffsets, stat: usize| NormArgs {
            rows: n as u32,
            width: width as u32,
            weight0: one.weight as u32,
            weight1: two.weight as u32,
            bias0: one.bias as u32,
            bias1: two.bias as u32,
            stat: stat as u32,
        };
        let [one, two] = [&streams[0], &streams[last]];
        let Some(lanes) = self.hardware.lanes() else {
            let kernel = residual_norm(2);
            let second = (last > 0).then_some(&*two.out);
            let arrays = [Some(params), Some(a), Some(one.x), Some(two.x), Some(&*one.out), second, Some(&*stats)];
            self.clock.record(kernel.name, work);
            self.dispatch(&kernel, &args(one.at, two.at, 0), &arrays, workgroup_grid(n.div_ceil(4), streams.len()));
            return;
        };
        // One after the other: a software adapter would load both streams and take one.
        let kernel = subgroup_residual_norm(1, lanes);
        self.clock.record(kernel.name, work);
        for (i, stream) in streams.iter().enumerate() {
            let read = [params, a, stream.x, stream.x].map(Some);
            let arrays: Vec<_> = read.into_iter().chain([Some(&*stream.out), None, Some(&*stats)]).collect();
            self.dispatch(&kernel, &args(stream.at, stream.at, 2 * n * i), &arrays, workgroup_grid(n, 1));
        }
    }

    fn residual_norm_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        width: usize,
        a: &Array,
        streams: &mut [NormStreamGrad<'_, Array>],
        stats: &Array,
        dropout: Dropout,
        d_a: &mut Array,
        grads: &mut Array,
    ) {
        let n = batch.prepared.rows();
        let last = streams.len() - 1;
        let (one, two) = (streams[0].at, streams[last].at);
        let [x0, x1] = [streams[0].x, streams[last].x];
        let [grad0, grad1] = [&*streams[0].grad, &*streams[last].grad];
        let [rows, width_arg] = [n, width].map(|v| v as u32);
        let [weight0, weight1] = [one.weight, two.weight].map(|v| v as u32);
        let [bias0, bias1] = [one.bias, two.bias].map(|v| v as u32);
        let compiled_for = if self.hardware.specializes_kernels() { streams.len() } else { 2 };
        // Ranges of rows, so that there are enough workgroups.
        let side = width.div_ceil(16) * streams.len();
        let wanted = self.hardware.min_workgroups().div_ceil(side).min(n.div_ceil(MIN_ROWS));
        let range_rows = n.div_ceil(wanted).next_multiple_of(16);
        let ranges = n.div_ceil(range_rows);
        let of_range = 2 * width * streams.len();
        let sums = self.lend_scratch(ranges * of_range).expect("smaller than the rows, for which the device had room");
        let args = AffineGradArgs { rows, width: width_arg, range_rows: range_rows as u32 };
        let arrays = [a, x0, x1, stats, grad0, grad1, &sums].map(Some);
        let streamed = n * width * streams.len();
        self.clock.record("norm_affine_grad", Cost::moving(n * width + 2 * streamed));
        self.dispatch(&norm_affine_grad(compiled_for), &args, &arrays, [width.div_ceil(16), streams.len(), ranges]);
        let args = AffineSumArgs {
            ranges: ranges as u32,
            streams: streams.len() as u32,
            width: width_arg,
            weight0,
            weight1,
            bias0,
            bias1,
        };
        self.clock.record("norm_affine_sum", Cost::moving((ranges + 1) * of_range));
        self.dispatch(&norm_affine_sum(), &args, &[Some(&sums), Some(&*grads)], groups(of_range));
        self.take_scratch(sums);
        let DropoutArgs { key0, key1, threshold, scale } = dropout.into();
        let args = NormGradArgs {
            rows,
            width: width_arg,
            weight0,
            weight1,
            streams: streams.len() as u32,
            key0,
            key1,
            threshold,
            scale,
        };
        let second = (last > 0).then_some(grad1);
        let read = [params, a, x0, x1, stats].map(Some);
        let arrays: Vec<_> = read.into_iter().chain([Some(grad0), second, Some(&*d_a)]).collect();
        let (kernel, rows_a_group) = match self.hardware.lanes() {
            Some(lanes) => (subgroup_residual_norm_grad(compiled_for, lanes), 1),
            None => (residual_norm_grad(compiled_for), 4),
        };
        self.clock.record(kernel.name, Cost::moving(2 * n * width + 3 * streamed));
        self.dispatch(&kernel, &args, &arrays, workgroup_grid(n.div_ceil(rows_a_group), 1));
    }
}
