//! What training minimises: the loss weights of a step (SPEC §3) and the controller that changes them from epoch
//! to epoch (SPEC §4). The terms themselves are kernels (`ops`).

mod alignment;
mod controller;
mod statistics;
mod terms;

pub use controller::{Controller, ControllerSettings, EpochResult, EpochSettings};
pub use statistics::{pearson, residual};
pub use terms::Objective;
