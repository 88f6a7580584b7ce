//! Tensor operations that GainAKT2Exp needs and a tensor library does not have, on ragged rows.
//!
//! Each has a WGSL kernel (`gpu/` with `shaders/`), a CPU implementation (`cpu/`) and a twin in plain
//! tensor operations ([`twin`]): the oracle of the tests. Gradients are written by hand (`autodiff`).

mod autodiff;
mod cpu;
mod dropout;
mod extension;
mod gpu;
mod ragged;
mod total;
pub mod twin;

pub use dropout::Dropout;
pub use extension::AdamStep;
pub use gpu::shader_sources;
pub use ragged::{Offsets, Ragged};
pub use total::total;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use extension::{DifferentiableOps, Kernels};

/// Mastery moves by this share of a gain (SPEC §2).
pub const GAIN_SCALE: f32 = 0.1;

/// Layer normalisation's epsilon (SPEC §2).
pub const NORM_EPS: f32 = 1e-5;

/// Causal multi-head attention within each window (SPEC §2): softmax(QKᵀ/√(D/H))·V over steps ≤ t.
///
/// `q`, `k`, `v` are `[N, D]` with D a multiple of `heads`; the result is `[N, D]`. Scores are not stored.
pub fn causal_attention(q: Tensor<2>, k: Tensor<2>, v: Tensor<2>, rows: &Ragged, heads: usize) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as DifferentiableOps>::causal_attention(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        rows.layout().into_dispatch(),
        rows.offsets(),
        heads,
    ))
}

/// Mastery over time (SPEC §2): M\[0\] = `initial`, M\[t\] = clamp(M\[t−1\] + 0.1·G\[t\], 0, 1) in each window.
///
/// `initial` is `[W, C]`, one row a window; `gains` and the result are `[N, C]`.
pub fn mastery_scan(initial: Tensor<2>, gains: Tensor<2>, rows: &Ragged) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as DifferentiableOps>::mastery_scan(
        initial.into_dispatch(),
        gains.into_dispatch(),
        rows.layout().into_dispatch(),
        rows.offsets(),
    ))
}

/// LayerNorm(x + dropout(a)) over the last dimension, epsilon [`NORM_EPS`].
///
/// `x` and `a` are `[N, D]`, `gamma` and `beta` `[D]`.
pub fn residual_norm(x: Tensor<2>, a: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, dropout: Dropout) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as DifferentiableOps>::residual_norm(
        x.into_dispatch(),
        a.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        dropout,
    ))
}

/// `x` with the elements `dropout` names set to zero and the others scaled up; `x` is `[N, D]`.
pub fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.is_off() {
        return x;
    }
    Tensor::from_dispatch(<Dispatch as DifferentiableOps>::dropout(x.into_dispatch(), dropout))
}

/// One Adam step with L2 added to the gradient, as `torch.optim.Adam` does it.
///
/// `param` and `grad` are `[n]`, `moments` `[2, n]` (first, second), `clip` `[1]`, the factor global-norm
/// clipping puts before the gradient. Not differentiable; returns the new parameter and moments.
pub fn adam(
    param: Tensor<1>,
    moments: Tensor<2>,
    grad: Tensor<1>,
    clip: Tensor<1>,
    step: AdamStep,
) -> (Tensor<1>, Tensor<2>) {
    let (param, moments) = <Dispatch as Kernels>::adam(
        param.into_dispatch(),
        moments.into_dispatch(),
        grad.into_dispatch(),
        clip.into_dispatch(),
        step,
    );
    (Tensor::from_dispatch(param), Tensor::from_dispatch(moments))
}
