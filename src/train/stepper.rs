//! One training step: forward, loss terms, backward, clipped Adam.

use burn::tensor::{Device, Tensor};

use super::optimizer::{Adam, AdamConfig};
use crate::config::Config;
use crate::data::{RaggedBatch, Window};
use crate::model::{DropoutSites, GainAkt, ModelConfig, ModelInput};
use crate::objective::{EpochSettings, Objective, Targets, Terms};

/// A model with what moves it.
#[derive(Debug)]
pub struct Stepper {
    /// Sizes of the model.
    pub shape: ModelConfig,
    /// The model, on an autodiff device.
    pub model: GainAkt,
    /// Optimizer state.
    pub adam: Adam,
    /// Loss weights that stay all run.
    pub objective: Objective,
    /// Steps taken: dropout's counter.
    pub steps: u64,
    seed: u64,
    device: Device,
}

/// What a step leaves on the device.
#[derive(Debug)]
pub struct StepOutcome {
    /// Loss terms.
    pub terms: Terms,
    /// Logits of the batch's rows, `[N]`.
    pub logits: Tensor<1>,
    /// r_next of the batch's rows.
    pub answers: Vec<u8>,
}

impl Stepper {
    /// A freshly drawn model for `skills` skills on `device` (without autodiff).
    pub fn new(config: &Config, skills: usize, device: &Device) -> Self {
        let shape = ModelConfig::new(config, skills);
        let device = device.clone().autodiff();
        Self {
            model: GainAkt::new(&shape, config.seeds.seed, &device),
            adam: Adam::new(Self::adam_config(config)),
            objective: Objective::new(config),
            steps: 0,
            seed: config.seeds.seed,
            shape,
            device,
        }
    }

    /// The optimizer's settings in an experiment's config.
    pub fn adam_config(config: &Config) -> AdamConfig {
        AdamConfig { weight_decay: config.training.weight_decay, clip: config.training.gradient_clip }
    }

    /// Takes one step on `windows`; nothing is read from the device.
    pub fn step(&mut self, windows: &[&Window], settings: &EpochSettings, learning_rate: f64) -> StepOutcome {
        let batch = RaggedBatch::new(windows.iter().copied());
        let input = ModelInput::new(&batch, self.shape.num_c, &self.device);
        let targets = Targets::new(&batch, &self.objective, settings, &self.device);
        self.steps += 1;
        let output = self.model.forward(&input, DropoutSites::training(self.shape.dropout, self.seed, self.steps));
        let terms = self.objective.terms(&output, &input, &targets, settings);
        let (model, _) = self.adam.step(self.model.clone(), terms.total.backward(), learning_rate);
        self.model = model;
        StepOutcome { terms, logits: output.logits, answers: batch.next_response }
    }
}
