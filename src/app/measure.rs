//! The window measured from inside: how long opening takes, switching students, and a frame while a run trains.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eframe::egui::{self, Ui};

use super::desktop::no_window;
use super::{App, View, options, start_service};
use crate::error::{Error, Result};
use crate::platform::Instant;
use crate::service::TrainRequest;
use crate::train::Command;

/// Frames counted in each view.
const FRAMES: usize = 300;
/// Students switched to.
const SWITCHES: u32 = 60;
/// What a step may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// What was measured, in seconds.
#[derive(Debug, Clone, Default)]
pub struct WindowTimes {
    /// Width and height of the window in pixels.
    pub pixels: [u32; 2],
    /// Students opened.
    pub students: usize,
    /// Reading the file.
    pub reading: f64,
    /// From the file read to the first student drawn with everything about the moment.
    pub opening: f64,
    /// From the file read to the whole class surveyed.
    pub surveying: f64,
    /// From choosing a student to the frame that shows all about them, while the run waits.
    pub switching: Vec<f64>,
    /// From one frame to the next while the run waits.
    pub idle: Vec<f64>,
    /// Work of each frame on the window's thread while the run trains: events, layout, tessellation, drawing orders.
    pub frames: [(&'static str, Vec<f64>); 3],
    /// From one frame to the next, with nothing to hold the next one up.
    pub intervals: Vec<f64>,
}

/// Where the measurement is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Reading,
    Opening,
    Surveying,
    Pausing,
    Switching(u32),
    Training(usize),
    Stopping,
    Over,
}

struct Measurement {
    app: App,
    order: Option<TrainRequest>,
    stage: Stage,
    since: Instant,
    read_at: Instant,
    last_frame: Instant,
    times: WindowTimes,
    out: Arc<Mutex<Result<WindowTimes>>>,
}

/// Opens a window, trains as `order` says and measures on the way.
///
/// # Errors
/// There is no screen or adapter; or something takes more than five minutes.
pub fn measure(order: TrainRequest) -> Result<WindowTimes> {
    let unfinished = Error::Device("the window was closed before the measurement was over".to_owned());
    let out = Arc::new(Mutex::new(Err(unfinished)));
    let result = out.clone();
    // A window's size remembered from another session would be measured.
    let memory = Some(order.out.join("window.ron"));
    let create = move |cc: &eframe::CreationContext<'_>| -> std::result::Result<Box<dyn eframe::App>, _> {
        let mut app = App::new(&cc.egui_ctx, start_service(&cc.egui_ctx)?, None);
        app.look_at(View::Students);
        let now = Instant::now();
        let order = Some(order);
        let times = WindowTimes::default();
        let (stage, since, read_at, last_frame) = (Stage::Reading, now, now, now);
        let rehearsal = Measurement { app, order, stage, since, read_at, last_frame, times, out };
        Ok(Box::new(rehearsal) as Box<dyn eframe::App>)
    };
    let mut options = eframe::NativeOptions { persistence_path: memory, ..options() };
    // Waiting for the screen would be measured otherwise.
    options.wgpu_options.surface.present_mode = wgpu::PresentMode::AutoNoVsync;
    eframe::run_native("gainakt", options, Box::new(create))
        .map_err(|e| no_window(&e, "this measurement needs a screen"))?;
    let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut result, Ok(WindowTimes::default()))
}

impl Measurement {
    fn go(&mut self, stage: Stage) {
        self.stage = stage;
        self.since = Instant::now();
    }

    /// Goes on where it can; true at the end.
    fn step(&mut self, cpu: Option<f32>) -> bool {
        let waited = self.since.elapsed().as_secs_f64();
        match self.stage {
            Stage::Reading => {
                if let Some(order) = self.order.take() {
                    self.app.train(order);
                } else if self.app.busy().is_some_and(|b| b.contains("preparing")) || self.app.students() > 0 {
                    self.times.reading = waited;
                    self.read_at = Instant::now();
                    self.go(Stage::Opening);
                }
            }
            Stage::Opening if self.app.shown().is_some() => {
                self.times.opening = self.read_at.elapsed().as_secs_f64();
                self.times.students = self.app.students();
                self.go(Stage::Surveying);
            }
            Stage::Surveying if self.app.surveyed() => {
                self.times.surveying = self.read_at.elapsed().as_secs_f64();
                self.app.command(Command::Pause);
                self.go(Stage::Pausing);
            }
            // What was under way when the run was told to wait has come to its end by then.
            Stage::Pausing if waited > 4.0 => self.choose(0),
            Stage::Pausing if waited > 1.0 => self.times.idle.push(self.last_frame.elapsed().as_secs_f64()),
            Stage::Switching(n) if self.app.shown().is_some() => {
                self.times.switching.push(waited);
                if n + 1 < SWITCHES {
                    self.choose(n + 1);
                } else {
                    self.app.command(Command::Resume);
                    self.look(0);
                }
            }
            Stage::Training(n) => {
                let view = n / FRAMES;
                self.times.frames[view].1.extend(cpu.map(f64::from));
                self.times.intervals.push(self.last_frame.elapsed().as_secs_f64());
                match (n + 1) % FRAMES {
                    0 if view + 1 == self.times.frames.len() => {
                        self.app.command(Command::Stop);
                        self.go(Stage::Stopping);
                    }
                    0 => self.look(n + 1),
                    _ => self.stage = Stage::Training(n + 1),
                }
            }
            Stage::Stopping if self.app.run_progress().is_none_or(|(_, over)| over) => {
                let times = std::mem::take(&mut self.times);
                return self.end(Ok(times));
            }
            Stage::Over => return true,
            _ if self.app.failed() || self.since.elapsed() > PATIENCE => {
                let stage = self.stage;
                return self
                    .end(Err(Error::Device(format!("the window stopped at {stage:?}; try gainakt open to see it"))));
            }
            _ => {}
        }
        self.last_frame = Instant::now();
        false
    }

    fn choose(&mut self, n: u32) {
        // Students far apart, none twice.
        let count = self.app.students().max(1) as u64;
        self.app.select((u64::from(n + 1) * 7919 % count) as u32);
        self.go(Stage::Switching(n));
    }

    fn look(&mut self, n: usize) {
        let views = [("students", View::Students), ("class", View::Class), ("train", View::Train)];
        let (name, view) = views[n / FRAMES];
        self.times.frames[n / FRAMES].0 = name;
        self.app.look_at(view);
        self.go(Stage::Training(n));
    }

    fn end(&mut self, outcome: Result<WindowTimes>) -> bool {
        *self.out.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        self.stage = Stage::Over;
        true
    }
}

impl eframe::App for Measurement {
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.app.clear_color(visuals)
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let size = ui.ctx().content_rect().size() * ui.ctx().pixels_per_point();
        self.times.pixels = [size.x as u32, size.y as u32];
        // Before drawing, as a key or a click comes.
        if self.step(frame.info().cpu_usage) {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        self.app.draw(ui);
        ui.ctx().request_repaint();
    }
}
