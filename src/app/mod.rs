//! The window: views of what the workshop tells. Nothing is computed here that the core should compute.

mod charts;
mod class;
#[cfg(not(target_arch = "wasm32"))]
mod desktop;
mod door;
mod form;
mod keys;
mod link;
mod look;
mod runs;
mod shelf;
mod student;
mod students;
mod train;

use std::path::PathBuf;

use eframe::egui::{self, ThemePreference, Ui};
use serde::{Deserialize, Serialize};

use self::door::{Dialogs, Door, Purpose};
use self::shelf::Shelf;
use crate::platform::Instant;
use crate::workshop::{Ask, Source};

#[cfg(not(target_arch = "wasm32"))]
pub use desktop::{desk, open_window, options};
pub use link::Link;

/// Where settings are kept between sessions.
const KEY: &str = "gainakt";

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum View {
    /// One student.
    #[default]
    Students,
    /// All of them.
    Class,
    /// A run under way or to be started.
    Train,
    /// Runs that were.
    Runs,
}

impl View {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Students, "Students"), (Self::Class, "Class"), (Self::Train, "Train"), (Self::Runs, "Runs")];
}

/// What is remembered between sessions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    view: View,
    theme: ThemePreference,
    list: students::StudentList,
    page: student::Page,
    runs: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            view: View::default(),
            theme: ThemePreference::System,
            list: students::StudentList::default(),
            page: student::Page::default(),
            runs: PathBuf::from("runs"),
        }
    }
}

/// The window's state.
#[derive(Debug)]
pub struct App {
    link: Link,
    shelf: Shelf,
    settings: Settings,
    class: class::ClassView,
    train: train::TrainView,
    runs: runs::RunsView,
    dialogs: Dialogs,
    openings: u64,
    /// When the status line's latest news came, to take it away again.
    news_since: Option<(usize, Instant)>,
    help: bool,
}

impl App {
    /// A window on the workshop behind `link`; `storage` remembers the last session.
    pub fn new(ctx: &egui::Context, link: Link, storage: Option<&dyn eframe::Storage>) -> Self {
        look::dress(ctx);
        let settings: Settings = storage.and_then(|s| eframe::get_value(s, KEY)).unwrap_or_default();
        ctx.set_theme(settings.theme);
        Self {
            link,
            shelf: Shelf::default(),
            settings,
            class: class::ClassView::default(),
            train: train::TrainView::default(),
            runs: runs::RunsView::default(),
            dialogs: Dialogs::default(),
            openings: 0,
            news_since: None,
            help: false,
        }
    }

    /// Opens a view.
    pub fn look_at(&mut self, view: View) {
        self.settings.view = view;
    }

    /// Opens something in place of what is open.
    pub fn open(&mut self, source: Source) {
        self.link.ask(Ask::Open(source));
    }

    /// Where runs are looked for and written.
    pub fn runs_in(&mut self, folder: PathBuf) {
        self.settings.runs = folder;
    }

    /// How the window looks.
    pub fn theme(&mut self, ctx: &egui::Context, theme: ThemePreference) {
        self.settings.theme = theme;
        ctx.set_theme(theme);
    }

    /// Whether everything asked for has come, so that a picture shows all.
    pub fn settled(&self) -> bool {
        let (done, total) = self.shelf.surveyed;
        let student = self.settings.page.student.is_none() || self.settings.page.timeline(&self.shelf).is_some();
        self.shelf.subject.is_some() && done == total && student && self.shelf.busy.is_none()
    }

    /// Epochs the latest run has done, and whether it is over.
    pub fn run_progress(&self) -> Option<(usize, bool)> {
        self.shelf.run.as_ref().map(|r| (r.history.len(), r.over()))
    }

    /// Takes in what was told, then draws.
    pub fn draw(&mut self, ui: &mut Ui) {
        while let Some(tell) = self.link.heard() {
            self.shelf.take_in(tell);
        }
        self.follow_opening();
        self.drops(ui);
        self.keys(ui);
        egui::Panel::top("bar").show(ui, |ui| self.bar(ui));
        egui::Panel::bottom("status").show(ui, |ui| self.status(ui));
        self.notices(ui);
        match self.settings.view {
            View::Students => self.students(ui),
            View::Class => {
                let mut door = Door { link: &self.link, dialogs: &mut self.dialogs };
                let frame = egui::Frame::central_panel(ui.style());
                let clicked = egui::CentralPanel::default()
                    .frame(frame)
                    .show(ui, |ui| self.class.show(ui, &self.shelf, &mut door))
                    .inner;
                if let Some(student) = clicked {
                    self.settings.page.select(student);
                    self.settings.view = View::Students;
                }
            }
            View::Train => {
                let mut door = Door { link: &self.link, dialogs: &mut self.dialogs };
                self.train.show(ui, &self.shelf, &mut door, &self.settings.runs);
            }
            View::Runs => {
                let mut door = Door { link: &self.link, dialogs: &mut self.dialogs };
                if self.runs.show(ui, &self.shelf, &mut door, &self.settings.runs) {
                    self.settings.view = View::Students;
                }
            }
        }
        if let Some((purpose, path)) = self.dialogs.show(ui, &self.link) {
            self.named(&purpose, path);
        }
        self.show_help(ui);
    }

    /// Chooses a student where other data were opened: the one of the same id, else the first with many answers.
    fn follow_opening(&mut self) {
        if self.openings == self.shelf.openings {
            return;
        }
        self.openings = self.shelf.openings;
        self.settings.page.forget();
        let Some(subject) = &self.shelf.subject else { return };
        let long = |wanted: u32| subject.students.iter().position(|s| s.answers >= wanted);
        let most = subject.students.iter().map(|s| s.answers).max().unwrap_or(0);
        let first = long(most.min(40)).or_else(|| long(1));
        if let Some(student) = first {
            self.settings.page.select(student as u32);
        }
    }

    fn students(&mut self, ui: &mut Ui) {
        let selected = self.settings.page.student;
        egui::Panel::left("students").resizable(true).default_size(250.0).size_range(200.0..=420.0).show(ui, |ui| {
            ui.add_space(4.0);
            if let Some(student) = self.settings.list.show(ui, &self.shelf, selected) {
                self.settings.page.select(student);
            }
        });
        egui::CentralPanel::default().show(ui, |ui| {
            let mut door = Door { link: &self.link, dialogs: &mut self.dialogs };
            self.settings.page.show(ui, &self.shelf, &mut door);
        });
    }

    fn bar(&mut self, ui: &mut Ui) {
        ui.add_space(2.0);
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new("gainakt").strong().size(18.0));
            ui.add_space(look::GAP);
            for (i, (view, name)) in View::ALL.into_iter().enumerate() {
                let mark = if view == View::Train && self.shelf.training() { " •" } else { "" };
                let button = egui::Button::selectable(self.settings.view == view, format!("{name}{mark}"));
                if ui.add(button).on_hover_text(format!("Ctrl+{}", i + 1)).clicked() {
                    self.settings.view = view;
                }
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("?").on_hover_text("keys and words (F1)").clicked() {
                    self.help = !self.help;
                }
                let dark = ui.visuals().dark_mode;
                if ui.button(if dark { "Light" } else { "Dark" }).on_hover_text("light or dark").clicked() {
                    let theme = if dark { ThemePreference::Light } else { ThemePreference::Dark };
                    self.theme(ui.ctx(), theme);
                }
                ui.menu_button("Open", |ui| self.open_menu(ui));
            });
        });
        ui.add_space(2.0);
    }

    fn open_menu(&mut self, ui: &mut Ui) {
        let mut door = Door { link: &self.link, dialogs: &mut self.dialogs };
        if ui.button("the embedded class").clicked() {
            door.link.ask(Ask::Open(Source::Embedded));
            ui.close();
        }
        if ui.button("a run's folder…").clicked() {
            door.dialog(Purpose::OpenRun);
            ui.close();
        }
        if ui.button("a checkpoint, on these data…").clicked() {
            door.dialog(Purpose::OpenCheckpoint);
            ui.close();
        }
        if ui.button("answers to train on…").clicked() {
            door.dialog(Purpose::Data);
            ui.close();
        }
    }

    /// What is open, and what is being done.
    fn status(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            if let Some(subject) = &self.shelf.subject {
                ui.label(look::weak(format!("{} · {}", subject.title, subject.model_about)).small());
            }
            if let Some(busy) = &self.shelf.busy {
                ui.spinner();
                ui.label(egui::RichText::new(format!("{busy}…")).small());
            }
            if let Some(run) = self.shelf.run.as_ref().filter(|r| !r.over()) {
                let epochs = run.sizes.map_or(1, |s| s.2);
                let text = format!("training: {} of {epochs} epochs{}", run.history.len(), if run.paused { ", paused" } else { "" });
                ui.label(egui::RichText::new(text).small().color(look::accent(ui)));
            }
            if !self.link.alive() {
                ui.colored_label(look::error(ui), "The part of the program that computes has stopped. Close the window and open it again; finished epochs of a run are kept.");
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if let Some(news) = self.shelf.notices.iter().find(|n| !n.error) {
                    ui.label(egui::RichText::new(&news.text).small());
                }
            });
        });
        let news = self.shelf.notices.iter().filter(|n| !n.error).count();
        match self.news_since {
            Some((count, since)) if count == news && since.elapsed().as_secs() > 8 => {
                self.shelf.notices.retain(|n| n.error)
            }
            Some((count, _)) if count == news => {}
            _ => self.news_since = Some((news, Instant::now())),
        }
    }

    /// Errors, each once, until they are read.
    fn notices(&mut self, ui: &mut Ui) {
        let errors: Vec<usize> = (0..self.shelf.notices.len()).filter(|&i| self.shelf.notices[i].error).collect();
        if errors.is_empty() {
            return;
        }
        let mut read = None;
        egui::Panel::top("notices").show(ui, |ui| {
            for i in errors {
                ui.horizontal_wrapped(|ui| {
                    if ui.small_button("×").on_hover_text("read it").clicked() {
                        read = Some(i);
                    }
                    ui.colored_label(look::error(ui), &self.shelf.notices[i].text);
                });
            }
        });
        if let Some(i) = read {
            self.shelf.notices.remove(i);
        }
    }

    /// A path was named that concerns a view.
    fn named(&mut self, purpose: &Purpose, path: PathBuf) {
        match purpose {
            Purpose::Runs => self.settings.runs = path,
            Purpose::TestData => self.train.data(path, true),
            _ => {
                self.train.data(path, false);
                self.settings.view = View::Train;
            }
        }
    }

    /// Files dropped on the window: a folder is a run, safetensors are a checkpoint, everything else is answers.
    fn drops(&mut self, ui: &Ui) {
        let dropped: Vec<PathBuf> = ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
        for path in dropped {
            let checkpoint = path.extension().is_some_and(|e| e == "safetensors");
            match (crate::platform::files::is_dir(&path), checkpoint) {
                (true, _) => {
                    self.link.ask(Ask::Open(Source::Run(path)));
                    self.settings.view = View::Students;
                }
                (_, true) => self.link.ask(Ask::Open(Source::Checkpoint(path))),
                _ => self.named(&Purpose::Data, path),
            }
        }
        if ui.input(|i| !i.raw.hovered_files.is_empty()) {
            let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop")));
            let area = ui.ctx().content_rect();
            painter.rect_filled(area, 0.0, ui.visuals().panel_fill.gamma_multiply(0.85));
            let text = "Drop answers (CSV) to train on them,\na run's folder or a checkpoint to look at it";
            painter.text(
                area.center(),
                egui::Align2::CENTER_CENTER,
                text,
                egui::FontId::proportional(24.0),
                ui.visuals().text_color(),
            );
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, KEY, &self.settings);
    }
}
