//! What training minimises: the loss terms of a step (SPEC §3) and the controller that changes their weights
//! from epoch to epoch (SPEC §4).

mod alignment;
mod controller;
mod correlation;
mod statistics;
mod terms;

pub use alignment::AlignmentTargets;
pub use controller::{Controller, ControllerSettings, EpochResult, EpochSettings};
pub use correlation::PearsonGroups;
pub use statistics::{pearson, residual};
pub use terms::{Objective, TERMS, Targets, Terms};
