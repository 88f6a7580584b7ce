//! Which of the two embedded models is looked through: one click changes it, one sentence says what differs.

use eframe::egui::{self, Ui};

use super::{App, View, theme};
use crate::config::ModelKind;
use crate::service::{Request, Source};

/// What a kind's mastery is, in a sentence.
pub(super) fn sentence(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::GainAkt2Exp => {
            "Its mastery never falls, and its predictions are made beside it: mastery says little of what comes next."
        }
        ModelKind::Evidence => {
            "Its mastery is the chance of a right answer: it falls after wrong ones, and every part of it can be told."
        }
    }
}

impl App {
    /// The switch, where the embedded class is looked at.
    pub(super) fn model_switch(&mut self, ui: &mut Ui) {
        let looking = matches!(self.settings.view, View::Students | View::Class | View::You);
        let Some(opened) = self.state.opened.as_ref().filter(|o| looking && o.folder.is_none()) else { return };
        let now = opened.model.kind;
        egui::Panel::top("models").show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(theme::weak("model"));
                for kind in ModelKind::ALL {
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
