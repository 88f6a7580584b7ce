//! Where each parameter lies in the flat array, under its PyTorch name, and how it starts.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::encoder::EncoderAt;
use super::evidence::EvidenceAt;
use super::{ModelConfig, gainakt2exp};
use crate::config::ModelKind;
use crate::error::{Error, Result};
use crate::ops::{LinearAt, NormAt};

/// Host copies of parameters: shape and values by PyTorch name, in name order.
pub type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// How a parameter is drawn (SPEC §2, §9).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Start {
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
    start: Start,
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

/// Places of all parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    parameters: Vec<Parameter>,
    pub(super) encoder: EncoderAt,
    pub(super) readout: ReadoutAt,
    /// Parameters that anything depends on: a head alone learns nothing.
    active: usize,
}

/// Places of the parameters that follow the encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ReadoutAt {
    GainAkt(gainakt2exp::ReadoutAt),
    Evidence(EvidenceAt),
}

/// Lays parameters one after another.
#[derive(Default)]
pub(super) struct Builder {
    parameters: Vec<Parameter>,
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
    pub(super) fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> LinearAt {
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
    ) -> LinearAt {
        let weight = self.add(&format!("{name}.weight"), &[outputs, inputs], weight);
        let bias = self.add(&format!("{name}.bias"), &[outputs], bias);
        LinearAt { weight, bias, inputs, outputs }
    }

    pub(super) fn norm(&mut self, name: &str, width: usize) -> NormAt {
        let weight = self.add(&format!("{name}.weight"), &[width], Start::Constant(1.0));
        let bias = self.add(&format!("{name}.bias"), &[width], Start::Constant(0.0));
        NormAt { weight, bias }
    }
}

impl Layout {
    /// The places of a model's parameters, in the order PyTorch lists them.
    pub fn new(config: &ModelConfig) -> Self {
        let b = &mut Builder::default();
        let encoder = EncoderAt::new(b, config, config.kind == ModelKind::GainAkt2Exp);
        let (readout, active) = match config.kind {
            ModelKind::GainAkt2Exp => {
                let (at, active) = gainakt2exp::ReadoutAt::new(b, config);
                (ReadoutAt::GainAkt(at), active)
            }
            ModelKind::Evidence => (ReadoutAt::Evidence(EvidenceAt::new(b, config)), b.len()),
        };
        Self { parameters: std::mem::take(&mut b.parameters), encoder, readout, active }
    }

    /// All parameters in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.parameters.iter().map(Parameter::len).sum()
    }

    /// Number of leading values that the loss depends on.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Draws all parameters from `seed`, on the host so that a seed means the same model on every device.
    pub(super) fn draw(&self, seed: u64) -> Vec<f32> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(self.count());
        for parameter in &self.parameters {
            values.extend((0..parameter.len()).map(|_| match parameter.start {
                Start::Normal(deviation) => {
                    let value: f32 = StandardNormal.sample(rng);
                    deviation * value
                }
                Start::Uniform(bound) => ((rng.random::<f64>() * 2.0 - 1.0) * bound) as f32,
                Start::Constant(value) => value,
            }));
        }
        values
    }

    /// The flat array of `weights`.
    ///
    /// # Errors
    /// A name is missing or unknown, or a shape differs.
    pub fn flatten(&self, weights: &Weights) -> Result<Vec<f32>> {
        let mut values = Vec::with_capacity(self.count());
        for Parameter { name, shape, .. } in &self.parameters {
            match weights.get(name) {
                None => {
                    return Err(Error::Checkpoint(format!("the checkpoint has no \"{name}\"; it is of another model")));
                }
                Some((found, _)) if found != shape => {
                    return Err(Error::Checkpoint(format!(
                        "\"{name}\" is {found:?} in the checkpoint, expected {shape:?}; it is of a model of another size"
                    )));
                }
                Some((_, part)) => values.extend_from_slice(part),
            }
        }
        match weights.keys().find(|name| !self.parameters.iter().any(|p| &p.name == *name)) {
            Some(name) => {
                Err(Error::Checkpoint(format!("the checkpoint holds \"{name}\", which this model does not have")))
            }
            None => Ok(values),
        }
    }

    /// Parameters by name from the flat array.
    pub fn named(&self, values: &[f32]) -> Weights {
        let part = |p: &Parameter| (p.name.clone(), (p.shape.clone(), values[p.at..p.at + p.len()].to_vec()));
        self.parameters.iter().map(part).collect()
    }
}
