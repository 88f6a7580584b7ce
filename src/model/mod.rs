//! The models: an encoder both share, one folder an architecture for what follows it ([`gainakt2exp`], [`evidence`]),
//! and [`Model`], all that training, evaluation and the service need of any of them.

mod architectures;
#[cfg(feature = "burn")]
pub mod burn;
mod config;
mod dropout_sites;
mod encoder;
pub mod evidence;
pub mod gainakt2exp;
mod inspection;
mod layout;
#[allow(clippy::module_inception)]
mod model;
mod network;
mod network_reads;
mod network_what_if;
mod parameters;
mod pass;
mod question;
mod row_stats;
mod shaders;

pub use architectures::Losses;
pub use config::ModelConfig;
pub use dropout_sites::DropoutSites;
pub use inspection::Inspection;
pub use layout::Layout;
pub use model::{HeadsOutput, Model, Output, RowStats};
pub use network::{LogPlace, TrainingStep};
pub use parameters::{Parameter, Start, Weights};
pub use question::{Question, WhatIf};
pub use row_stats::{Cells, GAIN_SCALE, RowStat, RowStatKernels};
pub use shaders::shader_sources;
