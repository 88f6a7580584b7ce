//! GainAKT2Exp (SPEC §2) on ragged rows.
//!
//! Field names are those of the PyTorch state dict, so that a parameter's path is its name there.

mod block;
mod gainakt;
mod input;
mod layers;
mod weights;

pub use gainakt::{GainAkt, Heads, ModelConfig, Output};
pub use input::{DropoutSites, ModelInput};
pub(crate) use weights::update_parameters;
pub use weights::{Weights, gradients, parameter_count, parameters, read_parameters, to_host, write_parameters};
