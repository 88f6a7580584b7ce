//! Layers with PyTorch's parameter layout and initialisation, drawn on the host so that a seed means the
//! same weights on every device.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::ops::{self, Dropout};

/// Draws initial weights in the order they are asked for.
#[derive(Debug)]
pub struct Init<'a> {
    rng: ChaCha8Rng,
    device: &'a Device,
}

impl<'a> Init<'a> {
    /// Starts drawing from `seed`.
    pub fn new(seed: u64, device: &'a Device) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), device }
    }

    fn param<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_data(TensorData::new(values, shape), self.device)
    }

    fn uniform<const D: usize>(&mut self, bound: f64, shape: [usize; D]) -> Param<Tensor<D>> {
        let count = shape.iter().product();
        let values = (0..count).map(|_| ((self.rng.random::<f64>() * 2.0 - 1.0) * bound) as f32).collect();
        self.param(values, shape)
    }

    fn normal<const D: usize>(&mut self, shape: [usize; D]) -> Param<Tensor<D>> {
        let count = shape.iter().product();
        let values = (0..count).map(|_| StandardNormal.sample(&mut self.rng)).collect();
        self.param(values, shape)
    }
}

/// y = x·Wᵀ + b, weight `[out, in]`; both start uniform in ±1/√in (SPEC §2).
#[derive(Module, Debug)]
pub struct Linear {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer from `inputs` to `outputs` features.
    pub fn new(inputs: usize, outputs: usize, init: &mut Init<'_>) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        Self { weight: init.uniform(bound, [outputs, inputs]), bias: init.uniform(bound, [outputs]) }
    }

    /// `[N, in]` → `[N, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze()
    }

    /// Columns `from..from + width` of the input's weights, for an input given in parts.
    pub fn part(&self, x: Tensor<2>, from: usize) -> Tensor<2> {
        let [outputs, _] = self.weight.val().dims();
        let width = x.dims()[1];
        x.matmul(self.weight.val().slice([0..outputs, from..from + width]).transpose())
    }

    /// The bias as a row `[1, out]`.
    pub fn bias(&self) -> Tensor<2> {
        self.bias.val().unsqueeze()
    }
}

/// A table of vectors, normal(0, 1) at the start.
#[derive(Module, Debug)]
pub struct Embedding {
    weight: Param<Tensor<2>>,
}

impl Embedding {
    /// `count` vectors of `width`.
    pub fn new(count: usize, width: usize, init: &mut Init<'_>) -> Self {
        Self { weight: init.normal([count, width]) }
    }

    /// Rows `index` `[N]` → `[N, width]`.
    pub fn forward(&self, index: Tensor<1, Int>) -> Tensor<2> {
        self.weight.val().select(0, index)
    }
}

/// Layer normalisation of a residual sum (SPEC §2), weight 1 and bias 0 at the start.
#[derive(Module, Debug)]
pub struct ResidualNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
}

impl ResidualNorm {
    /// For vectors of `width`.
    pub fn new(width: usize, init: &mut Init<'_>) -> Self {
        Self { weight: init.param(vec![1.0; width], [width]), bias: init.param(vec![0.0; width], [width]) }
    }

    /// LayerNorm(x + dropout(a)), all `[N, width]`.
    pub fn forward(&self, x: Tensor<2>, a: Tensor<2>, dropout: Dropout) -> Tensor<2> {
        ops::residual_norm(x, a, self.weight.val(), self.bias.val(), dropout)
    }
}
