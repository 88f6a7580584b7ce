//! Where each parameter of a model lies.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::encoder::EncoderAt;
use super::evidence::EvidenceAt;
use super::parameters::{Builder, Parameter, Weights};
use super::{ModelConfig, gainakt2exp};
use crate::config::ModelKind;
use crate::error::{Error, Result};

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
            values.extend(parameter.draw(rng));
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
