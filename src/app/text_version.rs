//! What is shown, as sentences and named buttons: the text version for screen readers. The page holds it beside the
//! canvas, which is only pixels; the native window has roles and labels of its own.

use eframe::egui;

use super::student::waterfall;
use super::toolbars::offer_text;
use super::{App, View, run_progress, theme, train};
use crate::evaluate::{answer_sentences, outcome_word, percent, student_sentences};
use crate::service::{Export, ModelRole, Request, RunEntry, Source};
use crate::train::Command;

/// Skills of the class told of by name, the weakest.
const WEAKEST: usize = 3;
/// Button that asks for the measures of honesty.
const BELIEVE: &str = "Can the model be trusted";

impl App {
    /// Sentences about what is shown, and the texts of the buttons.
    pub fn text_version(&self) -> (Vec<String>, Vec<String>) {
        let mut sentences: Vec<String> = self.state.notices.iter().map(|n| n.text.clone()).collect();
        sentences.extend(self.state.busy.as_ref().map(|b| format!("Busy: {b}.")));
        sentences.extend(self.offered.as_ref().map(offer_text));
        let mut buttons: Vec<String> = View::ALL.iter().map(|(_, name)| (*name).to_owned()).collect();
        if self.offered.is_some() {
            buttons.push(CONTINUE.to_owned());
        }
        self.model_text(&mut sentences, &mut buttons);
        match self.settings.view {
            View::Students => self.student_text(&mut sentences, &mut buttons),
            View::Class => self.class_text(&mut sentences, &mut buttons),
            View::Train => self.train_text(&mut sentences, &mut buttons),
            View::Runs => self.runs_text(&mut sentences, &mut buttons),
            View::You => self.you.text_version(&self.state, &mut sentences, &mut buttons),
        }
        (sentences, buttons)
    }

    /// Does what the button with this text says.
    pub fn press(&mut self, ctx: &egui::Context, button: &str) {
        if let Some((view, _)) = View::ALL.iter().find(|(_, name)| *name == button) {
            self.settings.view = *view;
            return;
        }
        match button {
            PREVIOUS | NEXT => {
                let by = if button == NEXT { 1 } else { -1 };
                if let Some(student) = self.settings.list.neighbour(self.settings.page.student, by) {
                    self.settings.page.select(student);
                }
            }
            BACK | ON | IF_RIGHT | IF_WRONG | UNDO => {
                let page = &mut self.settings.page;
                if button == UNDO {
                    page.undo();
                } else if let Some(timeline) = page.timeline(&self.state) {
                    match button {
                        BACK => page.step(&timeline, -1),
                        ON => page.step(&timeline, 1),
                        IF_RIGHT => page.imagine(&timeline, 1),
                        _ => page.imagine(&timeline, 0),
                    }
                }
            }
            BELIEVE => self.client.send(Request::ClassReport),
            CONTINUE => self.continue_offered(),
            START => self.start_training(),
            PAUSE => self.client.send(Request::Command(Command::Pause)),
            RESUME => self.client.send(Request::Command(Command::Resume)),
            STOP => self.client.send(Request::Command(Command::Stop)),
            other if self.press_model(other) || self.press_run(other) => {}
            other => self.you.press(other, &self.client),
        }
        ctx.request_repaint();
    }

    fn student_text(&self, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        let page = &self.settings.page;
        let Some(path) = page.student.and_then(|s| self.state.paths.get(&(s, ModelRole::Main))) else { return };
        let summary = page.student.and_then(|s| self.state.summaries.get(s as usize)).and_then(Option::as_ref);
        sentences.extend(student_sentences(path, summary.and_then(|s| s.auc)));
        buttons.extend([PREVIOUS, NEXT, BACK, ON, IF_RIGHT, IF_WRONG].map(str::to_owned));
        let Some(timeline) = page.timeline(&self.state) else { return };
        let Some(at) = page.at(&timeline) else { return };
        let step = timeline.steps[at];
        let name = &path.skill_names(step);
        let imagined = timeline.imagined_from.is_some_and(|from| at >= from);
        sentences.push(format!(
            "{} {} of {}: {name}, {}.",
            if imagined { "Imagined answer" } else { "Answer" },
            at + 1,
            timeline.steps.len(),
            outcome_word(step.response)
        ));
        sentences.extend(answer_sentences(step, name));
        if let Some(inside) = page.inspect(&self.state).and_then(|m| m.evidence.as_ref()) {
            sentences.push(waterfall::sentence(inside, &timeline, &path.skills, at));
        }
        if page.imagined.is_some() {
            buttons.push(UNDO.to_owned());
        }
    }

    fn class_text(&self, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        let Some(opened) = &self.state.opened else { return };
        let order = self.class.order();
        sentences.push(format!("{}: {} students, {} skills.", opened.title, order.students.len(), opened.skills.len()));
        for (skill, mean, count) in order.skills.iter().filter(|s| s.2 > 0).take(WEAKEST) {
            let name = &opened.skills[*skill as usize].name;
            sentences.push(format!("{name}: mean mastery {} over {count} students.", percent(*mean)));
        }
        let needy: Vec<&str> = order.students.iter().take(5).map(|&s| opened.students[s].id.as_str()).collect();
        sentences.push(format!("Students with the least mastery: {}.", needy.join(", ")));
        match &self.state.class_report {
            Some(report) => {
                sentences.extend(report.honesty.sentences().into_iter().map(|(_, sentence)| sentence));
                let misfits = report.items.iter().filter(|item| item.fit.is_misfit());
                sentences.extend(
                    misfits.take(WEAKEST).map(|item| {
                        format!("Item {}: {} right, {}.", item.id, percent(item.correct), item.fit.words())
                    }),
                );
            }
            None => buttons.push(BELIEVE.to_owned()),
        }
    }

    fn train_text(&self, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        match self.state.data.as_ref().filter(|_| self.train.has_file()) {
            Some(Ok(report)) => sentences.extend(train::report_text(report)),
            Some(Err(problem)) => sentences.push(problem.clone()),
            None => {}
        }
        let Some(run) = &self.state.run else {
            sentences.push("No run is under way.".to_owned());
            buttons.push(START.to_owned());
            return;
        };
        if let Some(device) = &run.device {
            sentences.push(format!("Device: {device}."));
        }
        for row in &run.history {
            sentences.push(format!(
                "Epoch {}: training loss {:.4}, validation AUC {}.",
                row.epoch,
                row.train_loss,
                theme::figure(row.validation.headline_auc(), 4)
            ));
        }
        sentences.push(run_progress::state_text(run));
        let more: &[&str] = match (run.over(), run.paused) {
            (true, _) => &[START],
            (false, true) => &[RESUME, STOP],
            (false, false) => &[PAUSE, STOP],
        };
        buttons.extend(more.iter().map(|&b| b.to_owned()));
    }

    /// Does what a button of the Runs view says, if it is one.
    fn press_run(&self, button: &str) -> bool {
        let entries = self.state.runs.iter().flat_map(|(_, entries)| entries);
        let named = |entry: &&RunEntry| button.split_once(' ').is_some_and(|(_, name)| name == entry.name);
        let Some(entry) = entries.into_iter().find(named) else { return false };
        let path = entry.path.clone();
        self.client.send(match button.split_once(' ') {
            Some((OPEN_RUN, _)) => Request::Open(Source::Run(path)),
            Some((DOWNLOAD_RUN, _)) => Request::Download(format!("{}.zip", entry.name), Export::Zip(path)),
            Some((DELETE_RUN, _)) => Request::Delete(path),
            _ => return false,
        });
        true
    }

    fn runs_text(&self, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        let entries = self.state.runs.iter().flat_map(|(_, entries)| entries);
        for entry in entries {
            let state = if entry.finished { "finished" } else { "not finished" };
            sentences.push(format!(
                "{}: {}, {} epochs, {state}, validation AUC {}.",
                entry.name,
                entry.dataset,
                entry.epochs,
                theme::figure(entry.best_auc, 4)
            ));
            if cfg!(target_arch = "wasm32") {
                buttons.extend([OPEN_RUN, DOWNLOAD_RUN, DELETE_RUN].map(|verb| format!("{verb} {}", entry.name)));
            }
        }
    }
}

const PREVIOUS: &str = "Previous student";
const NEXT: &str = "Next student";
const BACK: &str = "One answer back";
const ON: &str = "One answer on";
const IF_RIGHT: &str = "What if the next answer were right";
const IF_WRONG: &str = "What if the next answer were wrong";
const UNDO: &str = "Remove the last imagined answer";
const CONTINUE: &str = "Continue the run from an earlier visit";
const OPEN_RUN: &str = "Open";
const DOWNLOAD_RUN: &str = "Download";
const DELETE_RUN: &str = "Delete";
const START: &str = "Start training";
const PAUSE: &str = "Pause the run";
const RESUME: &str = "Resume the run";
const STOP: &str = "Stop the run";
