//! How good and how honest a model is (SPEC §5): AUC, accuracy, consistency, correlations, trajectories.

mod infer;
mod measure;
mod metrics;
mod parts;
mod trajectory;

pub use infer::{HeadsOutcome, WindowOutcome, infer};
pub use measure::{Measure, global_alignment, measure, truth_correlation};
pub use metrics::{accuracy, auc, correlation, cumulative_mastery, stratified_sample};
pub use parts::{evaluate_parts, parts};
pub(crate) use trajectory::csv_field;
pub use trajectory::{Step, Trajectory, trajectory};
