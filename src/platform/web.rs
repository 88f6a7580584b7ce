//! The browser's clock and event loop.

/// Lets the worker's messages be handled before the next step.
pub async fn yield_now() {
    futures_lite::future::yield_now().await;
}

/// Seconds since 1970 as text; the page formats dates itself.
pub fn utc_stamp() -> String {
    let now = web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH);
    now.map_or(0, |t| t.as_secs()).to_string()
}
