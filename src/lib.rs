//! gainakt: trains, evaluates and shows GainAKT2Exp, an interpretable knowledge-tracing transformer.
pub mod config;
pub mod data;
pub mod error;
pub mod ops;
pub mod pyjson;

pub use error::{Error, Result};
