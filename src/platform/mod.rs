//! What differs between a native program and a browser: device, files, clock, threads.

pub mod device;
#[cfg(not(target_arch = "wasm32"))]
pub mod files;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod memory_files;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod storage;
mod task;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(target_arch = "wasm32")]
pub use memory_files as files;
#[cfg(not(target_arch = "wasm32"))]
pub use native::{peak_memory, spawn_task, store_changes, system, yield_now};
#[cfg(target_arch = "wasm32")]
pub use storage::{restore, store_changes};
#[cfg(target_arch = "wasm32")]
pub use web::{peak_memory, spawn_task, system, yield_now};

pub use task::Task;
pub use web_time::Instant;

/// Whether this program runs in a browser.
pub const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

/// The time in UTC as `YYYYMMDD_HHMMSS`.
pub fn utc_stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d_%H%M%S").to_string()
}
