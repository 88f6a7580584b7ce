//! GainAKT2Exp (SPEC §2) on ragged rows: a fixed sequence of kernels over one flat array of parameters.

mod config;
mod dropout_sites;
mod gainakt;
mod layout;
mod moment;
mod network;
mod work;

pub use config::ModelConfig;
pub use dropout_sites::DropoutSites;
pub use gainakt::{GainAkt, HeadsOutput, Output, RowStats};
pub use layout::{Layout, Parameter, Weights};
pub use moment::Moment;
pub use network::Step;
