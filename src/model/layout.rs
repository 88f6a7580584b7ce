//! Names, shapes and order of a model's parameters.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::parameters::{Builder, Parameter, Weights};
use crate::error::{Error, Result};

/// All parameters of a model, one after another in a flat array.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    parameters: Vec<Parameter>,
    /// Parameters that anything depends on: a head alone learns nothing.
    active: usize,
}

impl Layout {
    /// The parameters that were added to `b`, of which the loss depends on the first `active` values.
    pub(super) fn new(b: Builder, active: usize) -> Self {
        Self { parameters: b.parameters, active }
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

    /// First value of what the evidence model knows of items, which is the last of all; `None` where it knows none.
    pub fn items(&self) -> Option<usize> {
        self.parameters.iter().find(|p| p.name == "item_difficulty").map(|p| p.at)
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
