//! Times of some steps, of ours and of the peer's.

use serde::Serialize;

/// Times of some steps.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Times {
    /// Middle, smallest and largest milliseconds of a step.
    pub median_ms: f64,
    pub min_ms: f64,
    pub max_ms: f64,
    /// Interactions of a step, and a second.
    pub interactions_per_step: usize,
    pub interactions_per_s: f64,
}
