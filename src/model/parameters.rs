//! Parameters one after another in a flat array, under their PyTorch names, and how each starts.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::ops::{LinearOffsets, NormOffsets};

/// Host copies of parameters: shape and values by PyTorch name, in name order.
pub type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// How a parameter is drawn (MODEL §2, §9).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Normal(0, deviation).
    Normal(f32),
    /// Uniform in ±bound.
    Uniform(f64),
    /// All the same.
    Constant(f32),
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name in PyTorch's state dict.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// First element in the flat array.
    pub at: usize,
    pub(super) start: Start,
}

impl Parameter {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Lays parameters one after another.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) parameters: Vec<Parameter>,
    next: usize,
}

impl Builder {
    /// Number of values so far.
    pub(super) fn len(&self) -> usize {
        self.next
    }

    pub(super) fn add(&mut self, name: &str, shape: &[usize], start: Start) -> usize {
        let at = self.next;
        self.parameters.push(Parameter { name: name.to_owned(), shape: shape.to_vec(), at, start });
        self.next += shape.iter().product::<usize>();
        at
    }

    pub(super) fn table(&mut self, name: &str, count: usize, width: usize) -> usize {
        self.add(&format!("{name}.weight"), &[count, width], Start::Normal(1.0))
    }

    /// A linear layer as PyTorch starts it.
    pub(super) fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> LinearOffsets {
        let start = Start::Uniform(1.0 / (inputs as f64).sqrt());
        self.linear_from(name, inputs, outputs, start, start)
    }

    /// A linear layer whose weight and bias start as asked.
    pub(super) fn linear_from(
        &mut self,
        name: &str,
        inputs: usize,
        outputs: usize,
        weight: Start,
        bias: Start,
    ) -> LinearOffsets {
        let weight = self.add(&format!("{name}.weight"), &[outputs, inputs], weight);
        let bias = self.add(&format!("{name}.bias"), &[outputs], bias);
        LinearOffsets { weight, bias, inputs, outputs }
    }

    pub(super) fn norm(&mut self, name: &str, width: usize) -> NormOffsets {
        let weight = self.add(&format!("{name}.weight"), &[width], Start::Constant(1.0));
        let bias = self.add(&format!("{name}.bias"), &[width], Start::Constant(0.0));
        NormOffsets { weight, bias }
    }
}

impl Parameter {
    /// Draws its values.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let value = |_| match self.start {
            Start::Normal(deviation) => {
                let value: f32 = StandardNormal.sample(rng);
                deviation * value
            }
            Start::Uniform(bound) => ((rng.random::<f64>() * 2.0 - 1.0) * bound) as f32,
            Start::Constant(value) => value,
        };
        (0..self.len()).map(value).collect()
    }
}
