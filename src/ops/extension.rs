//! The operations as burn sees them: one trait for kernels, one for what autodiff can walk through.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, backend_extension};

use super::{Dropout, Offsets};

/// Settings of one Adam step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// Learning rate.
    pub lr: f32,
    /// L2 factor added to the gradient.
    pub weight_decay: f32,
    /// Steps taken including this one, from 1.
    pub step: u32,
}

impl AdamStep {
    pub(super) const BETA1: f32 = 0.9;
    pub(super) const BETA2: f32 = 0.999;
    pub(super) const EPS: f32 = 1e-8;

    /// lr / (1 − β₁ᵗ).
    pub(super) fn step_size(self) -> f32 {
        (f64::from(self.lr) / (1.0 - 0.9f64.powi(self.step as i32))) as f32
    }

    /// 1 / √(1 − β₂ᵗ).
    pub(super) fn second_scale(self) -> f32 {
        (1.0 / (1.0 - 0.999f64.powi(self.step as i32)).sqrt()) as f32
    }
}

/// Forward and backward kernels on plain (not differentiable) tensors. Shapes are those of the functions in
/// [`super`]; `layout` is the device side of a ragged batch and `offsets` its host side.
#[backend_extension(Cube, Flex)]
pub trait Kernels: Backend {
    /// Attention output `[N, D]` and log-sum-exp of each row's scores `[N, H]`.
    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of q, k and v.
    #[allow(clippy::too_many_arguments)]
    fn attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        out: FloatTensor<Self>,
        lse: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Mastery `[N, C]`.
    fn scan_forward(
        initial: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> FloatTensor<Self>;

    /// Gradients of initial mastery and gains.
    fn scan_backward(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Normalised rows `[N, D]` and their (mean, 1/σ) `[N, 2]`.
    fn norm_forward(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dropout: Dropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradient of x + dropout(a) `[N, D]`, and of gamma and beta `[2, D]`.
    fn norm_backward(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        stats: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        dropout: Dropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Masked and scaled copy.
    fn dropout_apply(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self>;

    /// New parameter and moments.
    fn adam(
        param: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        clip: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The same operations where autodiff may record them.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait DifferentiableOps: Backend {
    /// See [`super::causal_attention`].
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
        heads: usize,
    ) -> FloatTensor<Self>;

    /// See [`super::mastery_scan`].
    fn mastery_scan(
        initial: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> FloatTensor<Self>;

    /// See [`super::residual_norm`].
    fn residual_norm(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dropout: Dropout,
    ) -> FloatTensor<Self>;

    /// See [`super::dropout`].
    fn dropout(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self>;
}

/// Without autodiff the differentiable operations are the forward kernels.
macro_rules! forward_only {
    ($backend:ty) => {
        impl DifferentiableOps for $backend {
            fn causal_attention(
                q: FloatTensor<Self>,
                k: FloatTensor<Self>,
                v: FloatTensor<Self>,
                layout: IntTensor<Self>,
                offsets: Offsets,
                heads: usize,
            ) -> FloatTensor<Self> {
                Self::attention_forward(q, k, v, layout, offsets, heads).0
            }

            fn mastery_scan(
                initial: FloatTensor<Self>,
                gains: FloatTensor<Self>,
                layout: IntTensor<Self>,
                offsets: Offsets,
            ) -> FloatTensor<Self> {
                Self::scan_forward(initial, gains, layout, offsets)
            }

            fn residual_norm(
                x: FloatTensor<Self>,
                a: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                beta: FloatTensor<Self>,
                dropout: Dropout,
            ) -> FloatTensor<Self> {
                Self::norm_forward(x, a, gamma, beta, dropout).0
            }

            fn dropout(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self> {
                Self::dropout_apply(x, dropout)
            }
        }
    };
}

forward_only!(burn::backend::Flex);
forward_only!(burn::backend::wgpu::CubeBackend);
