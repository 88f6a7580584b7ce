//! Residual layer normalisation forward and backward (`shaders/residual_norm*.wgsl`, `norm_affine_grad.wgsl`).

mod cpu;
pub(crate) mod gpu;

use super::{Arrays, Dropout};

/// Layer normalisation's epsilon (MODEL §2).
pub const NORM_EPS: f32 = 1e-5;

/// A layer normalisation: where its weight and bias `[D]` lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NormOffsets {
    /// First element of the weight.
    pub weight: usize,
    /// First element of the bias.
    pub bias: usize,
}

/// One stream of a residual layer normalisation.
#[derive(Debug)]
pub struct NormStream<'a, F> {
    /// x `[N, D]`.
    pub x: &'a F,
    /// Weight and bias.
    pub at: NormOffsets,
    /// LayerNorm(x + a) `[N, D]`.
    pub out: &'a mut F,
}

/// One stream of a residual layer normalisation on the way back.
#[derive(Debug)]
pub struct NormStreamGrad<'a, F> {
    /// x `[N, D]`.
    pub x: &'a F,
    /// Weight and bias.
    pub at: NormOffsets,
    /// In: gradient of the output. Out: gradient of x + a. `[N, D]`.
    pub grad: &'a mut F,
}

/// Residual layer normalisation. N rows, W windows, D features.
#[allow(clippy::too_many_arguments)]
pub trait NormKernels: Arrays {
    /// LayerNorm(x + a) of one or two streams that share `a` `[N, D]`; leaves (mean, 1/σ) in `stats` `[streams, N, 2]`.
    fn residual_norm(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        width: usize,
        a: &Self::Floats,
        streams: &mut [NormStream<'_, Self::Floats>],
        stats: &mut Self::Floats,
    );

    /// Gradients of the weights and biases, of x + a (in place), and of what `a` was before `dropout`.
    fn residual_norm_grad(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        width: usize,
        a: &Self::Floats,
        streams: &mut [NormStreamGrad<'_, Self::Floats>],
        stats: &Self::Floats,
        dropout: Dropout,
        d_a: &mut Self::Floats,
        grads: &mut Self::Floats,
    );
}
