//! The worker's thread: the service, its messages, and files sent to it.

use std::path::Path;

use async_channel::Sender;
use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::error::{Error, Result};
use crate::experiment::File;
use crate::platform::{self, files};
use crate::service::{Event, EventSender, FilePurpose, Request, pack, serve, unpack};

/// The first message of a worker: from now on it takes requests.
pub(super) const READY: &str = "ready";

/// Restores what was kept in this browser, then serves the page's questions.
pub(super) fn start(scope: DedicatedWorkerGlobalScope) {
    let panicked = scope.clone();
    std::panic::set_hook(Box::new(move |info| {
        // The page is told why its worker is gone, and starts another.
        let _ = panicked.post_message(&JsString::from(info.to_string()));
    }));
    spawn_local(async move {
        let restored = platform::restore().await.and_then(|()| drop_unused_data());
        let (requests, incoming) = async_channel::unbounded();
        let (events, outgoing) = async_channel::unbounded();
        let events = EventSender::new(events, || {});
        listen(&scope, requests, events.clone());
        // A worker that cannot send messages is of no use; the page notices by itself.
        let _ = scope.post_message(&JsString::from(READY));
        if let Err(error) = restored {
            let doing = "reading what is stored in this browser".to_owned();
            events.send(Event::Failed { doing, problem: error.to_string() });
        }
        spawn_local(serve(incoming, events));
        while let Ok(event) = outgoing.recv().await {
            let sent = pack(&event).map(|bytes| post(&scope, &bytes));
            if let Err(error) = sent {
                let _ = scope.post_message(&JsString::from(error.to_string()));
            }
        }
    });
}

/// Removes data files that no run names: they were looked at once, or their runs are deleted.
fn drop_unused_data() -> Result<()> {
    let [runs, data] = files::KEPT.map(Path::new);
    if !files::is_dir(data) {
        return Ok(());
    }
    let mut configs = String::new();
    for run in files::list_dirs(runs).unwrap_or_default() {
        configs += &files::read_text(&runs.join(run).join(File::Config.name())).unwrap_or_default();
    }
    for name in files::list(data)? {
        let path = data.join(&name);
        let named = serde_json::json!(path.to_string_lossy()).to_string();
        if !configs.contains(&named) {
            files::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Posts bytes; their memory is transferred, not copied.
fn post(scope: &DedicatedWorkerGlobalScope, bytes: &[u8]) {
    let bytes = Uint8Array::from(bytes);
    let _ = scope.post_message_with_transfer(&bytes, &Array::of1(&bytes.buffer()));
}

fn listen(scope: &DedicatedWorkerGlobalScope, incoming: Sender<Request>, events: EventSender) {
    let heard: Closure<dyn FnMut(MessageEvent)> = Closure::new(move |event: MessageEvent| {
        let data = event.data();
        if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
            match unpack::<Request>(&bytes.to_vec()) {
                Ok(ask) => drop(incoming.try_send(ask)),
                Err(error) => failed(&events, "hearing the page", &error),
            }
            return;
        }
        let (incoming, events) = (incoming.clone(), events.clone());
        spawn_local(async move {
            match read(&data).await {
                Ok(take) => drop(incoming.try_send(take)),
                Err(error) => failed(&events, "reading the file", &error),
            }
        });
    });
    scope.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
}

fn failed(events: &EventSender, doing: &str, error: &Error) {
    events.send(Event::Failed { doing: doing.to_owned(), problem: error.to_string() });
}

/// A file and what it is for, as [`handed`] put them together, read into memory.
async fn read(data: &JsValue) -> Result<Request> {
    let part = |name: &str| Reflect::get(data, &JsValue::from_str(name)).ok();
    let file: Option<web_sys::File> = part("file").and_then(|f| f.dyn_into().ok());
    let purpose = part("purpose").and_then(|p| p.as_string()).unwrap_or_default();
    let Some(file) = file else { return Err(Error::Request("no file came with the message".to_owned())) };
    let name = file.name();
    let content = JsFuture::from(file.array_buffer()).await.map_err(|_| {
        Error::data(&name, "the browser could not read it; folders cannot be dropped, zip a run's folder first")
    })?;
    let bytes = Uint8Array::new(&content).to_vec();
    let purpose = serde_json::from_str(&purpose).unwrap_or(FilePurpose::Open);
    Ok(Request::Take { name, bytes, purpose })
}

/// A file, unread, and what it is for, as a message to the worker.
pub(super) fn handed(file: &web_sys::File, purpose: FilePurpose) -> JsValue {
    let message = js_sys::Object::new();
    let purpose = serde_json::to_string(&purpose).unwrap_or_default();
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&message, &JsValue::from_str("file"), file);
    let _ = Reflect::set(&message, &JsValue::from_str("purpose"), &JsValue::from_str(&purpose));
    message.into()
}
