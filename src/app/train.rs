//! Training: choose data and settings, start, watch, pause, stop.

use std::path::PathBuf;

use eframe::egui::{self, RichText, Ui};

use super::charts;
use super::context::{Purpose, ViewContext};
use super::form::Form;
use super::run_progress;
use super::theme;
use super::view_state::ViewState;
use crate::config::{Config, ModelKind};
use crate::platform::device::DeviceChoice;
use crate::service::{DataReport, FirstAnswer, Request, TrainRequest};
use crate::train::Command;

/// Title of a run that nobody gave one.
const TITLE: &str = if cfg!(target_arch = "wasm32") { "page" } else { "window" };

/// The view's state.
#[derive(Debug)]
pub(super) struct TrainView {
    form: Form,
    preset: &'static str,
    pub device: DeviceChoice,
    title: String,
    /// The data asked about last.
    checked: Option<(Option<String>, Option<String>, crate::data::ColumnNames)>,
}

impl Default for TrainView {
    fn default() -> Self {
        let config = Config::preset("demo").unwrap_or_default();
        Self {
            form: Form::new(&config),
            preset: "demo",
            device: DeviceChoice::Auto,
            title: TITLE.to_owned(),
            checked: None,
        }
    }
}

impl TrainView {
    /// Takes a data file.
    pub(super) fn data(&mut self, path: PathBuf, test: bool) {
        let kind = self.kind();
        if !test && self.preset == Config::preset_for(kind, false) {
            self.use_preset(Config::preset_for(kind, true));
        }
        self.form.change(|config| {
            let text = Some(path.display().to_string());
            if test {
                config.data.test_path = text;
            } else {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                config.data.dataset = name.split('.').next().unwrap_or_default().to_owned();
                config.data.path = text;
                config.data.test_path = None;
            }
        });
    }

    /// Whether a file is to be trained on, not the embedded class.
    pub(super) fn has_file(&self) -> bool {
        self.form.outcome.as_ref().is_ok_and(|config| config.data.path.is_some())
    }

    fn kind(&self) -> ModelKind {
        self.form.outcome.as_ref().map_or_else(|_| ModelKind::default(), |config| config.model.kind)
    }

    /// A button for each kind of model.
    fn model_part(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            ui.label("model");
            for kind in ModelKind::all_available() {
                let button = egui::Button::selectable(self.kind() == kind, kind.title());
                if ui.add(button).on_hover_text(kind.about().sentence).clicked() && self.kind() != kind {
                    self.use_preset(Config::preset_for(kind, self.has_file()));
                }
            }
        });
        let missing: Vec<&str> = ModelKind::ALL.into_iter().filter(|k| !k.available()).map(ModelKind::title).collect();
        if !missing.is_empty() {
            ui.weak(format!("{} need the desktop program.", missing.join(", ")));
        }
    }

    fn use_preset(&mut self, name: &'static str) {
        self.preset = name;
        if let Ok(preset) = Config::preset(name) {
            let data = self.form.outcome.as_ref().ok().map(|c| c.data.clone());
            self.form = Form::new(&preset);
            // A preset brings settings; the data stay those that were picked.
            if let Some(data) = data {
                self.form.change(|config| config.data = data);
            }
        }
    }

    /// Starts a run with these settings, unless they are bad or one is under way.
    pub(super) fn start(&self, state: &ViewState, context: &ViewContext<'_>, out: &std::path::Path) {
        if let (Ok(config), false) = (&self.form.outcome, state.training()) {
            let order = TrainRequest {
                config: config.clone(),
                device: self.device,
                out: out.to_owned(),
                title: if self.title.trim().is_empty() { TITLE.to_owned() } else { self.title.trim().to_owned() },
                resume: None,
            };
            context.client.send(Request::Train(Box::new(order)));
        }
    }

    /// Draws the view.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        state: &ViewState,
        context: &mut ViewContext<'_>,
        out: &std::path::Path,
    ) {
        if theme::narrow(ui) {
            let frame = egui::Frame::central_panel(ui.style()).inner_margin(egui::Margin::symmetric(6, 4));
            egui::CentralPanel::default().frame(frame).show(ui, |ui| {
                egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                    self.controls(ui, state, context, out);
                    match &state.run {
                        Some(run) => {
                            run_progress::show(ui, run);
                            charts::show(ui, run, context);
                        }
                        None => intro(ui),
                    }
                    ui.separator();
                    self.data_part(ui, state, context);
                    ui.separator();
                    self.settings_part(ui, state);
                });
            });
            return;
        }
        egui::Panel::left("settings").resizable(true).default_size(340.0).min_size(280.0).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                self.data_part(ui, state, context);
                ui.separator();
                self.settings_part(ui, state);
            });
        });
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(egui::Margin::symmetric(12, 6));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            self.controls(ui, state, context, out);
            match &state.run {
                Some(run) => run_progress::show(ui, run),
                None => intro(ui),
            }
            if let Some(run) = &state.run {
                egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| charts::show(ui, run, context));
            }
        });
    }

    fn data_part(&mut self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) {
        ui.add_space(4.0);
        theme::part(ui, "Data", "");
        let data = self.form.outcome.as_ref().ok().map(|c| c.data.clone());
        let path = data.as_ref().and_then(|d| d.path.clone());
        ui.horizontal_wrapped(|ui| {
            if ui
                .add(egui::Button::selectable(path.is_none(), "Embedded class"))
                .on_hover_text("simulated students whose true mastery is known")
                .clicked()
            {
                self.form.change(|config| {
                    config.data.path = None;
                    config.data.test_path = None;
                    config.data.dataset = "embedded".to_owned();
                });
            }
            if ui
                .add(egui::Button::selectable(path.is_some(), "A file…"))
                .on_hover_text(
                    "a CSV with student, skill and response in each row, or pykt's sequences; or drop it on the window",
                )
                .clicked()
            {
                context.dialog(Purpose::Data);
            }
        });
        if let Some(path) = &path {
            ui.label(theme::short(path, 46)).on_hover_text(path);
            ui.horizontal(|ui| {
                if ui
                    .button("Test file…")
                    .on_hover_text("pykt's test_sequences.csv, beside training sequences")
                    .clicked()
                {
                    context.dialog(Purpose::TestData);
                }
                if let Some(test) = data.as_ref().and_then(|d| d.test_path.as_ref()) {
                    ui.label(theme::short(test, 26)).on_hover_text(test);
                }
            });
            let unknown = matches!(&state.data, Some(Err(problem)) if problem.contains("no column"));
            let header = egui::CollapsingHeader::new("Column names");
            header.open(unknown.then_some(true)).show(ui, |ui| self.columns(ui));
            self.report(ui, state, context);
        } else {
            ui.label(theme::weak("600 simulated students; training takes seconds.").small());
        }
    }

    /// Asks about the data whenever another place or other columns are named, and shows what is in them.
    fn report(&mut self, ui: &mut Ui, state: &ViewState, context: &ViewContext<'_>) {
        let Ok(config) = &self.form.outcome else { return };
        let wanted = (config.data.path.clone(), config.data.test_path.clone(), config.data.columns.clone());
        if self.checked.as_ref() != Some(&wanted) && !ui.ctx().egui_wants_keyboard_input() {
            self.checked = Some(wanted);
            context.client.send(Request::CheckData(Box::new(config.clone())));
        }
        match &state.data {
            Some(Ok(report)) => {
                let mut lines = report_text(report).into_iter();
                ui.label(lines.next().unwrap_or_default());
                lines.for_each(|line| {
                    ui.label(theme::weak(line).small());
                });
            }
            Some(Err(problem)) => {
                ui.colored_label(theme::error(ui), problem);
            }
            None => {}
        }
    }

    fn columns(&mut self, ui: &mut Ui) {
        let Ok(config) = &self.form.outcome else { return };
        let mut columns = config.data.columns.clone();
        let before = columns.clone();
        egui::Grid::new("columns").num_columns(2).show(ui, |ui| {
            for (name, column) in [
                ("student", &mut columns.student),
                ("skill", &mut columns.skill),
                ("response", &mut columns.response),
                ("order", &mut columns.order),
                ("item", &mut columns.item),
            ] {
                let label = ui.label(name);
                let mut text = column.clone().unwrap_or_default();
                ui.add(egui::TextEdit::singleline(&mut text).hint_text("found by its name").desired_width(150.0))
                    .labelled_by(label.id);
                *column = (!text.trim().is_empty()).then(|| text.trim().to_owned());
                ui.end_row();
            }
        });
        if columns != before {
            self.form.change(|config| config.data.columns = columns);
        }
    }

    fn settings_part(&mut self, ui: &mut Ui, state: &ViewState) {
        ui.horizontal(|ui| {
            theme::part(ui, "Settings", "");
            theme::chooser(ui, "preset of the settings", self.preset, 100.0, |ui| {
                for name in Config::usable_presets() {
                    if ui.selectable_label(self.preset == name, name).clicked() {
                        self.use_preset(name);
                    }
                }
            });
        });
        self.model_part(ui);
        ui.horizontal(|ui| {
            ui.label("device");
            for (choice, name, hint) in [
                (DeviceChoice::Auto, "auto", "a hardware WebGPU adapter if there is one, otherwise the CPU"),
                (DeviceChoice::Gpu, "GPU", "a WebGPU adapter, even a software one"),
                (DeviceChoice::Cpu, "CPU", "the CPU, all threads"),
            ] {
                ui.selectable_value(&mut self.device, choice, name).on_hover_text(hint);
            }
        });
        device_hint(ui, state);
        ui.horizontal(|ui| {
            let label = ui.label("title");
            ui.add(egui::TextEdit::singleline(&mut self.title).desired_width(160.0)).labelled_by(label.id);
        });
        if let Err(problem) = &self.form.outcome {
            ui.colored_label(theme::error(ui), problem);
        }
        self.form.show(ui);
    }

    fn controls(&self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>, out: &std::path::Path) {
        ui.horizontal_wrapped(|ui| {
            let running = state.run.as_ref().filter(|r| !r.over());
            let finishing = running.is_some_and(|r| r.results.is_some());
            let start = egui::Button::new(RichText::new("▶  Train").strong());
            let ready = running.is_none() && self.form.outcome.is_ok();
            if ui.add_enabled(ready, start).on_hover_text("start a run with these settings (Ctrl+Enter)").clicked() {
                self.start(state, context, out);
            }
            let Some(run) = running.filter(|_| !finishing) else { return };
            if run.paused {
                if ui.button("▶  Resume").clicked() {
                    context.client.send(Request::Command(Command::Resume));
                }
            } else if ui.button("Pause").clicked() {
                context.client.send(Request::Command(Command::Pause));
            }
            if ui.button("Stop").on_hover_text("stop after this step; the last finished epoch is kept").clicked() {
                context.client.send(Request::Command(Command::Stop));
            }
        });
    }
}

/// What a data file holds, in sentences: counts, what it was recognised as, and its first answers.
pub(super) fn report_text(report: &DataReport) -> Vec<String> {
    let [train, validation, test] = report.parts;
    let mut lines = vec![
        format!(
            "{} students, {} skills{}; read in {:.1} s",
            report.students,
            report.skills,
            if report.items > 0 { format!(", {} items", report.items) } else { String::new() },
            report.seconds
        ),
        format!("answers to predict: {} train, {} validation, {} test", train.1, validation.1, test.1),
    ];
    if !report.format.is_empty() {
        lines.push(format!("recognised as {}", report.format));
    }
    if let Some(first) = report.first.first() {
        let answer = |a: &FirstAnswer| {
            let item = if a.item.is_empty() { String::new() } else { format!(" (item {})", a.item) };
            format!("{}{item} {}", a.skills, theme::word(u8::from(a.correct)))
        };
        let answers: Vec<String> = report.first.iter().map(answer).collect();
        lines.push(format!("first answers of student {}: {}", first.student, answers.join(", ")));
    }
    if report.items > 0 {
        lines.push("The file has items (questions): use the preset evidence_items.".to_owned());
    }
    lines
}

/// Natively an adapter is looked for when a run starts; there is nothing to turn on.
#[cfg(not(target_arch = "wasm32"))]
fn device_hint(_: &mut Ui, _: &ViewState) {}

/// Whether the browser has WebGPU, and what to do where it has not.
#[cfg(target_arch = "wasm32")]
fn device_hint(ui: &mut Ui, state: &ViewState) {
    let missed = state.run.as_ref().and_then(|r| r.device.as_ref()).is_some_and(|d| d.contains("no WebGPU"));
    if super::web::offers_web_gpu() && !missed {
        ui.label(theme::weak("WebGPU is available in this browser; auto uses it if there is an adapter.").small());
    } else {
        ui.horizontal_wrapped(|ui| {
            ui.label(theme::weak("WebGPU is not available in this browser: training runs on the CPU.").small());
            let how = "https://github.com/gpuweb/gpuweb/wiki/Implementation-Status";
            ui.hyperlink_to(RichText::new("How to turn it on").small(), how);
        });
    }
}

fn intro(ui: &mut Ui) {
    ui.add_space(theme::GAP);
    ui.label("Press Train: the model starts with random weights and learns from the students' answers.");
    ui.label("Loss, AUC and the shares of the losses appear here; the other views are updated after every epoch, so you can watch the model learn.");
    ui.label(theme::weak(match cfg!(target_arch = "wasm32") {
        true => "The best model, the settings, all metrics and plots are stored in this browser, under Runs; nothing is sent anywhere.",
        false => "The best model, the settings, all metrics and plots are saved in a folder under the runs folder.",
    }));
}
