//! Adam with L2 and global-norm clipping over all parameters (SPEC §4).

use std::collections::BTreeMap;

use burn::tensor::{Gradients, Tensor};

use crate::model::{GainAkt, gradients, update_parameters};
use crate::ops::{self, AdamStep, total};

/// Added to the norm clipping divides by, as PyTorch does.
const NORM_EPS: f32 = 1e-6;

/// The optimizer's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// L2 factor added to the gradient.
    pub weight_decay: f64,
    /// Largest global norm of the gradient; 0: no clipping.
    pub clip: f64,
}

/// Adam's state: both moments of every parameter that ever had a gradient.
#[derive(Debug, Clone)]
pub struct Adam {
    config: AdamConfig,
    moments: BTreeMap<String, Tensor<2>>,
    steps: u32,
}

impl Adam {
    /// Starts with empty moments.
    pub fn new(config: AdamConfig) -> Self {
        Self { config, moments: BTreeMap::new(), steps: 0 }
    }

    /// Continues from stored moments (`[2, n]` by parameter name) after `steps` steps.
    pub fn resume(config: AdamConfig, moments: BTreeMap<String, Tensor<2>>, steps: u32) -> Self {
        Self { config, moments, steps }
    }

    /// Steps taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Moments `[2, n]` by parameter name.
    pub fn moments(&self) -> &BTreeMap<String, Tensor<2>> {
        &self.moments
    }

    /// Moves `model` against `grads`; returns it and the global gradient norm `[1]` before clipping.
    ///
    /// Parameters without a gradient stay, as in PyTorch.
    pub fn step(&mut self, model: GainAkt, mut grads: Gradients, lr: f64) -> (GainAkt, Tensor<1>) {
        let grads = gradients(&model, &mut grads);
        let squares = grads.values().map(|g| total(g.clone() * g.clone())).collect();
        let norm = total(Tensor::<1>::cat(squares, 0)).sqrt();
        let clip = if self.config.clip > 0.0 {
            ((norm.clone() + NORM_EPS).recip() * self.config.clip as f32).clamp_max(1.0)
        } else {
            norm.clone() * 0.0 + 1.0
        };
        self.steps += 1;
        let step = AdamStep { lr: lr as f32, weight_decay: self.config.weight_decay as f32, step: self.steps };
        let model = update_parameters(model, |name, value| {
            let grad = grads.get(name)?.clone();
            let [n] = value.dims();
            let moments = self.moments.remove(name).unwrap_or_else(|| Tensor::zeros([2, n], &value.device()));
            let (value, moments) = ops::adam(value, moments, grad, clip.clone(), step);
            self.moments.insert(name.to_owned(), moments);
            Some(value)
        });
        (model, norm)
    }
}
