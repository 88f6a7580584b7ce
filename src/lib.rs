//! gainakt: trains, evaluates and shows GainAKT2Exp, an interpretable knowledge-tracing transformer.
//!
//! One core behind terminal, window and page. Modules use one another in one direction:
//! `app → service → experiment → train → evaluate, objective → model → ops` (`cli` stands beside `app`),
//! with `config` and `data` below them; `platform`, `error` and `pyjson` serve all.

#[cfg(all(feature = "burn", target_arch = "wasm32"))]
compile_error!("the page has no burn in it: build it with --no-default-features, or by `trunk build --release`");

pub mod app;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod config;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod experiment;
pub mod model;
pub mod objective;
pub mod ops;
pub mod platform;
pub mod pyjson;
pub mod service;
pub mod train;

pub use error::{Error, Result};
