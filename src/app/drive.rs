//! What a program can do with the window and ask of it: the door, measurements, tests and the tour use it.

use std::path::PathBuf;

use eframe::egui::{self, ThemePreference};

use super::{App, View};
use crate::evaluate::Trajectory;
use crate::platform::device::DeviceChoice;
use crate::train::Command;
use crate::workshop::{Ask, Lens, Source, TrainOrder};

impl App {
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
        let student = self.settings.page.student.is_none() || self.shown().is_some();
        self.surveyed() && student && self.shelf.busy.is_none()
    }

    /// Whether every student of what is open has been looked at.
    pub fn surveyed(&self) -> bool {
        self.shelf.subject.is_some() && self.shelf.surveyed.0 == self.shelf.surveyed.1
    }

    /// Where runs that are started compute.
    pub fn compute_on(&mut self, device: DeviceChoice) {
        self.train.device = device;
    }

    /// Offers to go on with a run of an earlier visit, if there is one.
    pub fn offer_runs(&mut self) {
        self.link.ask(Ask::Runs(self.settings.runs.clone()));
        self.offering = true;
    }

    /// Whether a place was asked for that is not reached yet.
    pub fn going(&self) -> bool {
        self.wanted.is_some() || self.openings != self.shelf.openings
    }

    /// Tells that something went wrong.
    pub fn complain(&mut self, what: &str, problem: &str) {
        self.shelf.complain(what, problem);
    }

    /// Whether what is looked at is there, not only what surrounds it.
    pub fn drawn(&self) -> bool {
        match self.settings.view {
            View::Students => self.shown().is_some(),
            _ => self.shelf.subject.is_some(),
        }
    }

    /// Whether an error waits to be read.
    pub fn failed(&self) -> bool {
        self.shelf.notices.iter().any(|n| n.error)
    }

    /// What is being waited for, in words.
    pub fn busy(&self) -> Option<&str> {
        self.shelf.busy.as_deref()
    }

    /// Number of students in what is open.
    pub fn students(&self) -> usize {
        self.shelf.subject.as_ref().map_or(0, |s| s.students.len())
    }

    /// The chosen student's path and the moment at the cursor, if both are there.
    pub fn shown(&self) -> Option<&Trajectory> {
        let page = &self.settings.page;
        let path = self.shelf.paths.get(&(page.student?, Lens::Main))?;
        page.moment(&self.shelf).map(|_| path)
    }

    /// Looks at another student.
    pub fn select(&mut self, student: u32) {
        self.settings.page.select(student);
    }

    /// Starts a run.
    pub fn train(&mut self, order: TrainOrder) {
        self.link.ask(Ask::Train(Box::new(order)));
    }

    /// Gives the run under way an order.
    pub fn command(&mut self, command: Command) {
        self.link.ask(Ask::Command(command));
    }

    /// Epochs the latest run has done, and whether it is over.
    pub fn run_progress(&self) -> Option<(usize, bool)> {
        self.shelf.run.as_ref().map(|r| (r.history.len(), r.over()))
    }
}
