//! The bars around every view: where one is, what is open, what is being done, what went wrong.

use std::time::Duration;

use eframe::egui::{self, ThemePreference, Ui};

use super::context::{Purpose, ViewContext};
use super::{App, View, theme};
use crate::service::{Request, RunEntry, Source, TrainRequest};

/// How long news stay in the status line.
const NEWS: Duration = Duration::from_secs(8);

impl App {
    /// The views, and what can be opened.
    pub(super) fn bar(&mut self, ui: &mut Ui) {
        ui.add_space(2.0);
        let folded = theme::narrow(ui);
        let layout = egui::Layout::left_to_right(egui::Align::Center).with_main_wrap(folded);
        ui.allocate_ui_with_layout(egui::vec2(ui.available_width(), 0.0), layout, |ui| {
            if folded {
                ui.spacing_mut().item_spacing.x = 3.0;
                ui.spacing_mut().button_padding.x = 5.0;
            } else {
                ui.label(egui::RichText::new("gainakt").strong().size(18.0));
                ui.add_space(theme::GAP);
            }
            for (i, (view, name)) in View::ALL.into_iter().enumerate() {
                let mark = if view == View::Train && self.state.training() { " •" } else { "" };
                let button = egui::Button::selectable(self.settings.view == view, format!("{name}{mark}"));
                if ui.add(button).on_hover_text(format!("Ctrl+{}", i + 1)).clicked() {
                    self.settings.view = view;
                }
            }
            theme::at_the_end(ui, |ui| {
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
        let mut context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
        if ui.button("the embedded class").clicked() {
            context.client.send(Request::Open(Source::EMBEDDED));
            ui.close();
        }
        let run = if cfg!(target_arch = "wasm32") { "a zipped run…" } else { "a run's folder…" };
        if ui.button(run).clicked() {
            context.dialog(Purpose::OpenRun);
            ui.close();
        }
        if ui.button("a checkpoint, on these data…").clicked() {
            context.dialog(Purpose::OpenCheckpoint);
            ui.close();
        }
        if ui.button("answers to train on…").clicked() {
            context.dialog(Purpose::Data);
            ui.close();
        }
    }

    /// What is open, and what is being done.
    pub(super) fn status(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            if let Some(opened) = &self.state.opened {
                let text = match theme::narrow(ui) {
                    true => opened.title.clone(),
                    false => format!("{} · {}", opened.title, opened.model_about),
                };
                ui.label(theme::weak(text).small());
            }
            if let Some(busy) = &self.state.busy {
                ui.spinner();
                ui.label(egui::RichText::new(format!("{busy}…")).small());
            }
            if let Some(run) = self.state.run.as_ref().filter(|r| !r.over()) {
                let epochs = run.sizes.map_or(1, |s| s.2);
                let text = format!("training: {} of {epochs} epochs{}", run.history.len(), if run.paused { ", paused" } else { "" });
                ui.label(egui::RichText::new(text).small().color(theme::accent(ui)));
            }
            if !self.client.alive() {
                ui.colored_label(theme::error(ui), "The part of the program that computes has stopped. Close the window and open it again; finished epochs of a run are kept.");
            }
            theme::at_the_end(ui, |ui| {
                if let Some(requests) = self.requests {
                    let text = format!("{requests} requests since loading");
                    let what = "Files you open are read in this tab and not sent anywhere: the page has made no request since it was loaded.";
                    ui.label(theme::weak(text).small()).on_hover_text(what);
                }
                if let Some(news) = self.state.notices.iter().find(|n| !n.error) {
                    ui.label(egui::RichText::new(&news.text).small());
                }
            });
        });
        self.state.notices.retain(|n| n.error || n.since.elapsed() < NEWS);
    }

    /// A run from an earlier visit that can be gone on with.
    pub(super) fn offer(&mut self, ui: &mut Ui) {
        if std::mem::take(&mut self.offering) {
            let entries = self.state.runs.as_ref().map(|(_, entries)| entries);
            // Asked again with the next frame, until the list is there.
            self.offering = entries.is_none();
            self.offered = entries.into_iter().flatten().find(|e| !e.finished && e.epochs > 0).cloned();
        }
        let Some(entry) = self.offered.clone().filter(|_| !self.state.training()) else { return };
        egui::Panel::top("offer").show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(offer_text(&entry));
                if ui.button("Continue it").clicked() {
                    self.continue_offered();
                }
                if ui.button("Not now").clicked() {
                    self.offered = None;
                }
            });
        });
    }

    /// Goes on with the run that is offered.
    pub(super) fn continue_offered(&mut self) {
        if let Some(entry) = self.offered.take() {
            self.client.send(Request::Train(Box::new(TrainRequest::resume(&entry.path, self.train.device))));
            self.settings.view = View::Train;
        }
    }

    /// Errors, each once, until they are read.
    pub(super) fn notices(&mut self, ui: &mut Ui) {
        let errors: Vec<usize> = (0..self.state.notices.len()).filter(|&i| self.state.notices[i].error).collect();
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
                    ui.colored_label(theme::error(ui), &self.state.notices[i].text);
                });
            }
        });
        if let Some(i) = read {
            self.state.notices.remove(i);
        }
    }
}

/// What is said of a run that is offered.
pub(super) fn offer_text(entry: &RunEntry) -> String {
    format!("There is a run from an earlier visit: {}, {} epochs done.", entry.name, entry.epochs)
}
