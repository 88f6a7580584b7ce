//! Native threads.

use std::thread::JoinHandle;

use crate::error::{Error, Result};

/// Starts a thread that runs `task` to the end.
///
/// # Errors
/// The system refuses a thread.
pub fn spawn_owner<T, F>(name: &str, task: impl FnOnce() -> F + Send + 'static) -> Result<JoinHandle<T>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || futures_lite::future::block_on(task()))
        .map_err(|e| Error::Device(format!("no thread for training: {e}")))
}

/// Lets others run; native threads need no help.
pub async fn yield_now() {}

/// Most memory this process ever held, in bytes; `None` where the system does not tell (only Linux does here).
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    kilobytes.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb * 1024)
}

/// Operating system, architecture, processor and threads, for the record.
pub fn system() -> serde_json::Value {
    serde_json::json!({
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "cpu": cpu_name(),
        "threads": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    })
}

/// The processor's name; `None` where the system does not tell (only Linux does here).
fn cpu_name() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|l| l.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
