//! One training step: forward, loss terms, backward, clipped Adam.

use super::message::READ_EVERY;
use crate::config::Config;
use crate::data::{RaggedBatch, Window};
use crate::error::Result;
use crate::model::{DropoutSites, LogPlace, Model, ModelConfig, TrainingStep};
use crate::objective::{EpochSettings, Objective};
use crate::ops::{AdamStep, ItemStep, PreparedBatch};
use crate::platform::device::Device;

/// A model with all that its training steps need.
#[derive(Debug)]
pub struct Stepper {
    /// The model.
    pub model: Model,
    /// Loss weights that stay all run.
    pub objective: Objective,
    /// Steps taken: dropout's counter and Adam's.
    pub steps: u64,
    item_rate: f32,
    weight_decay: f32,
    clip: f32,
    seed: u64,
    /// Steps whose terms have not been read.
    unread: usize,
    /// Rows of this epoch so far, and in all.
    rows: [usize; 2],
}

impl Stepper {
    /// A freshly drawn model of this shape; `targets`: answers to be predicted in training.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn new(config: &Config, shape: &ModelConfig, targets: usize, device: &Device) -> Result<Self> {
        Ok(Self {
            model: Model::new(shape, config.seeds.seed, device)?,
            objective: Objective::new(config, targets),
            item_rate: config.evidence.item_learning_rate as f32,
            steps: 0,
            weight_decay: config.training.weight_decay as f32,
            clip: config.training.gradient_clip as f32,
            seed: config.seeds.seed,
            unread: 0,
            rows: [0, 0],
        })
    }

    /// Starts an epoch over `rows` rows.
    pub fn begin_epoch(&mut self, rows: usize) {
        self.rows = [0, rows];
    }

    /// Takes one step on `windows`; nothing is read from the device.
    ///
    /// # Errors
    /// The device has no room for the batch.
    pub fn step(&mut self, windows: &[&Window], settings: &EpochSettings, learning_rate: f64) -> Result<()> {
        let batch = RaggedBatch::new(windows.iter().copied());
        let rows = batch.rows();
        self.steps += 1;
        let shape = self.model.config();
        let step = TrainingStep {
            losses: self.objective.losses(&batch, settings, shape),
            batch: PreparedBatch::training(batch, shape.num_c, shape.seq_len, shape.num_items),
            dropout: DropoutSites::training(shape.dropout, self.seed, self.steps),
            adam: AdamStep {
                lr: learning_rate as f32,
                weight_decay: self.weight_decay,
                clip: self.clip,
                step: self.steps as u32,
                count: self.model.layout().active(),
                items: self.model.layout().items().map(|from| ItemStep { from, rate: self.item_rate }),
            },
        };
        let [row, all] = self.rows;
        self.model.step(step, LogPlace { step: self.unread, steps: READ_EVERY, row, rows: all })?;
        self.unread += 1;
        self.rows[0] += rows;
        Ok(())
    }

    /// Loss terms of the steps since the last read ([`ModelConfig::term_names`]): at most [`READ_EVERY`] of them.
    ///
    /// # Errors
    /// The device fails.
    pub async fn read_terms(&mut self) -> Result<Vec<Vec<f32>>> {
        let steps = std::mem::take(&mut self.unread);
        let values = self.model.logged_terms(steps).await?;
        Ok(values.chunks_exact(self.model.config().term_names().len()).map(<[f32]>::to_vec).collect())
    }

    /// Probabilities of the epoch's rows, in the order of its steps.
    ///
    /// # Errors
    /// The device fails.
    pub async fn read_scores(&mut self) -> Result<Vec<f32>> {
        self.model.logged_scores(self.rows[0]).await
    }
}
