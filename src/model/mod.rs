//! GainAKT2Exp (SPEC §2) on ragged rows: a fixed sequence of kernels over one flat array of parameters.

mod config;
mod dropout_sites;
mod gainakt;
mod inspection;
mod layout;
mod network;
mod work;

pub use config::ModelConfig;
pub use dropout_sites::DropoutSites;
pub use gainakt::{GainAkt, HeadsOutput, Output, RowStats};
pub use inspection::Inspection;
pub use layout::{Layout, Parameter, Weights};
pub use network::TrainingStep;
