//! Everything by keyboard, and the page that says how.

use eframe::egui::{self, Key, Ui};

use super::context::ViewContext;
use super::{App, View, theme};
use crate::service::Request;
use crate::train::Command;

/// Keys and what they do.
const KEYS: [(&str, &str); 11] = [
    ("Ctrl+1 … Ctrl+5", "students, class, train, runs, you"),
    ("↑ ↓", "previous, next student"),
    ("← → Home End", "move the cursor through the student's answers"),
    ("R, W", "what if: add an imagined right or wrong answer"),
    ("U", "remove the last imagined answer"),
    ("Ctrl+Enter", "train with the settings of the Train view"),
    ("Space", "pause and resume the run (Train view)"),
    ("Ctrl+O", "open a run's folder"),
    ("Ctrl+ plus, minus, 0", "zoom in, out, reset"),
    ("Tab, Enter", "move through all buttons and fields"),
    ("F1", "this page"),
];

/// Words and what they mean here.
const WORDS: [(&str, &str); 5] = [
    ("skill", "what an exercise practises; also called concept or knowledge component"),
    (
        "mastery",
        "how well the model thinks a student knows a skill, from 0 to 1; in GainAKT2Exp it never falls, in the evidence model it is the chance of a right answer",
    ),
    (
        "gain",
        "what one answer added; in GainAKT2Exp a tenth of it goes into mastery, in the evidence model it is the change of mastery itself",
    ),
    ("AUC", "how often a right answer got a higher probability than a wrong one; 0.5 is chance, 1 is perfect"),
    (
        "train, validation, test",
        "answers the model was trained on; answers used to choose the best epoch; answers it has never seen",
    ),
];

impl App {
    /// Obeys the keyboard, unless a field or a dialog has it.
    pub(super) fn keys(&mut self, ui: &Ui) {
        let ctx = ui.ctx();
        if ctx.input(|i| i.key_pressed(Key::F1)) {
            self.help = !self.help;
        }
        if ctx.egui_wants_keyboard_input() || self.dialogs.is_open() {
            return;
        }
        let command = |key: Key| ctx.input_mut(|i| i.consume_key(egui::Modifiers::COMMAND, key));
        let numbers =
            [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
        for (key, (view, _)) in numbers.into_iter().zip(View::ALL) {
            if command(key) {
                self.settings.view = view;
            }
        }
        if command(Key::O) {
            ViewContext { client: &self.client, dialogs: &mut self.dialogs }.dialog(super::Purpose::OpenRun);
        }
        if command(Key::Enter) {
            self.start_training();
            self.settings.view = View::Train;
        }
        match self.settings.view {
            View::Students => self.student_keys(ui),
            View::Train => {
                let focused = ctx.memory(|m| m.focused().is_some());
                if !focused && ctx.input(|i| i.key_pressed(Key::Space)) {
                    self.pause_or_resume();
                }
            }
            _ => {}
        }
    }

    fn student_keys(&mut self, ui: &Ui) {
        let pressed = |key| ui.input(|i| i.key_pressed(key));
        for (key, by) in [(Key::ArrowUp, -1), (Key::ArrowDown, 1)] {
            if pressed(key)
                && let Some(student) = self.settings.list.neighbour(self.settings.page.student, by)
            {
                self.settings.page.select(student);
            }
        }
        self.settings.page.keys(ui, &self.state);
    }

    /// Starts a run with the settings of the Train view.
    pub(super) fn start_training(&mut self) {
        let context = ViewContext { client: &self.client, dialogs: &mut self.dialogs };
        self.train.start(&self.state, &context, &self.settings.runs);
    }

    fn pause_or_resume(&self) {
        if let Some(run) = self.state.run.as_ref().filter(|r| !r.over()) {
            let command = if run.paused { Command::Resume } else { Command::Pause };
            self.client.send(Request::Command(command));
        }
    }

    /// The page of keys and words.
    pub(super) fn show_help(&mut self, ui: &Ui) {
        if !self.help {
            return;
        }
        let modal = egui::Modal::new(egui::Id::unique("help")).show(ui.ctx(), |ui| {
            ui.set_width(560.0);
            ui.heading("What you see");
            egui::Grid::new("words").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
                for (word, meaning) in WORDS {
                    ui.strong(word);
                    ui.add(egui::Label::new(meaning).wrap());
                    ui.end_row();
                }
            });
            ui.add_space(theme::GAP);
            ui.heading("Keys");
            egui::Grid::new("keys").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
                for (key, meaning) in KEYS {
                    ui.strong(key);
                    ui.label(meaning);
                    ui.end_row();
                }
            });
            if ui.button("Close").clicked() {
                ui.close();
            }
        });
        if modal.should_close() {
            self.help = false;
        }
    }
}
