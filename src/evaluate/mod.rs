//! How good and how honest a model is (SPEC §5): AUC, accuracy, consistency, correlations, trajectories.

mod infer;
mod measure;
mod metrics;
mod trajectory;

pub use infer::{Inference, WindowOutcome, infer};
pub use measure::{Measure, global_alignment, measure};
pub use metrics::{accuracy, auc, correlation, cumulative_mastery, stratified_sample};
pub use trajectory::{Step, Trajectory, trajectory};
