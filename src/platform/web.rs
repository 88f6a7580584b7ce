//! The browser's event loop.

use wasm_bindgen::prelude::wasm_bindgen;

use super::Task;
use crate::error::Result;

#[wasm_bindgen]
extern "C" {
    /// Waits until the messages that have arrived by now are handled (`web/page.js`).
    #[wasm_bindgen(js_namespace = gainakt, js_name = yieldNow)]
    async fn yield_to_messages();
}

/// Starts `work` on the event loop.
///
/// # Errors
/// None here.
pub fn spawn_task<T, F>(_: &str, work: impl FnOnce() -> F + 'static) -> Result<Task<T>>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let (end, task) = Task::new();
    wasm_bindgen_futures::spawn_local(async move {
        // Nobody may be waiting any more.
        let _ = end.try_send(Ok(work().await));
    });
    Ok(task)
}

/// Lets the worker's messages be handled before the next step.
pub async fn yield_now() {
    yield_to_messages().await;
}

/// Most memory this process ever held: a browser does not tell.
pub fn peak_memory() -> Option<u64> {
    None
}

/// Where the program runs, for the record; browsers do not name the processor.
pub fn system() -> serde_json::Value {
    serde_json::json!({ "os": "browser", "architecture": "wasm32", "cpu": null, "threads": 1 })
}
