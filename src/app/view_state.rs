//! The content of all events so far: everything the views draw, and nothing computed from it.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::evaluate::{Calibration, ClassQuartiles, ClassReport, StudentSummary, Trajectory, TrajectoryStep};
use crate::model::Inspection;
use crate::platform::Instant;
use crate::service::{
    DataReport, Event, FilePurpose, ItemAnswers, ModelRole, OpenedInfo, RunDetail, RunEntry, RunPair,
};
use crate::train::{Command, EpochRow, Message, Phase, Results};

/// Tickets from here on are those of the view You; those of the students' view are smaller.
pub(super) const TICKETS: u64 = 1 << 40;

/// A run as it is seen from the window.
#[derive(Debug)]
pub(super) struct ShownRun {
    /// Its folder.
    pub folder: PathBuf,
    /// Device in words, once it is open.
    pub device: Option<String>,
    /// Parameters, steps an epoch, epochs at the most.
    pub sizes: Option<(usize, usize, usize)>,
    /// Epoch, phase, units done and in all.
    pub progress: Option<(usize, Phase, usize, usize)>,
    /// Bytes of the model's arrays on its device.
    pub held: u64,
    /// Position in epochs and mean loss, at every read-back.
    pub losses: Vec<[f64; 2]>,
    /// Every finished epoch.
    pub history: Vec<EpochRow>,
    /// Its results.
    pub results: Option<Box<Results>>,
    /// Whether it waits.
    pub paused: bool,
    /// How it ended, once it has.
    pub ended: Option<Result<String, String>>,
    /// Since when it has gone on without a pause, and its position then.
    pub began: Option<(Instant, f64)>,
}

impl ShownRun {
    fn new(folder: PathBuf, history: Vec<EpochRow>) -> Self {
        Self {
            folder,
            device: None,
            sizes: None,
            progress: None,
            held: 0,
            losses: Vec::new(),
            history,
            results: None,
            paused: false,
            ended: None,
            began: None,
        }
    }

    /// Epochs done, with a fraction for the one under way.
    pub(super) fn position(&self) -> f64 {
        match self.progress {
            Some((epoch, Phase::Train, done, total)) => (epoch - 1) as f64 + 0.85 * done as f64 / total.max(1) as f64,
            Some((epoch, Phase::Validate, done, total)) => {
                (epoch - 1) as f64 + 0.85 + 0.15 * done as f64 / total.max(1) as f64
            }
            _ => self.history.last().map_or(0.0, |row| row.epoch as f64),
        }
    }

    /// Seconds until the last epoch there may be, at the speed so far.
    pub(super) fn time_left(&self) -> Option<f64> {
        let (began, before) = self.began?;
        let (_, _, epochs) = self.sizes?;
        let done = self.position() - before;
        (done > 0.02).then(|| began.elapsed().as_secs_f64() / done * (epochs as f64 - self.position()))
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Device { label, .. } => self.device = Some(label),
            Message::Started { parameters, steps, first_epoch, epochs, .. } => {
                self.sizes = Some((parameters, steps, epochs));
                self.began = Some((Instant::now(), first_epoch as f64 - 1.0));
            }
            Message::Progress { epoch, phase, done, total, loss, held } => {
                self.progress = Some((epoch, phase, done, total));
                self.held = held;
                let at = (epoch - 1) as f64 + done as f64 / total.max(1) as f64;
                self.losses.extend(loss.map(|loss| [at, loss]));
            }
            Message::Epoch(row) => self.history.push(*row),
            Message::Finished(results) => self.results = Some(results),
            Message::Checkpoint { .. } | Message::Warning(_) => {}
        }
    }

    /// Whether the run is over.
    pub(super) fn over(&self) -> bool {
        self.ended.is_some()
    }
}

/// A line the user should read once.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    /// The text.
    pub text: String,
    /// Whether something failed.
    pub error: bool,
    /// When it came.
    pub since: Instant,
}

/// The content of all events so far.
#[derive(Debug, Default)]
pub(super) struct ViewState {
    /// What is being done that takes a while.
    pub busy: Option<String>,
    /// What is open.
    pub opened: Option<Box<OpenedInfo>>,
    /// What was open before.
    pub before: Option<Box<OpenedInfo>>,
    /// Figures by student.
    pub summaries: Vec<Option<StudentSummary>>,
    /// Students surveyed, and in all.
    pub surveyed: (usize, usize),
    /// On training, validation and test part.
    pub calibration: Option<Box<[Calibration; 3]>>,
    /// The class's quartiles.
    pub quartiles: Option<ClassQuartiles>,
    /// Skills, items, learning curves and honesty, where they were asked for.
    pub class_report: Option<Box<ClassReport>>,
    /// Who answered the item looked at.
    pub item_answers: Option<ItemAnswers>,
    /// Paths by student and by the model's role.
    pub paths: HashMap<(u32, ModelRole), Trajectory>,
    /// Answers tried out, by ticket.
    pub what_if: Option<(u64, Vec<TrajectoryStep>)>,
    /// The inspected moment, by ticket.
    pub moment: Option<(u64, Inspection)>,
    /// What the model makes of your own answers, by ticket.
    pub your_steps: Option<(u64, Vec<TrajectoryStep>)>,
    /// The moment after your own answers, by ticket.
    pub your_moment: Option<(u64, Inspection)>,
    /// What the open model is compared with.
    pub other: Option<String>,
    /// Counts changes of weights: whoever asked before must ask again.
    pub generation: u64,
    /// Counts openings: what was asked about other data is asked again.
    pub openings: u64,
    /// Counts changes of the summaries: lists sort themselves again.
    pub changes: u64,
    /// The latest data file looked at.
    pub data: Option<Result<DataReport, String>>,
    /// The latest run.
    pub run: Option<ShownRun>,
    /// Runs by the folder they lie in.
    pub runs: Option<(PathBuf, Vec<RunEntry>)>,
    /// The run looked at.
    pub detail: Option<Box<RunDetail>>,
    /// The runs compared.
    pub pair: Option<Box<RunPair>>,
    /// Files to be downloaded: name and content.
    pub downloads: Vec<(String, Vec<u8>)>,
    /// Data files that were taken in, and what for.
    pub taken: Vec<(PathBuf, FilePurpose)>,
    /// Counts what went wrong.
    pub failures: u64,
    /// What the user should read.
    pub notices: Vec<Notice>,
}

impl ViewState {
    /// Handles an event.
    pub(super) fn handle(&mut self, event: Event) {
        match event {
            Event::Busy(what) => self.busy = (!what.is_empty()).then_some(what),
            Event::Opened(info) => self.opened(info),
            Event::Weights { about } => {
                self.generation += 1;
                self.quartiles = None;
                self.class_report = None;
                if let Some(opened) = &mut self.opened {
                    opened.model_about = about;
                }
            }
            Event::Compared(other) => {
                self.other = other;
                self.paths.retain(|(_, role), _| *role == ModelRole::Main);
            }
            Event::Surveyed { summaries, done, total } => {
                for summary in summaries {
                    let at = summary.student as usize;
                    if let Some(place) = self.summaries.get_mut(at) {
                        *place = Some(summary);
                    }
                }
                self.surveyed = (done, total);
                self.changes += 1;
            }
            Event::Calibrated(calibration) => self.calibration = Some(calibration),
            Event::Student { student, role, path } => {
                self.paths.insert((student, role), *path);
            }
            Event::WhatIf { ticket, steps } if ticket > TICKETS => self.your_steps = Some((ticket, steps)),
            Event::Inspection { ticket, moment } if ticket > TICKETS => self.your_moment = Some((ticket, moment)),
            Event::WhatIf { ticket, steps } => self.what_if = Some((ticket, steps)),
            Event::Inspection { ticket, moment } => self.moment = Some((ticket, moment)),
            Event::ClassQuartiles(quartiles) => self.quartiles = Some(quartiles),
            Event::ClassReport(report) => self.class_report = Some(report),
            Event::Item(answers) => self.item_answers = Some(answers),
            Event::Data(report) => self.data = Some(report),
            Event::RunBegan { folder, history } => self.run = Some(ShownRun::new(folder, history)),
            Event::Run(message) => {
                if let Message::Warning(text) = &*message {
                    self.add_news(text.clone());
                }
                if let Some(run) = &mut self.run {
                    run.handle(*message);
                }
            }
            Event::CommandAccepted(command) => {
                if let Some(run) = &mut self.run {
                    run.paused = command == Command::Pause;
                    run.began = run.began.map(|_| (Instant::now(), run.position()));
                }
            }
            Event::RunEnded(outcome) => {
                if let Err(problem) = &outcome {
                    self.add_error("The run ended", problem);
                }
                if let Some(run) = &mut self.run {
                    run.ended = Some(outcome);
                }
            }
            Event::Runs(parent, entries) => self.runs = Some((parent, entries)),
            Event::Inspected(detail) => self.detail = Some(detail),
            Event::Pair(pair) => self.pair = Some(pair),
            Event::Saved(path) => self.add_news(format!("Saved {}", path.display())),
            Event::Download { name, bytes } => self.downloads.push((name, bytes)),
            Event::FileImported(path, purpose) => self.taken.push((path, purpose)),
            Event::Failed { doing, problem } => {
                let mut doing = doing;
                if let Some(first) = doing.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                self.add_error(&format!("{doing} failed"), &problem);
            }
        }
    }

    fn opened(&mut self, info: Box<OpenedInfo>) {
        self.summaries = vec![None; info.students.len()];
        self.surveyed = (0, info.students.iter().filter(|s| s.answers > 0).count());
        self.calibration = None;
        self.quartiles = None;
        self.class_report = None;
        self.item_answers = None;
        self.paths.clear();
        self.what_if = None;
        self.moment = None;
        self.other = None;
        self.generation += 1;
        self.openings += 1;
        self.changes += 1;
        self.before = self.opened.replace(info);
    }

    /// Forgets the paths of all but these students: weights change, and a class may be large.
    pub(super) fn keep(&mut self, students: [Option<u32>; 2]) {
        self.paths.retain(|(student, _), _| students.contains(&Some(*student)));
    }

    /// Something went wrong: shown until it is closed, each error once.
    pub(super) fn add_error(&mut self, what: &str, problem: &str) {
        let text = format!("{what}: {problem}");
        self.failures += 1;
        if !self.notices.iter().any(|n| n.error && n.text == text) {
            self.notices.push(Notice { text, error: true, since: Instant::now() });
        }
    }

    /// A short message in the status line.
    pub(super) fn add_news(&mut self, text: String) {
        self.notices.retain(|n| n.error);
        self.notices.push(Notice { text, error: false, since: Instant::now() });
    }

    /// Whether a run is under way.
    pub(super) fn training(&self) -> bool {
        self.run.as_ref().is_some_and(|r| !r.over())
    }
}
