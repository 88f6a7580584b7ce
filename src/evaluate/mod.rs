//! How good and how honest a model is (SPEC §5): AUC, accuracy, consistency, correlations, trajectories.

mod class;
mod infer;
mod inspection;
mod measure;
mod metrics;
mod parts;
mod sentences;
mod survey;
mod trajectory;

pub use class::{ClassCourse, ClassOrder, class_course};
pub use infer::{HeadsOutcome, WindowOutcome, infer};
pub use inspection::inspect;
pub use measure::{Measure, global_alignment, measure, truth_correlation};
pub use metrics::{accuracy, auc, correlation, cumulative_mastery, stratified_sample};
pub use parts::{evaluate_parts, parts};
pub use sentences::{SkillRow, answer_sentences, outcome_word, percent, skill_rows, student_sentences};
pub use survey::{Bin, Calibration, StudentSummary, part_of, survey, windows_by_student};
pub use trajectory::{Trajectory, TrajectoryStep, check_student, path, practice, trajectory};
