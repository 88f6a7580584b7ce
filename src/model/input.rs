//! What one forward pass reads: a ragged batch on the device, and where dropout falls.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::data::RaggedBatch;
use crate::ops::{Dropout, Ragged};

/// A ragged batch on the device.
#[derive(Debug, Clone)]
pub struct ModelInput {
    /// Row layout.
    pub rows: Ragged,
    /// q + C·r of each row, `[N]`.
    pub token: Tensor<1, Int>,
    /// q of each row, `[N]`.
    pub skill: Tensor<1, Int>,
    /// Skill asked next, `[N]`.
    pub next_skill: Tensor<1, Int>,
    /// t of each row, `[N]`.
    pub position: Tensor<1, Int>,
    /// First row of each window, `[W]`.
    pub first_rows: Tensor<1, Int>,
}

impl ModelInput {
    /// Uploads `batch` for a model of `skills` skills.
    pub fn new(batch: &RaggedBatch, skills: usize, device: &Device) -> Self {
        let ints = |values: Vec<i32>| {
            let len = values.len();
            Tensor::<1, Int>::from_data(TensorData::new(values, [len]), device)
        };
        let token = batch.skill.iter().zip(&batch.response).map(|(&q, &r)| (q as usize + skills * r as usize) as i32);
        let copy = |values: &[u32]| ints(values.iter().map(|&v| v as i32).collect());
        Self {
            rows: Ragged::new(&batch.offsets, device),
            token: ints(token.collect()),
            skill: copy(&batch.skill),
            next_skill: copy(&batch.next_skill),
            position: copy(&batch.position),
            first_rows: copy(&batch.offsets[..batch.windows()]),
        }
    }
}

/// Hands each dropout of a forward pass its own place, counted in the order they are passed.
#[derive(Debug, Clone)]
pub struct DropoutSites {
    probability: f32,
    seed: u64,
    step: u64,
    next: u32,
}

impl DropoutSites {
    /// Dropout of training step `step`.
    pub fn training(probability: f64, seed: u64, step: u64) -> Self {
        Self { probability: probability as f32, seed, step, next: 0 }
    }

    /// No dropout.
    pub fn evaluation() -> Self {
        Self::training(0.0, 0, 0)
    }

    /// The next place's dropout.
    pub fn site(&mut self) -> Dropout {
        self.next += 1;
        if self.probability > 0.0 {
            Dropout::new(self.probability, self.seed, self.step, self.next)
        } else {
            Dropout::OFF
        }
    }
}
