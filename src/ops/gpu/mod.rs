//! The operations as WGSL kernels (`shaders/`), for every WebGPU adapter.

mod launch;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::wgpu::CubeBackend;

use self::launch::{Shader, dense, empty, launch, launch_rows, params};
use super::extension::{AdamStep, Kernels};
use super::{Dropout, Offsets};

pub use self::launch::shader_sources;

/// Parameter words of a kernel that applies dropout: key, threshold and the bits of the scale.
fn dropout_words(dropout: Dropout) -> [u32; 4] {
    let [a, b] = dropout.key();
    [a, b, dropout.threshold(), dropout.scale().to_bits()]
}

impl Kernels for CubeBackend {
    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        layout: IntTensor<Self>,
        _offsets: Offsets,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (q, k, v, layout) = (dense(q), dense(k), dense(v), dense(layout));
        let (rows, width) = (q.meta.shape()[0], q.meta.shape()[1]);
        let out = empty(&q, [rows, width]);
        let lse = empty(&q, [rows, heads]);
        let shader = Shader::attention_forward(heads, width / heads);
        launch(shader, &[&q, &k, &v, &layout, &out, &lse], rows * heads);
        (out, lse)
    }

    fn attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        out: FloatTensor<Self>,
        lse: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        layout: IntTensor<Self>,
        _offsets: Offsets,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [q, k, v, out, lse] = &[q, k, v, out, lse].map(dense);
        let (grad, layout) = (dense(grad), dense(layout));
        let (rows, width) = (q.meta.shape()[0], q.meta.shape()[1]);
        let dk = width / heads;
        let stats = empty(q, [rows, heads, 2]);
        launch(Shader::attention_delta(heads, dk), &[out, &grad, lse, &stats, &layout], rows * heads);
        let dq = empty(q, [rows, width]);
        launch(Shader::attention_query_grad(heads, dk), &[q, k, v, &stats, &grad, &layout, &dq], rows * heads);
        let (d_key, d_value) = (empty(q, [rows, width]), empty(q, [rows, width]));
        launch(Shader::attention_key_grad(heads, dk), &[q, k, v, &stats, &grad, &layout, &d_key], rows * heads);
        launch(Shader::attention_value_grad(heads, dk), &[q, k, &stats, &grad, &layout, &d_value], rows * heads);
        (dq, d_key, d_value)
    }

    fn scan_forward(
        initial: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> FloatTensor<Self> {
        let (initial, gains, layout) = (dense(initial), dense(gains), dense(layout));
        let (rows, skills) = (gains.meta.shape()[0], gains.meta.shape()[1]);
        let mastery = empty(&gains, [rows, skills]);
        let tasks = (offsets.len() - 1) * skills;
        launch(Shader::scan_forward(skills), &[&initial, &gains, &layout, &mastery], tasks);
        mastery
    }

    fn scan_backward(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mastery, gains, grad, layout) = (dense(mastery), dense(gains), dense(grad), dense(layout));
        let (rows, skills) = (gains.meta.shape()[0], gains.meta.shape()[1]);
        let windows = offsets.len() - 1;
        let (d_initial, d_gains) = (empty(&gains, [windows, skills]), empty(&gains, [rows, skills]));
        let buffers = [&mastery, &gains, &grad, &layout, &d_initial, &d_gains];
        launch(Shader::scan_backward(skills), &buffers, windows * skills);
        (d_initial, d_gains)
    }

    fn norm_forward(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dropout: Dropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, a, gamma, beta) = (dense(x), dense(a), dense(gamma), dense(beta));
        let (rows, width) = (x.meta.shape()[0], x.meta.shape()[1]);
        let (out, stats) = (empty(&x, [rows, width]), empty(&x, [rows, 2]));
        let words = params(&x, &with_rows(rows, dropout));
        launch_rows(Shader::norm_forward(width), &[&x, &a, &gamma, &beta, &out, &stats, &words], rows);
        (out, stats)
    }

    fn norm_backward(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        stats: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        dropout: Dropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, a, gamma, stats, grad) = (dense(x), dense(a), dense(gamma), dense(stats), dense(grad));
        let (rows, width) = (x.meta.shape()[0], x.meta.shape()[1]);
        let (d_sum, d_affine) = (empty(&x, [rows, width]), empty(&x, [2, width]));
        let words = params(&x, &with_rows(rows, dropout));
        launch_rows(Shader::norm_backward(width), &[&x, &a, &gamma, &stats, &grad, &d_sum, &words], rows);
        launch_rows(Shader::norm_affine(width), &[&x, &a, &stats, &grad, &d_affine, &words], width);
        (d_sum, d_affine)
    }

    fn dropout_apply(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self> {
        let x = dense(x);
        let (rows, width) = (x.meta.shape()[0], x.meta.shape()[1]);
        let out = empty(&x, [rows, width]);
        let words = params(&x, &with_rows(rows * width, dropout));
        launch(Shader::dropout(), &[&x, &out, &words], rows * width);
        out
    }

    fn adam(
        param: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        clip: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (param, moments, grad, clip) = (dense(param), dense(moments), dense(grad), dense(clip));
        let n = param.meta.shape()[0];
        let (new_param, new_moments) = (empty(&param, [n]), empty(&param, [2, n]));
        let floats = [step.weight_decay, step.step_size(), step.second_scale()].map(f32::to_bits);
        let words = params(&param, &[n as u32, floats[0], floats[1], floats[2]]);
        launch(Shader::adam(), &[&param, &moments, &grad, &clip, &words, &new_param, &new_moments], n);
        (new_param, new_moments)
    }
}

fn with_rows(count: usize, dropout: Dropout) -> Vec<u32> {
    let mut words = vec![count as u32];
    words.extend(dropout_words(dropout));
    words
}

#[cfg(test)]
mod tests {
    use super::launch::WORKGROUP;
    use super::*;

    /// Every template at odd sizes is valid WGSL for a device that offers nothing beyond core WebGPU.
    #[test]
    fn shaders_are_valid_core_webgpu() {
        use naga::valid::{Capabilities, ValidationFlags, Validator};
        for (name, source) in shader_sources() {
            let module = naga::front::wgsl::parse_str(&source)
                .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
            let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
            validator.validate(&module).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            let buffers = module.global_variables.iter().filter(|(_, v)| v.binding.is_some()).count();
            assert!(buffers <= 7, "{name} binds {buffers} buffers");
            let size: u32 = module.entry_points[0].workgroup_size.iter().product();
            assert_eq!(size, WORKGROUP);
        }
    }
}
