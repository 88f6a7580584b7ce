//! gainakt: trains, evaluates and shows GainAKT2Exp, an interpretable knowledge-tracing transformer.
pub mod config;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod model;
pub mod objective;
pub mod ops;
pub mod platform;
pub mod pyjson;
pub mod train;

pub use error::{Error, Result};
