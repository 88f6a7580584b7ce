//! The thread that draws the page: the window, the link in the address bar, and the text version for screen readers.

use std::time::Duration;

use async_channel::Receiver;
use eframe::egui;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlCanvasElement, UrlSearchParams, Window};

use super::browser;
use super::worker_client::WorkerClient;
use crate::app::{App, Client, Link};
use crate::error::{Error, Result};
use crate::platform::Instant;
use crate::platform::device::DeviceChoice;

/// Least time between two changes of the address bar; browsers refuse more than a hundred in half a minute.
const ADDRESS_PAUSE: Duration = Duration::from_millis(500);

/// Time between two updates of the text version.
const TEXT_PAUSE: Duration = Duration::from_millis(100);

/// Starts the page.
pub(super) fn start() {
    std::panic::set_hook(Box::new(|info| {
        browser::fail("The program failed. Please reload the page.", &info.to_string());
    }));
    spawn_local(async {
        if let Err(error) = open().await {
            browser::fail("The page could not be opened.", &error.to_string());
        }
    });
}

async fn open() -> Result<()> {
    let window = window()?;
    let canvas = window.document().and_then(|d| d.get_element_by_id("window"));
    let canvas: HtmlCanvasElement =
        canvas.and_then(|c| c.dyn_into().ok()).ok_or_else(|| broken("the page has no canvas"))?;
    let query = query(&window)?;
    let options = eframe::WebOptions { renderer: query.renderer, ..eframe::WebOptions::default() };
    let create = move |cc: &eframe::CreationContext<'_>| -> std::result::Result<Box<dyn eframe::App>, _> {
        Ok(Box::new(Page::new(cc, query.device)?) as Box<dyn eframe::App>)
    };
    eframe::WebRunner::new().start(canvas, options, Box::new(create)).await.map_err(|e| {
        broken(&format!("{e:?}; this browser may have WebGL 2 turned off, or no graphics adapter it trusts"))
    })
}

fn window() -> Result<Window> {
    web_sys::window().ok_or_else(|| broken("there is no browser window"))
}

fn broken(what: &str) -> Error {
    Error::Device(what.to_owned())
}

/// What the address asks for.
struct Query {
    device: DeviceChoice,
    renderer: eframe::Renderer,
}

fn query(window: &Window) -> Result<Query> {
    let search = window.location().search().unwrap_or_default();
    let values = UrlSearchParams::new_with_str(&search).map_err(|e| broken(&format!("{e:?}")))?;
    let unknown = |key: &str, value: &str, known: &str| {
        Error::Config(format!("the address says {key}={}; expected {known}", crate::error::quote(value)))
    };
    Ok(Query {
        device: match values.get("device").as_deref() {
            None | Some("auto") => DeviceChoice::Auto,
            Some("gpu") => DeviceChoice::Gpu,
            Some("cpu") => DeviceChoice::Cpu,
            Some(other) => return Err(unknown("device", other, "auto, gpu or cpu")),
        },
        renderer: match values.get("renderer").as_deref() {
            None | Some("webgl") => eframe::Renderer::Glow,
            Some("webgpu") => eframe::Renderer::Wgpu,
            Some(other) => return Err(unknown("renderer", other, "webgl or webgpu")),
        },
    })
}

/// The app in the page.
struct Page {
    app: App,
    window: Window,
    /// Whether the first full picture was shown.
    started: bool,
    /// The place in the address bar, and when it was put there.
    address: (Link, Instant),
    /// Receives a message when the address was changed: by Back, by Forward or by typing.
    moved: Receiver<()>,
    /// Buttons pressed in the text version.
    pressed: Receiver<String>,
    press: JsValue,
    text_version: (Vec<String>, Vec<String>),
    /// When the text version was looked at last.
    told: Instant,
}

impl Page {
    fn new(cc: &eframe::CreationContext<'_>, device: DeviceChoice) -> Result<Self> {
        let window = window()?;
        let (requests, events) = WorkerClient::start(&cc.egui_ctx);
        let mut app = App::new(&cc.egui_ctx, Client::new(requests, events), cc.storage);
        app.compute_on(device);
        if browser::reduced_motion() {
            cc.egui_ctx.all_styles_mut(|style| style.animation_time = 0.0);
        }
        let ctx = cc.egui_ctx.clone();
        let (move_to, moved) = async_channel::unbounded();
        let popped: Closure<dyn FnMut()> = Closure::new(move || {
            let _ = move_to.try_send(());
            ctx.request_repaint();
        });
        for event in ["popstate", "hashchange"] {
            // Without them Back does nothing; everything else works.
            let _ = window.add_event_listener_with_callback(event, popped.as_ref().unchecked_ref());
        }
        popped.forget();
        let ctx = cc.egui_ctx.clone();
        let (tx, pressed) = async_channel::unbounded();
        let press: Closure<dyn FnMut(String)> = Closure::new(move |button| {
            let _ = tx.try_send(button);
            ctx.request_repaint();
        });
        let press = press.into_js_value();
        let mut page = Self {
            app,
            window,
            started: false,
            address: (Link::default(), Instant::now()),
            moved,
            pressed,
            press,
            text_version: Default::default(),
            told: Instant::now(),
        };
        page.follow_address();
        page.app.offer_runs();
        Ok(page)
    }

    /// Goes where the address says.
    fn follow_address(&mut self) {
        let fragment = self.window.location().hash().unwrap_or_default();
        match Link::from_fragment(&fragment) {
            Ok(place) => {
                self.address = (place.clone(), Instant::now());
                self.app.go(place);
            }
            Err(problem) => {
                self.app.go(Link::default());
                self.app.add_error("The link could not be opened", &problem);
            }
        }
    }

    /// Keeps the address bar true: another view or student is a new entry to go back from, all else is not.
    fn keep_address(&mut self, ctx: &egui::Context) {
        if self.app.going() {
            return;
        }
        let place = self.app.place();
        let (before, since) = &self.address;
        if place == *before {
            return;
        }
        let fragment = format!("#{}", place.to_fragment());
        let step = (place.view, &place.student, &place.run) != (before.view, &before.student, &before.run);
        // The student chosen at the start is not a choice of the visitor: there is nothing to go back to.
        let first = before.student.is_none() && before.view == place.view;
        let Ok(history) = self.window.history() else { return };
        if !step && since.elapsed() < ADDRESS_PAUSE {
            ctx.request_repaint_after(ADDRESS_PAUSE);
            return;
        }
        let _ = match step && !first {
            true => history.push_state_with_url(&JsValue::NULL, "", Some(&fragment)),
            false => history.replace_state_with_url(&JsValue::NULL, "", Some(&fragment)),
        };
        self.address = (place, Instant::now());
    }

    /// Writes the text version into the page where it changed.
    fn keep_text_version(&mut self, ctx: &egui::Context) {
        if self.told.elapsed() < TEXT_PAUSE {
            ctx.request_repaint_after(TEXT_PAUSE);
            return;
        }
        self.told = Instant::now();
        let text_version = self.app.text_version();
        if text_version != self.text_version {
            browser::text_version(text_version.0.clone(), text_version.1.clone(), &self.press);
            self.text_version = text_version;
        }
    }
}

impl eframe::App for Page {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        if self.moved.try_recv().is_ok() {
            while self.moved.try_recv().is_ok() {}
            self.follow_address();
        }
        while let Ok(button) = self.pressed.try_recv() {
            self.app.press(ui.ctx(), &button);
        }
        self.app.requests = Some(browser::requests());
        self.app.draw(ui);
        if !self.started && (self.app.drawn() || self.app.failed()) {
            self.started = true;
            browser::started();
        }
        self.keep_address(ui.ctx());
        self.keep_text_version(ui.ctx());
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.app.clear_color(visuals)
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.app.save(storage);
    }
}
