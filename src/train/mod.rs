//! The training run.

mod optimizer;

pub use optimizer::{Adam, AdamConfig};
