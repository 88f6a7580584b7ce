//! Opens the real window, drives it by keyboard and pointer, and keeps a picture of every view.
//!
//! `cargo run --release --example tour -- FOLDER [RUNS]`: pictures go to FOLDER; RUNS is a folder with finished runs.
//! The embedded class is trained for two epochs on the way, in a folder under FOLDER.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use eframe::egui::{self, Event, Key, Modifiers, ThemePreference, pos2};
use gainakt::app::{App, View, options, start_service};
use gainakt::service::Source;

/// What the tour does next.
enum Act {
    /// A key, with Ctrl or without.
    Key(Key, bool),
    /// A click, in points from the window's upper left corner.
    Click(f32, f32),
    /// A click with Ctrl.
    ClickToo(f32, f32),
    /// The pointer goes there and stays.
    Point(f32, f32),
    Theme(ThemePreference),
    Open(Source),
    Wait(fn(&App) -> bool),
    Rest(u64),
    Picture(&'static str),
    /// A file with this text is dropped on the window.
    Drop(&'static str),
}

use Act::{Click, Drop, Open, Picture, Point, Rest, Theme, Wait};

fn key(key: Key) -> Act {
    Act::Key(key, false)
}

fn command(key: Key) -> Act {
    Act::Key(key, true)
}

/// Every view, in the order a person would meet them.
fn acts(run: Option<PathBuf>) -> Vec<Act> {
    let mut acts = vec![Wait(App::settled), Rest(600), Picture("student-dark")];
    acts.extend([Point(640.0, 330.0), Rest(900), Picture("student-hover"), Point(640.0, 2.0)]);
    acts.extend((0..12).map(|_| key(Key::ArrowLeft)));
    acts.extend([key(Key::W), key(Key::W), key(Key::R), Rest(900), Picture("what-if")]);
    acts.extend([key(Key::U), key(Key::U), key(Key::U), key(Key::End)]);
    acts.extend([Click(1249.0, 59.0), Rest(400), Click(1120.0, 92.0), Rest(600), Picture("compare")]);
    acts.extend([key(Key::Escape), Click(600.0, 59.0), Click(1322.0, 59.0), Rest(600), Picture("export")]);
    acts.extend([key(Key::Escape), Click(600.0, 59.0), Rest(300)]);
    acts.extend([Theme(ThemePreference::Light), Rest(600), Picture("student-light")]);
    acts.extend([key(Key::ArrowDown), key(Key::ArrowDown), Rest(900), Picture("next-student")]);
    acts.extend([command(Key::Num2), Rest(900), Picture("class-light")]);
    acts.extend([Theme(ThemePreference::Dark), Rest(400), Picture("class-dark")]);
    acts.extend([key(Key::F1), Rest(600), Picture("help"), key(Key::F1)]);
    acts.extend([command(Key::O), Rest(600), Picture("dialog"), key(Key::Escape), Rest(200)]);
    acts.extend([command(Key::Num3), Rest(600), Picture("train-before"), command(Key::Enter)]);
    acts.push(Wait(|app| app.run_progress().is_some_and(|(epochs, over)| epochs >= 2 || over)));
    acts.extend([Rest(500), Picture("train-during"), command(Key::Num1), Rest(900), Picture("student-in-training")]);
    acts.push(command(Key::Num3));
    acts.push(Wait(|app| app.run_progress().is_some_and(|(_, over)| over)));
    acts.extend([Rest(800), Picture("train-after"), Theme(ThemePreference::Light), Rest(500), Picture("train-light")]);
    acts.extend([command(Key::Num4), Rest(900), Click(120.0, 116.0), Rest(6000), Picture("runs-light")]);
    acts.extend([Theme(ThemePreference::Dark), Rest(400), Picture("runs-dark")]);
    // The same run once more, and both side by side.
    acts.extend([command(Key::Enter), Rest(500), Wait(|app| app.run_progress().is_some_and(|(_, over)| over))]);
    acts.extend([command(Key::Num4), Rest(900), Click(120.0, 116.0), Rest(300), Act::ClickToo(120.0, 140.0)]);
    acts.extend([Rest(1500), Picture("two-runs")]);
    acts.extend([Drop("student,skill,response\nann,adding,1\nann,adding,perhaps\n"), Rest(1500), Picture("bad-file")]);
    if let Some(run) = run {
        acts.extend([Open(Source::Run(run)), command(Key::Num1), Rest(1500), Wait(App::settled), Rest(900)]);
        acts.push(Picture("opened-run"));
    }
    acts
}

struct Tour {
    app: App,
    acts: std::vec::IntoIter<Act>,
    now: Option<Act>,
    since: Instant,
    events: Vec<Event>,
    /// Whether Ctrl is held for the frame of a click.
    held: bool,
    dropped: Option<PathBuf>,
    shot: Option<Receiver<std::sync::Arc<egui::ColorImage>>>,
    folder: PathBuf,
}

impl Tour {
    fn click(&mut self, pos: egui::Pos2, modifiers: Modifiers) {
        self.events.extend([Event::PointerMoved(pos), Event::ModifiersChanged(modifiers)]);
        for pressed in [true, false] {
            self.events.push(Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers });
        }
        self.held = modifiers != Modifiers::NONE;
    }

    /// Does what is due; true once it is done.
    fn due(&mut self, ctx: &egui::Context) -> bool {
        let Some(act) = &self.now else { return true };
        match act {
            Act::Key(key, command) => {
                let modifiers = if *command { Modifiers::COMMAND | Modifiers::CTRL } else { Modifiers::NONE };
                self.events.push(Event::ModifiersChanged(modifiers));
                for pressed in [true, false] {
                    let (key, physical_key) = (*key, None);
                    self.events.push(Event::Key { key, physical_key, pressed, repeat: false, modifiers });
                }
                self.events.push(Event::ModifiersChanged(Modifiers::NONE));
            }
            Click(x, y) => self.click(pos2(*x, *y), Modifiers::NONE),
            Act::ClickToo(x, y) => self.click(pos2(*x, *y), Modifiers::COMMAND | Modifiers::CTRL),
            Drop(text) => {
                let path = self.folder.join("bad.csv");
                let written = std::fs::write(&path, text);
                assert!(written.is_ok(), "{} could not be written: {written:?}", path.display());
                self.dropped = Some(path);
            }
            Point(x, y) => self.events.push(Event::PointerMoved(pos2(*x, *y))),
            Theme(theme) => self.app.theme(ctx, *theme),
            Open(source) => self.app.open(source.clone()),
            Wait(until) => return until(&self.app),
            Rest(ms) => return self.since.elapsed() > Duration::from_millis(*ms),
            Picture(name) => {
                let Some(shot) = &self.shot else {
                    let (send, shot) = channel();
                    ctx.request_screenshot(move |image| {
                        let _ = send.send(image);
                    });
                    self.shot = Some(shot);
                    return false;
                };
                let Ok(image) = shot.try_recv() else { return false };
                save(&self.folder.join(format!("{name}.png")), &image);
                println!("{name}.png");
                self.shot = None;
            }
        }
        true
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

fn save(path: &Path, image: &egui::ColorImage) {
    let [width, height] = image.size.map(|n| n as u32);
    let bytes = image.pixels.iter().flat_map(egui::Color32::to_array).collect();
    let saved = image::RgbaImage::from_raw(width, height, bytes).map(|i| i.save(path));
    assert!(matches!(saved, Some(Ok(()))), "{} could not be written: {saved:?}", path.display());
}

impl eframe::App for Tour {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.app.draw(ui);
        if self.due(ui.ctx()) {
            self.now = self.acts.next();
            self.since = Instant::now();
            if self.now.is_none() {
                ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
        ui.ctx().request_repaint_after(Duration::from_millis(30));
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.app.clear_color(visuals)
    }

    fn raw_input_hook(&mut self, _: &egui::Context, input: &mut egui::RawInput) {
        if self.events.is_empty() && std::mem::take(&mut self.held) {
            self.events.push(Event::ModifiersChanged(Modifiers::NONE));
        }
        input.events.append(&mut self.events);
        input.dropped_files.extend(self.dropped.take().map(|p| std::sync::Arc::new(Dropped(p)) as _));
    }
}

fn main() -> eframe::Result {
    let mut args = std::env::args().skip(1).map(PathBuf::from);
    let folder = args.next().unwrap_or_else(|| PathBuf::from("tour"));
    let run = args.next();
    std::fs::create_dir_all(&folder).map_err(|e| eframe::Error::AppCreation(Box::new(e)))?;
    // What was remembered of other sessions has no place here.
    let memory = Some(folder.join("window.ron"));
    let _ = memory.as_ref().map(std::fs::remove_file);
    let create = move |cc: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let mut app = App::new(&cc.egui_ctx, start_service(&cc.egui_ctx)?, None);
        app.runs_in(folder.join("runs"));
        app.look_at(View::Students);
        app.theme(&cc.egui_ctx, ThemePreference::Dark);
        app.open(Source::EMBEDDED);
        let acts = acts(run).into_iter();
        let (now, since, events, shot) = (None, Instant::now(), Vec::new(), None);
        let tour = Tour { app, acts, now, since, events, held: false, dropped: None, shot, folder };
        Ok(Box::new(tour) as Box<dyn eframe::App>)
    };
    let options = eframe::NativeOptions { persistence_path: memory, ..options() };
    eframe::run_native("gainakt", options, Box::new(create))
}
