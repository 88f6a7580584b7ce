//! What differs between a native program and a browser: device, files, clock, threads.

pub mod device;
#[cfg(not(target_arch = "wasm32"))]
pub mod files;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use native::{spawn_owner, utc_stamp, yield_now};
#[cfg(target_arch = "wasm32")]
pub use web::{utc_stamp, yield_now};

pub use web_time::Instant;
