//! The window: views of the service's events. Nothing is computed here that the core should compute.

mod automation;
mod charts;
mod class;
mod client;
mod context;
#[cfg(not(target_arch = "wasm32"))]
mod desktop;
mod form;
mod keys;
mod link;
#[cfg(not(target_arch = "wasm32"))]
mod measure;
mod model_switch;
mod run_progress;
mod runs;
mod student;
mod students;
mod text_version;
mod theme;
mod toolbars;
mod train;
mod view_state;
#[cfg(target_arch = "wasm32")]
pub mod web;
mod you;

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::{self, ThemePreference, Ui};
use serde::{Deserialize, Serialize};

use self::context::{Dialogs, Purpose, ViewContext};
use self::view_state::ViewState;
use crate::platform::Instant;
use crate::service::{FilePurpose, Request, RunEntry, Source};

pub use client::Client;
#[cfg(not(target_arch = "wasm32"))]
pub use desktop::{open_window, options, start_service};
pub use link::Link;
#[cfg(not(target_arch = "wasm32"))]
pub use measure::{WindowTimes, measure};

/// Where settings are kept between sessions.
const KEY: &str = "gainakt";

/// How long a frame waits for an answer of the service.
const PATIENCE: Duration = Duration::from_millis(12);

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
    /// Runs of the past.
    Runs,
    /// The person at the screen as a student.
    You,
}

impl View {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Students, "Students"),
        (Self::Class, "Class"),
        (Self::Train, "Train"),
        (Self::Runs, "Runs"),
        (Self::You, "You"),
    ];

    /// Its name in a link.
    fn key(self) -> &'static str {
        match self {
            Self::Students => "students",
            Self::Class => "class",
            Self::Train => "train",
            Self::Runs => "runs",
            Self::You => "you",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().map(|(view, _)| view).find(|view| view.key() == key)
    }
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
    client: Client,
    state: ViewState,
    settings: Settings,
    class: class::ClassView,
    train: train::TrainView,
    runs: runs::RunsView,
    you: you::YouView,
    dialogs: Dialogs,
    openings: u64,
    help: bool,
    /// Whether a phone shows the list of students.
    list_open: bool,
    /// Whether a run of an earlier visit is to be offered, and the one that is.
    offering: bool,
    offered: Option<RunEntry>,
    /// A place to go to once what it is in is open, and how much had failed when it was asked for.
    wanted: Option<(Link, u64)>,
    /// Requests the page has made since it was loaded, in a browser.
    requests: Option<u32>,
}

impl App {
    /// A window on the service behind `client`; `storage` remembers the last session.
    pub fn new(ctx: &egui::Context, client: Client, storage: Option<&dyn eframe::Storage>) -> Self {
        theme::set_up(ctx);
        let settings: Settings = storage.and_then(|s| eframe::get_value(s, KEY)).unwrap_or_default();
        ctx.set_theme(settings.theme);
        Self {
            client,
            state: ViewState::default(),
            settings,
            class: class::ClassView::default(),
            train: train::TrainView::default(),
            runs: runs::RunsView::default(),
            you: you::YouView::default(),
            dialogs: Dialogs::default(),
            openings: 0,
            help: false,
            list_open: false,
            offering: false,
            offered: None,
            wanted: None,
            requests: None,
        }
    }

    /// Handles new events, then draws.
    pub fn draw(&mut self, ui: &mut Ui) {
        while let Some(event) = self.client.next_event() {
            self.state.handle(event);
        }
        self.follow_opening();
        self.arrive();
        self.files_handed_over();
        self.drops(ui);
        self.keys(ui);
        egui::Panel::top("bar").show(ui, |ui| self.bar(ui));
        egui::Panel::bottom("status").show(ui, |ui| self.status(ui));
        self.notices(ui);
        self.offer(ui);
        self.model_switch(ui);
        match self.settings.view {
            View::Students => {
                self.catch_up();
                self.students_view(ui);
            }
            View::Class => {
                let mut context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
                let frame = egui::Frame::central_panel(ui.style());
                let clicked = egui::CentralPanel::default()
                    .frame(frame)
                    .show(ui, |ui| self.class.show(ui, &self.state, &mut context))
                    .inner;
                if let Some(class::Clicked { student, answer }) = clicked {
                    self.settings.page.select(student);
                    if answer.is_some() {
                        self.settings.page.cursor = answer;
                    }
                    self.settings.view = View::Students;
                }
            }
            View::Train => {
                let mut context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
                self.train.show(ui, &self.state, &mut context, &self.settings.runs);
            }
            View::Runs => {
                let mut context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
                if self.runs.show(ui, &self.state, &mut context, &self.settings.runs) {
                    self.settings.view = View::Students;
                }
            }
            View::You => {
                let context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
                self.you.show(ui, &self.state, &context);
            }
        }
        if let Some((purpose, path)) = self.dialogs.show(ui, &self.client) {
            self.named(&purpose, path);
        }
        self.show_help(ui);
    }

    /// Chooses a student where other data were opened: the one of the same id, else the first with many answers.
    fn follow_opening(&mut self) {
        if self.openings == self.state.openings {
            return;
        }
        self.openings = self.state.openings;
        let Some(opened) = &self.state.opened else { return };
        let page = &mut self.settings.page;
        let id = page.student.zip(self.state.before.as_ref()).map(|(s, before)| &before.students[s as usize].id);
        let same = opened.students.iter().position(|s| Some(&s.id) == id && s.answers > 0).map(|s| s as u32);
        if same.is_some() && same == page.student {
            // The same class through another model: everything stays where it is.
            return;
        }
        page.forget();
        if let Some(student) = same {
            return page.select(student);
        }
        let long = |wanted: u32| opened.students.iter().position(|s| s.answers >= wanted);
        let most = opened.students.iter().map(|s| s.answers).max().unwrap_or(0);
        let first = long(most.min(40)).or_else(|| long(1));
        if let Some(student) = first {
            self.settings.page.select(student as u32);
        }
    }

    /// Asks for what the student's page lacks, and waits a moment for it: most answers are there before an empty page
    /// would have been drawn.
    fn catch_up(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        self.state.keep([self.settings.page.student, self.settings.page.with]);
        while self.settings.page.ask(&self.state, &self.client) {
            while self.shown().is_none()
                && let Some(event) = self.client.next_event_until(deadline)
            {
                self.state.handle(event);
            }
        }
    }

    fn students_view(&mut self, ui: &mut Ui) {
        let selected = self.settings.page.student;
        if theme::narrow(ui) {
            self.students_folded(ui, selected);
            return;
        }
        egui::Panel::left("students").resizable(true).default_size(250.0).size_range(200.0..=420.0).show(ui, |ui| {
            ui.add_space(4.0);
            if let Some(student) = self.settings.list.show(ui, &self.state, selected) {
                self.settings.page.select(student);
            }
        });
        egui::CentralPanel::default().show(ui, |ui| {
            let mut context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
            self.settings.page.show(ui, &self.state, &mut context);
        });
    }

    /// On a phone: the list in place of the student, unfolded by a button.
    fn students_folded(&mut self, ui: &mut Ui, selected: Option<u32>) {
        egui::Panel::top("who").show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.toggle_value(&mut self.list_open, "All students");
                for (sign, by, hint) in [("◀", -1, "the student above"), ("▶", 1, "the student below")] {
                    if ui.button(sign).on_hover_text(hint).clicked()
                        && let Some(student) = self.settings.list.neighbour(selected, by)
                    {
                        self.settings.page.select(student);
                    }
                }
            });
        });
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(egui::Margin::symmetric(6, 4));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            if self.list_open {
                if let Some(student) = self.settings.list.show(ui, &self.state, selected) {
                    self.settings.page.select(student);
                    self.list_open = false;
                }
            } else {
                self.settings.list.sort(&self.state);
                let mut context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
                self.settings.page.show(ui, &self.state, &mut context);
            }
        });
    }

    /// A person chose a path that a view asked for.
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

    /// Files the service took in are trained on; files it made go to the person.
    fn files_handed_over(&mut self) {
        for (path, purpose) in std::mem::take(&mut self.state.taken) {
            let test = purpose == FilePurpose::TestData;
            self.named(if test { &Purpose::TestData } else { &Purpose::Data }, path);
        }
        for (name, bytes) in std::mem::take(&mut self.state.downloads) {
            #[cfg(target_arch = "wasm32")]
            web::download(&name, &bytes);
            self.state.add_news(format!("{name}: {:.1} MB, in your downloads", bytes.len() as f64 / 1e6));
        }
    }

    /// Files dropped on the window: a folder is a run, safetensors are a checkpoint, everything else is answers.
    fn drops(&mut self, ui: &Ui) {
        let dropped: Vec<PathBuf> = ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
        for path in dropped {
            let checkpoint = path.extension().is_some_and(|e| e == "safetensors");
            match (crate::platform::files::is_dir(&path), checkpoint) {
                (true, _) => {
                    self.client.send(Request::Open(Source::Run(path)));
                    self.settings.view = View::Students;
                }
                (_, true) => self.client.send(Request::Open(Source::Checkpoint(path))),
                _ => self.named(&Purpose::Data, path),
            }
        }
        if ui.input(|i| !i.raw.hovered_files.is_empty()) {
            let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop")));
            let area = ui.ctx().content_rect();
            painter.rect_filled(area, 0.0, theme::background(ui.visuals()).gamma_multiply(0.85));
            let text = match cfg!(target_arch = "wasm32") {
                true => {
                    "Drop answers (CSV or zip) to train on them,\na zipped run or a checkpoint to look at it.\nThey are read here and not sent anywhere."
                }
                false => "Drop answers (CSV or zip) to train on them,\na run's folder or a checkpoint to look at it",
            };
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

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        theme::background(visuals).to_normalized_gamma_f32()
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, KEY, &self.settings);
    }
}
