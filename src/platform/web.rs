//! The browser's event loop.

/// Lets the worker's messages be handled before the next step: a timer, since microtasks run before them.
pub async fn yield_now() {
    gloo_timers::future::TimeoutFuture::new(0).await;
}
