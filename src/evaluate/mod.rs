//! How good and how honest a model is (SPEC §5): AUC, accuracy, consistency, correlations, trajectories.

mod metrics;

pub use metrics::{accuracy, auc, cumulative_mastery, stratified_sample};
