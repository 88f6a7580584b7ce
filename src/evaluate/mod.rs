//! How good and how honest a model is (MODEL §5): AUC, accuracy, consistency, correlations, trajectories.

mod baselines;
mod calibration;
mod certainty;
mod class;
mod class_report;
mod honesty;
mod infer;
mod inspection;
mod items;
mod measure;
mod metrics;
mod parts;
mod scores;
mod sentences;
mod survey;
mod trajectory;

pub use baselines::{Baseline, SkillTracing, baselines, observe};
pub use calibration::{Bin, Calibration, calibration_error};
pub use certainty::{BandCoverage, Coverage, ErrorByPractice, WhatIfOutcome, band};
pub use class::{ClassOrder, ClassQuartiles, class_quartiles};
pub use class_report::{ClassReport, CurvePoint, SkillReport, class_report, wilson};
pub use honesty::{
    Agreement, Honesty, Opportunity, Reliability, Score, agreement, by_observed_rate, by_opportunity, by_prediction,
    honesty,
};
pub use infer::{HeadsOutcome, WholeAnswer, WindowOutcome, infer};
pub use inspection::{inspect, inspect_with_deviations};
pub use items::{ItemFit, ItemReport, ItemSummary, item_report, item_summary, items_csv};
pub use measure::{Measure, global_alignment, measure, truth_correlation};
pub use metrics::{accuracy, auc, correlation, cumulative_mastery, stratified_sample};
pub use parts::{evaluate_parts, evaluate_sliding, final_part, parts};
pub use scores::{TruthAgreement, TruthOf, cross_entropy, truth_of, within_skills};
pub use sentences::{
    SkillRow, answer_sentences, chance_on_average_item, difficulty_words, outcome_word, percent, percent_between,
    skill_rows, student_sentences,
};
pub use survey::{MASTERED, Standing, StudentSummary, part_of, survey, windows_by_student};
pub use trajectory::{Trajectory, TrajectoryStep, check_student, practice, trace_answers, trajectory};
