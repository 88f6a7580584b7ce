//! The window's and the page's connection to the service: requests out, events in.

use std::time::Duration;

use async_channel::{Receiver, Sender};

use crate::platform::Instant;
use crate::service::{Event, Request};

/// A connection to the service.
#[derive(Debug, Clone)]
pub struct Client {
    requests: Sender<Request>,
    events: Receiver<Event>,
}

impl Client {
    /// A connection over these channels.
    pub fn new(requests: Sender<Request>, events: Receiver<Event>) -> Self {
        Self { requests, events }
    }

    /// Sends a request; what it brings comes as events, in one of the next frames.
    pub(super) fn send(&self, request: Request) {
        // A service that is gone shows in `alive`.
        let _ = self.requests.try_send(request);
    }

    /// The next event that has come in.
    pub(super) fn next_event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// The next event, if one comes in before `deadline`; in a browser only what has come in already.
    pub(super) fn next_event_until(&self, deadline: Instant) -> Option<Event> {
        loop {
            let event = self.next_event();
            if event.is_some() || cfg!(target_arch = "wasm32") || Instant::now() >= deadline {
                return event;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// Whether the service is still there.
    pub(super) fn alive(&self) -> bool {
        !self.events.is_closed()
    }
}
