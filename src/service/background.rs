//! Reading that takes seconds, each kind in a task of its own: the service goes on taking requests meanwhile.

use futures_lite::future::or;

use super::protocol::Event;
use crate::error::Result;
use crate::platform::{Task, spawn_task};

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Everything about one run, its checklist tried.
    Run,
    /// Two runs side by side.
    Pair,
    /// A data file.
    Data,
}

impl Reading {
    /// What is being done, in words.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Run => "reading the run",
            Self::Pair => "comparing the runs",
            Self::Data => "reading the data",
        }
    }
}

/// The tasks under way, at most one of a kind.
#[derive(Debug, Default)]
pub(super) struct Readings {
    tasks: [Option<Task<Result<Event>>>; 3],
}

impl Readings {
    /// Starts a task whose result is an event. The result of an earlier one of its kind is no longer of interest.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn start(
        &mut self,
        reading: Reading,
        work: impl FnOnce() -> Result<Event> + Send + 'static,
    ) -> Result<()> {
        self.tasks[reading as usize] = Some(spawn_task("gainakt-reading", move || async move { work() })?);
        Ok(())
    }

    /// Waits for the next result.
    pub(super) async fn next(&self) -> (Reading, Result<Event>) {
        let of = async |reading| (reading, outcome(&self.tasks[reading as usize]).await);
        or(or(of(Reading::Run), of(Reading::Pair)), of(Reading::Data)).await
    }

    /// Forgets a task whose result was taken.
    pub(super) fn done(&mut self, reading: Reading) {
        self.tasks[reading as usize] = None;
    }
}

/// The result of a task; where there is none, this never ends.
pub(super) async fn outcome<T>(task: &Option<Task<Result<T>>>) -> Result<T> {
    match task {
        Some(task) => task.join().await.flatten(),
        None => std::future::pending().await,
    }
}
