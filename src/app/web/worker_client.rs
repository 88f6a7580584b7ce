//! The page's connection to its worker, and a new worker where one fails or does not obey an order to stop.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use eframe::egui;
use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, MessageEvent, Worker};

use super::{browser, worker};
use crate::platform::Instant;
use crate::service::{Event, FilePurpose, Request, Source, pack, unpack};
use crate::train::{Command, Message};

/// How long a run may take to end once it was told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// Workers that may fail within [`FAILURE_WINDOW`] before the page gives up.
const MAX_FAILURES: usize = 3;
const FAILURE_WINDOW: Duration = Duration::from_secs(20);

/// What the page must know to put a new worker in the place of one that is gone.
#[derive(Default)]
struct Known {
    /// What is open.
    source: Option<Source>,
    /// The run under way, and whether an epoch of it is kept.
    run: Option<(PathBuf, bool)>,
}

/// The connection to the worker.
pub(super) struct WorkerClient {
    worker: RefCell<Worker>,
    ready: Cell<bool>,
    /// What is to be sent once the worker is ready.
    waiting: RefCell<Vec<JsValue>>,
    known: RefCell<Known>,
    failures: RefCell<Vec<Instant>>,
    /// Counts workers: messages of a replaced worker are ignored.
    generation: Cell<u32>,
    events: Sender<Event>,
    ctx: egui::Context,
}

thread_local! {
    /// The page's client: files picked in a dialog are handed to it.
    static WORKER_CLIENT: RefCell<Option<Rc<WorkerClient>>> = const { RefCell::new(None) };
}

/// Has a person choose a file and hands it to the worker.
pub(in crate::app) fn pick(accept: &str, purpose: FilePurpose) {
    browser::pick(accept, move |file| hand(&file, purpose));
}

fn hand(file: &File, purpose: FilePurpose) {
    if let Some(client) = WORKER_CLIENT.with_borrow(Clone::clone) {
        client.post(worker::handed(file, purpose));
    }
}

impl WorkerClient {
    /// Starts the worker; questions go into the sender, answers come out of the receiver.
    pub(super) fn start(ctx: &egui::Context) -> (Sender<Request>, Receiver<Event>) {
        let (requests, questions) = async_channel::unbounded();
        let (events, answers) = async_channel::unbounded();
        let client = Rc::new(Self {
            worker: RefCell::new(browser::start_worker()),
            ready: Cell::new(false),
            waiting: RefCell::default(),
            known: RefCell::default(),
            failures: RefCell::default(),
            generation: Cell::new(0),
            events,
            ctx: ctx.clone(),
        });
        client.clone().listen();
        WORKER_CLIENT.set(Some(client.clone()));
        browser::on_drop(|file| hand(&file, FilePurpose::Open));
        spawn_local(async move {
            while let Ok(request) = questions.recv().await {
                client.clone().send(&request);
            }
        });
        (requests, answers)
    }

    fn send(self: Rc<Self>, request: &Request) {
        if let Request::Open(source @ (Source::Embedded(_) | Source::Run(_))) = request {
            self.known.borrow_mut().source = Some(source.clone());
        }
        match pack(request) {
            Ok(bytes) => self.post(Uint8Array::from(&bytes[..]).into()),
            Err(error) => self.emit(Event::Failed { doing: "asking".to_owned(), problem: error.to_string() }),
        }
        if *request == Request::Command(Command::Stop) {
            let stopping = self.run_folder();
            spawn_local(async move {
                gloo_timers::future::sleep(STOP_PATIENCE).await;
                if stopping.is_some() && self.run_folder() == stopping {
                    self.replace(None);
                }
            });
        }
    }

    /// The folder of the run under way.
    fn run_folder(&self) -> Option<PathBuf> {
        self.known.borrow().run.as_ref().map(|(folder, _)| folder.clone())
    }

    fn post(&self, message: JsValue) {
        if !self.ready.get() {
            self.waiting.borrow_mut().push(message);
            return;
        }
        let transfer = message.dyn_ref::<Uint8Array>().map_or_else(Array::new, |b| Array::of1(&b.buffer()));
        // A worker that is gone says so by its error event.
        let _ = self.worker.borrow().post_message_with_transfer(&message, &transfer);
    }

    fn emit(&self, event: Event) {
        let _ = self.events.try_send(event);
        self.ctx.request_repaint();
    }

    fn listen(self: Rc<Self>) {
        let worker = self.worker.borrow().clone();
        let client = self.clone();
        let generation = self.generation.get();
        let heard: Closure<dyn FnMut(MessageEvent)> = Closure::new(move |event: MessageEvent| {
            if client.generation.get() == generation {
                client.clone().handle(&event.data());
            }
        });
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let failed: Closure<dyn FnMut(JsValue)> = Closure::new(move |event: JsValue| {
            let text = Reflect::get(&event, &JsValue::from_str("message")).ok().and_then(|m| m.as_string());
            if self.generation.get() == generation {
                self.clone().replace(Some(&text.unwrap_or_else(|| "it could not be started".to_owned())));
            }
        });
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        heard.forget();
        failed.forget();
    }

    fn handle(self: Rc<Self>, data: &JsValue) {
        if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
            match unpack::<Event>(&bytes.to_vec()) {
                Ok(event) => {
                    self.note(&event);
                    self.emit(event);
                }
                Err(error) => {
                    self.emit(Event::Failed { doing: "hearing the worker".to_owned(), problem: error.to_string() })
                }
            }
        } else if let Some(text) = data.dyn_ref::<JsString>().map(String::from) {
            match text == worker::READY {
                true => {
                    self.ready.set(true);
                    self.waiting.take().into_iter().for_each(|message| self.post(message));
                }
                false => self.replace(Some(&text)),
            }
        } else {
            let part = |name: &str| Reflect::get(data, &JsValue::from_str(name)).ok();
            if let Some(count) = part("requests").and_then(|n| n.as_f64()) {
                browser::worker_requests(count as u32);
                self.ctx.request_repaint();
            } else if let Some(what) = part("failed").and_then(|f| f.as_string()) {
                browser::fail("The part of the page that computes could not be started.", &what);
            }
        }
    }

    fn note(&self, event: &Event) {
        let mut known = self.known.borrow_mut();
        match event {
            Event::RunBegan { folder, history } => known.run = Some((folder.clone(), !history.is_empty())),
            Event::Run(message) => {
                if let (Message::Epoch(_), Some((_, kept))) = (&**message, &mut known.run) {
                    *kept = true;
                }
            }
            Event::RunEnded(_) => known.run = None,
            _ => {}
        }
    }

    /// Ends the worker and starts another, which opens what was open; a run goes back to its last finished epoch.
    /// `reason` tells why it failed, where it did.
    fn replace(self: Rc<Self>, reason: Option<&str>) {
        self.worker.borrow().terminate();
        if let Some(reason) = reason {
            let mut failures = self.failures.borrow_mut();
            failures.retain(|since| since.elapsed() < FAILURE_WINDOW);
            failures.push(Instant::now());
            if failures.len() > MAX_FAILURES {
                browser::fail("The part of the page that computes keeps failing.", reason);
                return;
            }
        }
        self.generation.set(self.generation.get() + 1);
        self.ready.set(false);
        self.waiting.borrow_mut().clear();
        *self.worker.borrow_mut() = browser::start_worker();
        self.clone().listen();
        let Known { source, run } = self.known.take();
        let ended = match reason {
            Some(reason) => {
                Err(format!("the part of the page that computes failed ({reason}); finished epochs are kept"))
            }
            None => Ok("stopped; its last finished epoch is kept".to_owned()),
        };
        match (&run, ended) {
            (Some(_), ended) => self.emit(Event::RunEnded(ended)),
            (None, Err(problem)) => self.emit(Event::Failed { doing: "the last action".to_owned(), problem }),
            (None, Ok(_)) => {}
        }
        let source = match run {
            Some((folder, true)) => Source::Run(folder),
            _ => source.unwrap_or(Source::EMBEDDED),
        };
        self.emit(Event::Busy(String::new()));
        self.send(&Request::Open(source));
    }
}
