//! All that the service holds: what is open, what is looked at, and the run under way.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use async_channel::Sender;

use super::answers::Survey;
use super::background::Readings;
use super::opened::OpenedModel;
use super::protocol::{Event, Request, TrainRequest};
use crate::data::Corpus;
use crate::error::{Error, Result};
use crate::evaluate::ClassReport;
use crate::experiment::{RunFolder, RunLines, Session};
use crate::platform::{Task, files};
use crate::train::Results;

/// Where events are sent.
#[derive(Clone)]
pub struct EventSender {
    events: Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for EventSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventSender")
    }
}

impl EventSender {
    /// Sends into `events` and calls `wake` after each event, so that the window or page looks for it.
    pub fn new(events: Sender<Event>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { events, wake: Arc::new(wake) }
    }

    /// Sends an event.
    pub fn send(&self, event: Event) {
        // A window or page that is gone is noticed by its closed channel of requests.
        let _ = self.events.try_send(event);
        (self.wake)();
    }
}

/// All that the service holds.
pub(super) struct Service {
    pub events: EventSender,
    pub opened: Option<OpenedModel>,
    /// The student followed, and one to compare with.
    pub followed: Option<(u32, Option<u32>)>,
    pub survey: Option<Survey>,
    /// A survey is wanted again once the one under way is done.
    pub survey_again: bool,
    pub training: Option<Training>,
    /// A task that asks a copy of the open model about the class.
    pub reporting: Option<Task<Result<ClassReport>>>,
    /// Tasks that read files.
    pub(super) readings: Readings,
    /// A task that completes the folder of a finished run.
    pub completing: Option<Task<Result<()>>>,
    pub(super) waiting: VecDeque<Request>,
    /// Whether what was written last could not be stored: this is reported once.
    pub(super) unstored: bool,
}

/// A run and what is written down of it.
pub(super) struct Training {
    pub session: Session,
    pub(super) corpus: Arc<Corpus>,
    pub(super) order: TrainRequest,
    pub(super) folder: RunFolder,
    pub(super) lines: RunLines,
    pub(super) log: files::Log,
    pub(super) results: Option<Box<Results>>,
    /// Times the device failed since an epoch was finished.
    pub(super) failures: u8,
}

impl Training {
    /// The run's folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Service {
    pub(super) fn failed(&self, doing: &str, error: &Error) {
        self.events.send(Event::Failed { doing: doing.to_owned(), problem: error.to_string() });
    }
}
