//! Whether predicted chances mean what they say.

use serde::{Deserialize, Serialize};

/// Even bins of predicted chance: the usual number (Guo et al. 2017).
const BINS: usize = 15;

/// Predictions of about the same chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Predictions.
    pub count: u32,
    /// Sum of the predicted chances.
    chances: f64,
    /// Correct answers.
    correct: f64,
}

impl Bin {
    /// Mean predicted chance; not a number in an empty bin.
    pub fn predicted(&self) -> f64 {
        self.chances / f64::from(self.count)
    }

    /// Share of correct answers; not a number in an empty bin.
    pub fn share_correct(&self) -> f64 {
        self.correct / f64::from(self.count)
    }
}

/// Predictions in bins: answers predicted with a chance of about p should be right in about p of the cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Bins of predicted chance, from 0 to 1.
    pub bins: [Bin; BINS],
}

impl Calibration {
    /// Adds one prediction and its outcome.
    pub fn add(&mut self, chance: f64, correct: bool) {
        let bin = &mut self.bins[((chance * BINS as f64) as usize).min(BINS - 1)];
        bin.count += 1;
        bin.chances += chance;
        bin.correct += f64::from(u8::from(correct));
    }

    /// Expected calibration error: the mean distance of mean chance and share correct, weighted by count (Naeini, Cooper &
    /// Hauskrecht 2015). `None` of nothing.
    pub fn error(&self) -> Option<f64> {
        let count: u32 = self.bins.iter().map(|b| b.count).sum();
        let sum: f64 = self.bins.iter().map(|b| (b.chances - b.correct).abs()).sum();
        (count > 0).then(|| sum / f64::from(count))
    }
}

/// The calibration error of these predictions ([`Calibration::error`]).
pub fn calibration_error(chances: &[f64], correct: &[bool]) -> Option<f64> {
    let mut calibration = Calibration::default();
    chances.iter().zip(correct).for_each(|(&chance, &correct)| calibration.add(chance, correct));
    calibration.error()
}
