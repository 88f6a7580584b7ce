//! What differs between a native program and a browser: device, files, clock, threads.

pub mod device;
#[cfg(not(target_arch = "wasm32"))]
pub mod files;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod owner;
#[cfg(target_arch = "wasm32")]
mod storage;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod tree;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use native::{peak_memory, spawn_owner, store_changes, system, yield_now};
#[cfg(target_arch = "wasm32")]
pub use storage::{restore, store_changes};
#[cfg(target_arch = "wasm32")]
pub use tree as files;
#[cfg(target_arch = "wasm32")]
pub use web::{peak_memory, spawn_owner, system, yield_now};

pub use owner::Owner;
pub use web_time::Instant;

/// The time in UTC as `YYYYMMDD_HHMMSS`.
pub fn utc_stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d_%H%M%S").to_string()
}
