//! Native threads.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Task;
use crate::error::{Error, Result};

/// Starts a thread that runs `work` to its end.
///
/// # Errors
/// The system refuses a thread.
pub fn spawn_task<T, F>(name: &str, work: impl FnOnce() -> F + Send + 'static) -> Result<Task<T>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (end, task) = Task::new();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| futures_lite::future::block_on(work())));
            // Nobody may be waiting any more.
            let _ = end.try_send(outcome.map_err(|panic| reason(&*panic)));
        })
        .map_err(|e| Error::Device(format!("no thread for {name}: {e}")))?;
    Ok(task)
}

/// The message of a panic.
fn reason(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason given").to_owned()
}

/// Lets others run; native threads need no help.
pub async fn yield_now() {}

/// Stores what was written where files do not outlast the program; natively they do.
///
/// # Errors
/// None here.
pub async fn store_changes() -> Result<()> {
    Ok(())
}

/// Most memory this process ever held, in bytes; `None` but on Linux: sysinfo tells only what is held now.
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

/// The processor's name; `None` where the system does not tell.
fn cpu_name() -> Option<String> {
    let what = sysinfo::RefreshKind::nothing().with_cpu(sysinfo::CpuRefreshKind::nothing());
    let system = sysinfo::System::new_with_specifics(what);
    let name = system.cpus().first()?.brand().trim().to_owned();
    (!name.is_empty()).then_some(name)
}
