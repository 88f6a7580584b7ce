//! Which of the two embedded models is shown: one click changes it, one sentence says what differs.

use eframe::egui::{self, Ui};

use super::{App, View, theme};
use crate::config::ModelKind;
use crate::service::{Request, Source};

/// What a kind's mastery is, in a sentence.
pub(super) fn sentence(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::GainAkt2Exp => {
            "Its mastery never falls and is separate from its predictions, so mastery says little about the next answer."
        }
        ModelKind::Evidence => {
            "Its mastery is the chance of a right answer: it falls after wrong answers, and every part of it can be explained."
        }
        other => other.about().sentence,
    }
}

/// Text of the button that shows the embedded model of a kind.
fn button_text(kind: ModelKind) -> String {
    format!("Look through {}", kind.title())
}

impl App {
    /// The kind of the embedded model that is shown; `None` where something else is open.
    fn looked_through(&self) -> Option<ModelKind> {
        let looking = matches!(self.settings.view, View::Students | View::Class | View::You);
        self.state.opened.as_ref().filter(|o| looking && o.folder.is_none()).map(|o| o.model.kind)
    }

    /// The switch as a sentence and a button.
    pub(super) fn model_text(&self, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        if let Some(now) = self.looked_through() {
            sentences.push(format!("{}: {}", now.title(), sentence(now)));
            buttons.extend(ModelKind::EMBEDDED.into_iter().filter(|kind| *kind != now).map(button_text));
        }
    }

    /// Obeys the switch's button; whether it was one.
    pub(super) fn press_model(&mut self, button: &str) -> bool {
        let kind = ModelKind::EMBEDDED.into_iter().find(|kind| button_text(*kind) == button);
        if let Some(kind) = kind {
            self.client.send(Request::Open(Source::Embedded(kind)));
        }
        kind.is_some()
    }

    /// The switch, where the embedded class is looked at.
    pub(super) fn model_switch(&mut self, ui: &mut Ui) {
        let Some(now) = self.looked_through() else { return };
        egui::Panel::top("models").show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(theme::weak("model"));
                for kind in ModelKind::EMBEDDED {
                    let button = egui::Button::selectable(kind == now, kind.title());
                    if ui.add(button).on_hover_text(sentence(kind)).clicked() && kind != now {
                        self.client.send(Request::Open(Source::Embedded(kind)));
                    }
                }
                if !theme::narrow(ui) {
                    ui.label(theme::weak(sentence(now)).small());
                }
            });
        });
    }
}
