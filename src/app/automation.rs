//! What a program can do with the window and ask of it: measurements, tests and the tour use it.

use std::path::PathBuf;

use eframe::egui::{self, ThemePreference};

use super::{App, View};
use crate::evaluate::Trajectory;
use crate::platform::device::DeviceChoice;
use crate::service::{ModelRole, Request, Source, TrainRequest};
use crate::train::Command;

impl App {
    /// Opens a view.
    pub fn look_at(&mut self, view: View) {
        self.settings.view = view;
    }

    /// Opens something in place of what is open.
    pub fn open(&mut self, source: Source) {
        self.client.send(Request::Open(source));
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
        self.surveyed() && student && self.state.busy.is_none()
    }

    /// Whether every student of what is open has been looked at.
    pub fn surveyed(&self) -> bool {
        self.state.opened.is_some() && self.state.surveyed.0 == self.state.surveyed.1
    }

    /// Where runs that are started compute.
    pub fn compute_on(&mut self, device: DeviceChoice) {
        self.train.device = device;
    }

    /// Offers to go on with a run of an earlier visit, if there is one.
    pub fn offer_runs(&mut self) {
        self.client.send(Request::Runs(self.settings.runs.clone()));
        self.offering = true;
    }

    /// Whether a place was asked for that is not reached yet.
    pub fn going(&self) -> bool {
        self.wanted.is_some() || self.openings != self.state.openings
    }

    /// Tells that something went wrong.
    pub fn add_error(&mut self, what: &str, problem: &str) {
        self.state.add_error(what, problem);
    }

    /// Whether what is looked at is there, not only what surrounds it.
    pub fn drawn(&self) -> bool {
        match self.settings.view {
            View::Students => self.shown().is_some(),
            _ => self.state.opened.is_some(),
        }
    }

    /// Whether an error waits to be read.
    pub fn failed(&self) -> bool {
        self.state.notices.iter().any(|n| n.error)
    }

    /// What is being waited for, in words.
    pub fn busy(&self) -> Option<&str> {
        self.state.busy.as_deref()
    }

    /// Number of students in what is open.
    pub fn students(&self) -> usize {
        self.state.opened.as_ref().map_or(0, |s| s.students.len())
    }

    /// The chosen student's path and the moment at the cursor, if both are there.
    pub fn shown(&self) -> Option<&Trajectory> {
        let page = &self.settings.page;
        let path = self.state.paths.get(&(page.student?, ModelRole::Main))?;
        page.inspect(&self.state).map(|_| path)
    }

    /// Looks at another student.
    pub fn select(&mut self, student: u32) {
        self.settings.page.select(student);
    }

    /// Starts a run.
    pub fn train(&mut self, order: TrainRequest) {
        self.client.send(Request::Train(Box::new(order)));
    }

    /// Gives the run under way an order.
    pub fn command(&mut self, command: Command) {
        self.client.send(Request::Command(command));
    }

    /// Epochs the latest run has done, and whether it is over.
    pub fn run_progress(&self) -> Option<(usize, bool)> {
        self.state.run.as_ref().map(|r| (r.history.len(), r.over()))
    }
}
