//! The native window, and the thread its workshop works on.

use eframe::egui;

use super::link::Link;
use super::{App, View};
use crate::error::{Error, Result};
use crate::platform::spawn_owner;
use crate::workshop::{Source, Teller, serve};

/// Starts a workshop on a thread of its own; `ctx` is repainted when it tells something.
///
/// # Errors
/// The system refuses a thread.
pub fn desk(ctx: &egui::Context) -> Result<Link> {
    let (ask, asks) = async_channel::unbounded();
    let (tell, tells) = async_channel::unbounded();
    let ctx = ctx.clone();
    let teller = Teller::new(tell, move || ctx.request_repaint());
    spawn_owner("gainakt-workshop", move || serve(asks, teller))?;
    Ok(Link::new(ask, tells))
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
        let mut app = App::new(&cc.egui_ctx, desk(&cc.egui_ctx)?, cc.storage);
        if source != Source::Embedded {
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
