//! Residual layer normalisation: 16 invocations a row.

use super::{NORM_EPS, NormKernels, NormStream, NormStreamGrad};
use crate::ops::Dropout;
use crate::ops::gpu::{Array, Batch, DropoutArgs, Gpu, Includes, float_constant, kernel_args, kernels, workgroup_grid};

kernel_args! {
    /// Arguments of residual_norm.wgsl and norm_affine_grad.wgsl.
    NormArgs { rows: u32, width: u32, weight0: u32, weight1: u32, bias0: u32, bias1: u32 }
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
    residual_norm(): NormArgs, "residual_norm.wgsl", [Read, Read, Read, Read, Write, Write, Write];
    norm_affine_grad(): NormArgs, "norm_affine_grad.wgsl", [Read, Read, Read, Read, Read, Read, Write];
    residual_norm_grad(): NormGradArgs, "residual_norm_grad.wgsl", [Read, Read, Read, Read, Read, Write, Write, Write];
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
        let (one, two) = (streams[0].at, streams[last].at);
        let args = NormArgs {
            rows: n as u32,
            width: width as u32,
            weight0: one.weight as u32,
            weight1: two.weight as u32,
            bias0: one.bias as u32,
            bias1: two.bias as u32,
        };
        let second = (last > 0).then(|| &*streams[last].out);
        let [x0, x1] = [streams[0].x, streams[last].x];
        let arrays = [Some(params), Some(a), Some(x0), Some(x1), Some(&*streams[0].out), second, Some(&*stats)];
        self.dispatch(&residual_norm(), &args, &arrays, workgroup_grid(n.div_ceil(4), streams.len()));
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
        let args = NormArgs { rows, width: width_arg, weight0, weight1, bias0, bias1 };
        let arrays = [a, x0, x1, stats, grad0, grad1, &*grads].map(Some);
        self.dispatch(&norm_affine_grad(), &args, &arrays, [width.div_ceil(16), streams.len(), 1]);
        let DropoutArgs { key0, key1, threshold, scale } = dropout.into();
        let streams_arg = streams.len() as u32;
        let args = NormGradArgs {
            rows,
            width: width_arg,
            weight0,
            weight1,
            streams: streams_arg,
            key0,
            key1,
            threshold,
            scale,
        };
        let second = (last > 0).then_some(grad1);
        let read = [params, a, x0, x1, stats].map(Some);
        let arrays: Vec<_> = read.into_iter().chain([Some(grad0), second, Some(&*d_a)]).collect();
        self.dispatch(&residual_norm_grad(), &args, &arrays, workgroup_grid(n.div_ceil(4), 1));
    }
}
