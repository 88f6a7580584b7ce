//! The front door's end of the workshop: questions out, answers in.

use std::time::Duration;

use async_channel::{Receiver, Sender};

use crate::platform::Instant;
use crate::workshop::{Ask, Tell};

/// A line to the workshop.
#[derive(Debug, Clone)]
pub struct Link {
    asks: Sender<Ask>,
    tells: Receiver<Tell>,
}

impl Link {
    /// A line over these channels.
    pub fn new(asks: Sender<Ask>, tells: Receiver<Tell>) -> Self {
        Self { asks, tells }
    }

    /// Asks; the answer comes with one of the next frames.
    pub(super) fn ask(&self, ask: Ask) {
        // A workshop that is gone shows in `alive`.
        let _ = self.asks.try_send(ask);
    }

    /// The next answer that has come in.
    pub(super) fn heard(&self) -> Option<Tell> {
        self.tells.try_recv().ok()
    }

    /// The next answer, if one comes in before `deadline`; in a browser only what has come in already.
    pub(super) fn heard_until(&self, deadline: Instant) -> Option<Tell> {
        loop {
            let heard = self.heard();
            if heard.is_some() || cfg!(target_arch = "wasm32") || Instant::now() >= deadline {
                return heard;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// Whether anybody is there to answer.
    pub(super) fn alive(&self) -> bool {
        !self.tells.is_closed()
    }
}
