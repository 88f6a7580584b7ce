//! The operations on burn's GPU backend: our WGSL kernels, launched through burn.

use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::{CubeBackend, CubeTensor, KernelSource, SourceKernel, SourceTemplate, into_contiguous};
use burn::tensor::Shape;
use cubecl::prelude::KernelId;
use cubecl::server::{Handle, KernelArguments};
use cubecl::{CubeCount, CubeDim};

use super::{WindowOps, windows};
use crate::model::gainakt2exp::gpu::{ScanArgs, scan_shader};
use crate::model::row_stats::gpu::includes;
use crate::ops::gpu::{Args, Hardware, NoArgs, Shader, groups, integers, kernels};
use crate::ops::{AttentionShaders, AttentionSizes};

kernels! {
    includes includes;
    mastery_scan_grad(): ScanArgs, "gainakt2exp/mastery_scan_grad.wgsl", [Read, Read, Read, Read, Write, Write];
}

/// A kernel as burn wants it: every binding may be written, arguments lie in a storage buffer, bindings count from 0.
#[derive(Debug)]
struct WgslKernel(Shader);

impl KernelSource for WgslKernel {
    fn source(&self) -> SourceTemplate {
        let mut source = self.0.source().replace("var<storage, read>", "var<storage, read_write>");
        source = source.replace("var<uniform>", "var<storage, read_write>");
        if self.0.args.is_empty() {
            for binding in 1..=self.0.access.len() {
                source = source.replace(&format!("@binding({binding})"), &format!("@binding({})", binding - 1));
            }
        }
        SourceTemplate::new(source)
    }

    fn id(&self) -> KernelId {
        let constants: Vec<usize> = self.0.constants.iter().map(|(_, value)| *value).collect();
        KernelId::new::<Self>().info((self.0.name, constants))
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// A new tensor beside another.
fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    let shape = shape.into();
    let buffer = like.client.empty(shape.num_elements() * like.dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, buffer, like.dtype)
}

/// Launches a kernel over `count` workgroups of `threads` invocations; `buffers` in order of binding, after the arguments.
fn launch(beside: &CubeTensor, shader: Shader, args: &impl Args, buffers: &[&Handle], count: [usize; 3], threads: u32) {
    let [x, y, z] = count.map(|c| c as u32);
    let words = args.words();
    let args = (!words.is_empty()).then(|| beside.client.create_from_slice(bytemuck::cast_slice(&words)));
    let bound = args.iter().chain(buffers.iter().copied()).map(|handle| handle.clone().binding()).collect();
    let kernel = SourceKernel::new(WgslKernel(shader), CubeDim::new_1d(threads));
    let arguments = KernelArguments::new().with_buffers(bound);
    beside.client.launch(Box::new(kernel), CubeCount::Static(x, y, z), arguments);
}

/// The integers of W windows of T rows.
fn batch(beside: &CubeTensor, count: usize, length: usize) -> Handle {
    beside.client.create_from_slice(bytemuck::cast_slice(&integers(&windows(count, length))))
}

/// q, k, v `[3, W, T, D]`, the output and its log-sum-exp.
struct Attended {
    shaders: AttentionShaders,
    groups: [usize; 3],
    batch: Handle,
    qkv: CubeTensor,
    out: CubeTensor,
    lse: CubeTensor,
}

fn attend(qkv: CubeTensor, heads: usize) -> Attended {
    let qkv = into_contiguous(qkv);
    let sizes: Vec<usize> = qkv.meta.shape().iter().copied().collect();
    let [_, count, length, width] = sizes[..] else { unreachable!("queries, keys and values have four dimensions") };
    let shaders = AttentionShaders::new(AttentionSizes { heads, width: width / heads }, Hardware::Gpu);
    let groups = shaders.groups(count * length);
    let batch = batch(&qkv, count, length);
    let (out, lse) = (empty(&qkv, [count, length, width]), empty(&qkv, [count * length * heads]));
    let buffers = [&batch, &qkv.handle, &out.handle, &lse.handle];
    launch(&qkv, shaders.forward.clone(), &NoArgs, &buffers, groups, shaders.threads());
    Attended { shaders, groups, batch, qkv, out, lse }
}

impl WindowOps for CubeBackend {
    fn window_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        attend(qkv, heads).out
    }

    fn window_attention_grad(qkv: FloatTensor<Self>, d_out: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let d_out = into_contiguous(d_out);
        let Attended { shaders, groups, batch, qkv, out, lse } = attend(qkv, heads);
        let (delta, d_qkv) = (empty(&lse, lse.meta.shape().clone()), empty(&qkv, qkv.meta.shape().clone()));
        let threads = shaders.threads();
        let buffers = [&batch, &qkv.handle, &out.handle, &lse.handle, &d_out.handle, &delta.handle, &d_qkv.handle];
        launch(&qkv, shaders.query_grad, &NoArgs, &buffers, groups, threads);
        let buffers = [&batch, &qkv.handle, &lse.handle, &delta.handle, &d_out.handle, &d_qkv.handle];
        launch(&qkv, shaders.key_value_grad, &NoArgs, &buffers, groups, threads);
        d_qkv
    }

    fn scan(initial: FloatTensor<Self>, gains: FloatTensor<Self>) -> FloatTensor<Self> {
        let (initial, gains) = (into_contiguous(initial), into_contiguous(gains));
        let [count, length, skills] = sizes(&gains);
        let mastery = empty(&gains, [count, length, skills]);
        let batch = batch(&gains, count, length);
        let buffers = [&batch, &initial.handle, &gains.handle, &mastery.handle];
        launch(&gains, scan_shader(), &ScanArgs { skills: skills as u32 }, &buffers, groups(count * skills), 64);
        mastery
    }

    fn scan_grad(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        d_mastery: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [mastery, gains, d_mastery] = [mastery, gains, d_mastery].map(into_contiguous);
        let [count, length, skills] = sizes(&gains);
        let (d_gains, d_initial) = (empty(&gains, [count, length, skills]), empty(&gains, [count, skills]));
        let batch = batch(&gains, count, length);
        let buffers = [&batch, &mastery.handle, &gains.handle, &d_mastery.handle, &d_gains.handle, &d_initial.handle];
        let args = ScanArgs { skills: skills as u32 };
        launch(&gains, mastery_scan_grad(), &args, &buffers, groups(count * skills), 64);
        (d_initial, d_gains)
    }
}

/// W, T and C of `[W, T, C]`.
fn sizes(x: &CubeTensor) -> [usize; 3] {
    let shape = x.meta.shape();
    [shape[0], shape[1], shape[2]]
}
