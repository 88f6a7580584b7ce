//! The native window, and the thread its service works on.

use eframe::egui;

use super::client::Client;
use super::{App, View};
use crate::error::{Error, Result};
use crate::platform::spawn_task;
use crate::service::{EventSender, Source, serve};

/// Starts a service on a thread of its own; `ctx` is repainted after each of its events.
///
/// # Errors
/// The system refuses a thread.
pub fn start_service(ctx: &egui::Context) -> Result<Client> {
    let (requests, incoming) = async_channel::unbounded();
    let (events, outgoing) = async_channel::unbounded();
    let ctx = ctx.clone();
    let events = EventSender::new(events, move || ctx.request_repaint());
    spawn_task("gainakt-service", move || serve(incoming, events))?;
    Ok(Client::new(requests, outgoing))
}

/// How the window is asked for.
pub fn options() -> eframe::NativeOptions {
    eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("gainakt")
            .with_app_id("gainakt")
            .with_inner_size([1360.0, 860.0])
            .with_min_inner_size([900.0, 560.0])
            .with_drag_and_drop(true),
        renderer: eframe::Renderer::Wgpu,
        ..Default::default()
    }
}

/// Opens the window on `source` and stays until it is closed.
///
/// # Errors
/// There is no screen, or no graphics adapter for it.
pub fn open_window(source: Source) -> Result<()> {
    let create = move |cc: &eframe::CreationContext<'_>| -> std::result::Result<Box<dyn eframe::App>, _> {
        let mut app = App::new(&cc.egui_ctx, start_service(&cc.egui_ctx)?, cc.storage);
        if source != Source::EMBEDDED {
            app.look_at(View::Students);
        }
        app.open(source);
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    eframe::run_native("gainakt", options(), Box::new(create))
        .map_err(|e| no_window(&e, "on a machine without a screen use the terminal: gainakt train, gainakt explain"))
}

/// Why there is no window, and what to do.
pub(super) fn no_window(error: &eframe::Error, instead: &str) -> Error {
    let text = error.to_string();
    // The cause stands last, behind names of libraries and places in their source.
    let cause = text.rsplit(": ").next().unwrap_or(&text).trim_end_matches('.');
    Error::Device(format!("no window could be opened ({cause}); {instead}"))
}
