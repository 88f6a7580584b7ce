//! A task that runs beside its starter, and how it is waited for.

use async_channel::{Receiver, Sender};

use crate::error::{Error, Result};

/// A task under way: on a thread of its own natively, on the event loop in a browser.
#[derive(Debug)]
pub struct Task<T> {
    outcome: Receiver<std::result::Result<T, String>>,
}

impl<T> Task<T> {
    /// The task's end, to be told its result or what it panicked with, and the starter's.
    pub(super) fn new() -> (Sender<std::result::Result<T, String>>, Self) {
        let (end, outcome) = async_channel::bounded(1);
        (end, Self { outcome })
    }

    /// Waits for the task's result.
    ///
    /// # Errors
    /// The task panicked.
    pub async fn join(&self) -> Result<T> {
        match self.outcome.recv().await {
            Ok(outcome) => outcome.map_err(Error::Panicked),
            Err(_) => Err(Error::Panicked("it ended without a result".to_owned())),
        }
    }
}
