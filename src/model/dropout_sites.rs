//! Gives each dropout of a forward pass a number of its own, so that masks differ.

use crate::ops::Dropout;

/// The places of one pass, counted in the order they are met.
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
