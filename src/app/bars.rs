//! The bars around every view: where one is, what is open, what is being done, what went wrong.

use std::time::Duration;

use eframe::egui::{self, ThemePreference, Ui};

use super::door::{Door, Purpose};
use super::{App, View, look};
use crate::workshop::{Ask, RunEntry, Source, TrainOrder};

/// How long news stay in the status line.
const NEWS: Duration = Duration::from_secs(8);

impl App {
    /// The views, and what can be opened.
    pub(super) fn bar(&mut self, ui: &mut Ui) {
        ui.add_space(2.0);
        let folded = look::narrow(ui);
        let layout = egui::Layout::left_to_right(egui::Align::Center).with_main_wrap(folded);
        ui.allocate_ui_with_layout(egui::vec2(ui.available_width(), 0.0), layout, |ui| {
            if folded {
                ui.spacing_mut().item_spacing.x = 3.0;
                ui.spacing_mut().button_padding.x = 5.0;
            } else {
                ui.label(egui::RichText::new("gainakt").strong().size(18.0));
                ui.add_space(look::GAP);
            }
            for (i, (view, name)) in View::ALL.into_iter().enumerate() {
                let mark = if view == View::Train && self.shelf.training() { " •" } else { "" };
                let button = egui::Button::selectable(self.settings.view == view, format!("{name}{mark}"));
                if ui.add(button).on_hover_text(format!("Ctrl+{}", i + 1)).clicked() {
                    self.settings.view = view;
                }
            }
            look::at_the_end(ui, |ui| {
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
        let run = if cfg!(target_arch = "wasm32") { "a zipped run…" } else { "a run's folder…" };
        if ui.button(run).clicked() {
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
    pub(super) fn status(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            if let Some(subject) = &self.shelf.subject {
                let text = match look::narrow(ui) {
                    true => subject.title.clone(),
                    false => format!("{} · {}", subject.title, subject.model_about),
                };
                ui.label(look::weak(text).small());
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
            look::at_the_end(ui, |ui| {
                if let Some(requests) = self.requests {
                    let text = format!("{requests} requests since loading");
                    let what = "Files you open are read in this tab and sent nowhere: since the page was loaded it has asked for nothing more.";
                    ui.label(look::weak(text).small()).on_hover_text(what);
                }
                if let Some(news) = self.shelf.notices.iter().find(|n| !n.error) {
                    ui.label(egui::RichText::new(&news.text).small());
                }
            });
        });
        self.shelf.notices.retain(|n| n.error || n.since.elapsed() < NEWS);
    }

    /// A run from an earlier visit that can be gone on with.
    pub(super) fn offer(&mut self, ui: &mut Ui) {
        if std::mem::take(&mut self.offering) {
            let entries = self.shelf.runs.as_ref().map(|(_, entries)| entries);
            // Asked again with the next frame, until the list is there.
            self.offering = entries.is_none();
            self.offered = entries.into_iter().flatten().find(|e| !e.finished && e.epochs > 0).cloned();
        }
        let Some(entry) = self.offered.clone().filter(|_| !self.shelf.training()) else { return };
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
            self.link.ask(Ask::Train(Box::new(TrainOrder::resume(&entry.path, self.train.device))));
            self.settings.view = View::Train;
        }
    }

    /// Errors, each once, until they are read.
    pub(super) fn notices(&mut self, ui: &mut Ui) {
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
}

/// What is said of a run that is offered.
pub(super) fn offer_text(entry: &RunEntry) -> String {
    format!("A run from an earlier visit is kept here: {}, {} epochs done.", entry.name, entry.epochs)
}
