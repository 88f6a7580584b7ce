//! Runs: those found in a folder, one in full, two side by side.

use std::path::PathBuf;

use eframe::egui::{self, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use super::context::{Purpose, ViewContext};
use super::theme;
use super::view_state::ViewState;
use crate::evaluate::Measure;
use crate::experiment::File;
use crate::platform::device::DeviceChoice;
use crate::service::{Export, Request, RunDetail, RunEntry, RunPair, Source, TrainRequest};
use crate::train::Results;

/// The view's state.
#[derive(Debug, Default)]
pub(super) struct RunsView {
    asked: Option<PathBuf>,
    /// Runs marked, at most two; the first is the one looked at.
    marked: Vec<PathBuf>,
    /// A run that is deleted if the button is pressed once more.
    deleting: Option<PathBuf>,
    /// The latest run when the list was made, and whether it was over.
    listed_after: Option<(PathBuf, bool)>,
}

impl RunsView {
    /// Lists again when next shown.
    pub(super) fn refresh(&mut self) {
        self.asked = None;
    }

    /// Draws the view; true where what is open should be looked at.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        state: &ViewState,
        context: &mut ViewContext<'_>,
        folder: &PathBuf,
    ) -> bool {
        let latest = state.run.as_ref().map(|run| (run.folder.clone(), run.over()));
        if self.listed_after != latest {
            self.listed_after = latest;
            self.refresh();
        }
        if self.asked.as_ref() != Some(folder) {
            self.asked = Some(folder.clone());
            context.client.send(Request::Runs(folder.clone()));
        }
        let mut look = false;
        let list = match theme::narrow(ui) {
            true => egui::Panel::top("run list above").resizable(true).default_size(240.0),
            false => egui::Panel::left("run list").resizable(true).default_size(600.0).min_size(320.0),
        };
        list.show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.heading("Runs");
                if cfg!(target_arch = "wasm32") {
                    ui.label(theme::weak("stored in this browser, not sent anywhere"));
                    if ui.button("A zipped run…").on_hover_text("open a downloaded run").clicked() {
                        context.dialog(Purpose::OpenRun);
                    }
                } else {
                    ui.label(theme::weak(theme::short(&folder.display().to_string(), 40)))
                        .on_hover_text(folder.display().to_string());
                    if ui.button("Other folder…").clicked() {
                        context.dialog(Purpose::Runs);
                    }
                }
                if ui.button("Look again").on_hover_text("read the folder anew").clicked() {
                    self.refresh();
                }
            });
            let entries = state.runs.as_ref().filter(|(parent, _)| parent == folder).map(|(_, e)| e.as_slice());
            match entries {
                None => {
                    ui.spinner();
                }
                Some([]) => {
                    ui.label(match cfg!(target_arch = "wasm32") {
                        true => "No runs here yet. Train one, or open one that was downloaded.",
                        false => "No runs here yet. Train one, or choose another folder.",
                    });
                }
                Some(entries) => self.table(ui, entries, context),
            }
        });
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(egui::Margin::symmetric(12, 4));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| match &self.marked.clone()[..] {
                [] => {
                    ui.label(
                        "Click a run to see its figures and its checklist; mark a second one with Ctrl, or by Compare with.",
                    );
                }
                [one] => look = self.one(ui, state, one, context),
                [a, b, ..] => two(ui, state, [a, b], context),
            });
        });
        look
    }

    fn table(&mut self, ui: &mut Ui, entries: &[RunEntry], context: &ViewContext<'_>) {
        let mut clicked = None;
        TableBuilder::new(ui)
            .striped(true)
            .sense(egui::Sense::click())
            .column(Column::remainder().at_least(270.0).clip(true))
            .column(Column::auto().at_least(70.0))
            .columns(Column::auto().at_least(52.0), 3)
            .header(20.0, |mut header| {
                for name in ["run", "data", "epochs", "valid. AUC", "test AUC"] {
                    header.col(|ui| {
                        ui.label(RichText::new(name).strong().small());
                    });
                }
            })
            .body(|body| {
                body.rows(24.0, entries.len(), |mut row| {
                    let entry = &entries[row.index()];
                    row.set_selected(self.marked.contains(&entry.path));
                    row.col(|ui| {
                        let text =
                            if entry.finished { RichText::new(&entry.name) } else { RichText::new(&entry.name).weak() };
                        let label = ui.add(egui::Label::new(text).truncate().selectable(false));
                        let remark = match (&entry.problem, entry.finished) {
                            (Some(problem), _) => problem.clone(),
                            (None, true) => "finished".to_owned(),
                            (None, false) => "not finished; it can be continued".to_owned(),
                        };
                        label.on_hover_text(format!("{}\n{remark}", entry.name));
                    });
                    for text in [
                        entry.dataset.clone(),
                        entry.epochs.to_string(),
                        theme::figure(entry.best_auc, 4),
                        theme::figure(entry.test_auc, 4),
                    ] {
                        row.col(|ui| {
                            ui.add(egui::Label::new(text).truncate().selectable(false));
                        });
                    }
                    let response = row.response();
                    response.widget_info(|| {
                        egui::WidgetInfo::selected(
                            egui::Role::ListBoxOption,
                            true,
                            self.marked.contains(&entry.path),
                            &entry.name,
                        )
                    });
                    if response.clicked() {
                        clicked = Some((entry.clone(), response.ctx.input(|i| i.modifiers.command)));
                    }
                });
            });
        if let Some((entry, more)) = clicked {
            self.mark(&entry, more, context);
        }
    }

    fn mark(&mut self, entry: &RunEntry, more: bool, context: &ViewContext<'_>) {
        if more && self.marked.len() == 1 && self.marked[0] != entry.path {
            self.marked.push(entry.path.clone());
            context.client.send(Request::CompareRuns([self.marked[0].clone(), self.marked[1].clone()]));
        } else {
            self.marked = vec![entry.path.clone()];
            if entry.finished {
                context.client.send(Request::Inspect(entry.path.clone()));
            }
        }
    }

    /// What can be done with a run that is kept in a browser: download it, or delete it after a second click.
    fn kept(&mut self, ui: &mut Ui, state: &ViewState, entry: &RunEntry, context: &mut ViewContext<'_>) {
        if ui
            .button("Download, zip")
            .on_hover_text("the whole folder; it opens here and in the desktop program")
            .clicked()
        {
            context.save(&format!("{}.zip", entry.name), Export::Zip(entry.path.clone()));
        }
        let best = entry.path.join(File::Best.name());
        if ui.add_enabled(entry.epochs > 0, egui::Button::new("Download the model")).clicked() {
            context.save(&format!("{}.safetensors", entry.name), Export::File(best));
        }
        let busy = state.run.as_ref().is_some_and(|run| run.folder == entry.path && !run.over());
        let sure = self.deleting.as_ref() == Some(&entry.path);
        let text = if sure { "Delete for good" } else { "Delete…" };
        if ui.add_enabled(!busy, egui::Button::new(text)).clicked() {
            if sure {
                context.client.send(Request::Delete(entry.path.clone()));
                self.marked.clear();
                self.deleting = None;
            } else {
                self.deleting = Some(entry.path.clone());
            }
        }
        if sure && ui.button("Keep it").clicked() {
            self.deleting = None;
        }
    }

    /// One run in full; true where its students should be looked at.
    fn one(&mut self, ui: &mut Ui, state: &ViewState, path: &PathBuf, context: &mut ViewContext<'_>) -> bool {
        let entry = state.runs.iter().flat_map(|(_, e)| e).find(|e| e.path == *path);
        let Some(entry) = entry else { return false };
        ui.horizontal_wrapped(|ui| ui.heading(&entry.name));
        let mut open = false;
        ui.horizontal_wrapped(|ui| {
            if ui
                .add_enabled(entry.epochs > 0 && !state.training(), egui::Button::new("Look at its students"))
                .clicked()
            {
                context.client.send(Request::Open(Source::Run(path.clone())));
                open = true;
            }
            if ui
                .add_enabled(
                    !entry.finished && !state.training() && entry.problem.is_none(),
                    egui::Button::new("Continue"),
                )
                .clicked()
            {
                let order = TrainRequest::resume(path, DeviceChoice::Auto);
                context.client.send(Request::Train(Box::new(order)));
                open = true;
            }
            theme::menu(ui, "Compare with", |ui| {
                let others = state.runs.iter().flat_map(|(_, e)| e).filter(|e| e.finished && e.path != *path);
                for other in others {
                    if ui.button(&other.name).clicked() {
                        self.mark(other, true, context);
                        ui.close();
                    }
                }
            });
            if cfg!(target_arch = "wasm32") {
                self.kept(ui, state, entry, context);
            }
        });
        match state.detail.as_ref().filter(|d| d.path == *path) {
            Some(detail) => details(ui, detail, context),
            None if entry.finished => {
                ui.spinner();
            }
            None => {
                ui.label(
                    entry.problem.clone().unwrap_or_else(|| format!("Not finished: {} epochs done.", entry.epochs)),
                );
            }
        }
        open
    }
}

fn details(ui: &mut Ui, detail: &RunDetail, context: &mut ViewContext<'_>) {
    ui.label(format!("Best epoch {}; {}.", detail.record.results.best_epoch, detail.record.results.ended));
    figures(ui, &[("", &detail.record.results)]);
    baselines(ui, &detail.record.results);
    ui.add_space(theme::GAP);
    theme::part(ui, "Checklist", "checked on the folder just now");
    for item in &detail.checklist {
        ui.horizontal_wrapped(|ui| match &item.outcome {
            Ok(remark) => {
                ui.colored_label(theme::right(ui), "●");
                ui.label(&item.statement).on_hover_text(remark);
            }
            Err(reason) => {
                ui.colored_label(theme::error(ui), "×");
                ui.label(format!("{}: {reason}", item.statement));
            }
        });
    }
    if detail.changed.is_empty() {
        ui.label("No file was changed since the run was sealed.");
    } else {
        for change in &detail.changed {
            ui.colored_label(theme::error(ui), change);
        }
    }
    ui.add_space(theme::GAP);
    if ui.button("Figures as JSON…").clicked() {
        context.save("results.json", Export::Text(crate::experiment::pretty(&detail.record).unwrap_or_default()));
    }
}

fn two(ui: &mut Ui, state: &ViewState, wanted: [&PathBuf; 2], context: &mut ViewContext<'_>) {
    let name = |p: &PathBuf| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = wanted.map(name);
    let Some(pair) = state.pair.as_ref().filter(|p| [p.runs[0].name.clone(), p.runs[1].name.clone()] == names) else {
        ui.label("Both runs must be finished to be compared.");
        return;
    };
    ui.heading("Two runs");
    ui.label(format!("1  {}", names[0]));
    ui.label(format!("2  {}", names[1]));
    figures(ui, &[("1", &pair.runs[0].results), ("2", &pair.runs[1].results)]);
    ui.add_space(theme::GAP);
    curves(ui, pair);
    theme::part(ui, "Settings that differ", "");
    if pair.differences.is_empty() {
        ui.label("None: both runs have the same settings.");
    }
    egui::Grid::new("differences").num_columns(3).striped(true).show(ui, |ui| {
        for (key, values) in &pair.differences {
            ui.label(key);
            values.iter().for_each(|v| {
                ui.label(theme::short(v, 40));
            });
            ui.end_row();
        }
    });
    ui.horizontal(|ui| {
        for (text, file) in [("Plot as PNG…", "compare.png"), ("Plot as SVG…", "compare.svg")] {
            if ui.button(text).clicked() {
                let svg = pair.plot.svg();
                context.save(file, if file.ends_with("png") { Export::Png(svg) } else { Export::Text(svg) });
            }
        }
    });
}

fn curves(ui: &mut Ui, pair: &RunPair) {
    theme::part(ui, "Validation AUC", "by epoch");
    let colours = [theme::line(ui, 0), theme::line(ui, 1)];
    theme::with_grid(ui, egui_plot::Plot::new("pair"))
        .height(220.0)
        .legend(egui_plot::Legend::default())
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .show(ui, |plot| {
            for (i, run) in pair.runs.iter().enumerate() {
                let points: Vec<[f64; 2]> =
                    run.history.iter().filter_map(|r| Some([r.epoch as f64, r.validation.headline_auc()?])).collect();
                let style = [egui_plot::LineStyle::Solid, egui_plot::LineStyle::dashed_loose()][i];
                plot.line(
                    egui_plot::Line::new(format!("{}", i + 1), egui_plot::PlotPoints::from(points))
                        .color(colours[i])
                        .width(2.0)
                        .style(style),
                );
            }
        });
}

/// The best models' figures, a row a part of the data.
/// The best model beside simpler methods, on the same answers.
fn baselines(ui: &mut Ui, results: &Results) {
    if results.baselines.is_empty() {
        return;
    }
    ui.add_space(theme::GAP);
    theme::part(ui, "Baselines", "baselines on the same answers");
    let own = results.test.as_ref().unwrap_or(&results.validation);
    egui::Grid::new("baselines").num_columns(6).striped(true).spacing([14.0, 4.0]).show(ui, |ui| {
        for head in ["", "AUC", "within skills", "accuracy", "loss", "calibration error"] {
            ui.label(RichText::new(head).strong().small());
        }
        ui.end_row();
        let mut row = |name: &str, values: [Option<f64>; 5]| {
            ui.label(name);
            for value in values {
                ui.label(theme::figure(value, 4));
            }
            ui.end_row();
        };
        row(
            "this model",
            [own.headline_auc(), own.within_skills, own.headline_accuracy(), own.loss, own.calibration_error],
        );
        row("its mastery", [own.mastery_auc, own.mastery_within_skills, None, None, None]);
        for y in &results.baselines {
            row(&y.name, [y.auc, y.within_skills, y.accuracy, y.loss, y.calibration_error]);
        }
    });
}

fn figures(ui: &mut Ui, runs: &[(&str, &Results)]) {
    egui::Grid::new("figures").num_columns(8).striped(true).spacing([14.0, 4.0]).show(ui, |ui| {
        for head in ["", "windows", "AUC", "accuracy", "loss", "mastery AUC", "mastery corr.", "gain corr."] {
            ui.label(RichText::new(head).strong().small());
        }
        ui.end_row();
        for part in ["train", "validation", "test"] {
            for (name, results) in runs {
                let measure: Option<&Measure> = match part {
                    "train" => Some(&results.train),
                    "validation" => Some(&results.validation),
                    _ => results.test.as_ref(),
                };
                let Some(m) = measure else { continue };
                ui.label(format!("{name} {part}").trim().to_owned());
                ui.label(m.windows.to_string());
                let (auc, accuracy) = (m.headline_auc(), m.headline_accuracy());
                for value in [auc, accuracy, m.loss, m.mastery_auc, m.mastery_correlation, m.gain_correlation] {
                    ui.label(theme::figure(value, 4));
                }
                ui.end_row();
            }
        }
    });
}
