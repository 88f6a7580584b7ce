//! Learning-rate schedule and early stop on validation AUC (MODEL §4).

use serde::{Deserialize, Serialize};

/// Factor of the learning rate on a plateau.
const FACTOR: f64 = 0.5;
/// Epochs without a better value that are waited out.
const PATIENCE: usize = 5;
/// Relative rise that counts as better.
const THRESHOLD: f64 = 1e-4;

/// `ReduceLROnPlateau` (mode max) together with early stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Learning rate of the next epoch.
    pub learning_rate: f64,
    plateau_best: Option<f64>,
    bad_epochs: usize,
    /// Best value so far and its epoch. Where no epoch has a value (a validation fold with answers of one kind only has
    /// no AUC), the latest epoch counts as the best and has none.
    pub best: Option<(Option<f64>, usize)>,
}

impl Plateau {
    /// Starts with this learning rate.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, plateau_best: None, bad_epochs: 0, best: None }
    }

    /// Takes in an epoch's value; true where it is the best so far. Without a value the learning rate stays.
    pub fn update(&mut self, epoch: usize, value: Option<f64>) -> bool {
        let Some(value) = value else {
            let latest = self.best.is_none_or(|(best, _)| best.is_none());
            if latest {
                self.best = Some((None, epoch));
            }
            return latest;
        };
        if self.plateau_best.is_none_or(|best| value > best * (1.0 + THRESHOLD)) {
            self.plateau_best = Some(value);
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
            if self.bad_epochs > PATIENCE {
                self.learning_rate *= FACTOR;
                self.bad_epochs = 0;
            }
        }
        let better = self.best.and_then(|(best, _)| best).is_none_or(|best| value > best);
        if better {
            self.best = Some((Some(value), epoch));
        }
        better
    }

    /// Whether `patience` epochs passed without a better value.
    pub fn exhausted(&self, epoch: usize, patience: usize) -> bool {
        self.best.is_some_and(|(_, best)| epoch - best >= patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_after_more_than_five_bad_epochs_and_stops_after_patience() {
        let mut p = Plateau::new(1.0);
        assert!(p.update(1, Some(0.7)));
        for epoch in 2..=6 {
            // Better, but by less than the threshold: a best checkpoint, yet a bad epoch for the schedule.
            assert!(p.update(epoch, Some(0.7 + 1e-6 * epoch as f64)));
            assert_eq!(p.learning_rate, 1.0);
        }
        assert!(!p.update(7, Some(0.6)));
        assert_eq!(p.learning_rate, 0.5);
        assert!(!p.exhausted(9, 4) && p.exhausted(10, 4));
    }

    #[test]
    fn without_a_value_the_latest_epoch_counts() {
        let mut p = Plateau::new(1.0);
        for epoch in 1..20 {
            assert!(p.update(epoch, None));
            assert_eq!((p.best, p.learning_rate), (Some((None, epoch)), 1.0));
            assert!(!p.exhausted(epoch, 2));
        }
        assert!(p.update(20, Some(0.4)) && !p.update(21, None));
        assert_eq!(p.best, Some((Some(0.4), 20)));
    }
}
