//! The workshop's loop: questions first, then the run's messages, then the survey of the class.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::Arc;

use async_channel::{Receiver, Sender, TryRecvError};
use futures_lite::future::or;

use super::answers::Survey;
use super::protocol::{Ask, Lens, Source, Tell};
use super::subject::Subject;
use super::training::Training;
use super::{answers, runs};
use crate::error::{Error, Result};
use crate::evaluate::{moment, path};
use crate::experiment::load_corpus;
use crate::platform::{Owner, files};
use crate::train::{Command, Message};

/// The workshop's voice.
#[derive(Clone)]
pub struct Teller {
    tells: Sender<Tell>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Teller")
    }
}

impl Teller {
    /// Speaks into `tells` and calls `wake` each time, so that the front door looks.
    pub fn new(tells: Sender<Tell>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { tells, wake: Arc::new(wake) }
    }

    /// Says something.
    pub fn tell(&self, tell: Tell) {
        // A front door that is gone is noticed by the closed channel of its questions.
        let _ = self.tells.try_send(tell);
        (self.wake)();
    }
}

/// All that the workshop holds.
pub(super) struct Workshop {
    pub teller: Teller,
    pub subject: Option<Subject>,
    /// The student followed, and one to compare with.
    pub followed: Option<(u32, Option<u32>)>,
    pub survey: Option<Survey>,
    /// A survey is wanted again once the one under way is done.
    pub survey_again: bool,
    pub training: Option<Training>,
    /// The folder of a finished run in the making.
    pub completing: Option<Owner<Result<()>>>,
    waiting: VecDeque<Ask>,
    /// Whether what was written last could not be stored: this is said once.
    unstored: bool,
}

/// What the loop does next.
enum Event {
    Ask(Ask),
    Run(Result<Option<Message>>),
    Completed(Result<()>),
    Idle,
}

/// Serves `asks` until nobody can ask any more; a run under way is stopped then, its last epoch kept.
pub async fn serve(asks: Receiver<Ask>, teller: Teller) {
    let mut shop = Workshop {
        teller,
        subject: None,
        followed: None,
        survey: None,
        survey_again: false,
        training: None,
        completing: None,
        waiting: VecDeque::new(),
        unstored: false,
    };
    while let Some(event) = shop.next(&asks).await {
        match event {
            Event::Ask(ask) => shop.answer(ask).await,
            Event::Run(outcome) => shop.hear(outcome).await,
            Event::Completed(outcome) => shop.completed(outcome),
            Event::Idle => shop.survey_some().await,
        }
        shop.store().await;
        crate::platform::yield_now().await;
    }
    if let Some(training) = &shop.training {
        let _ = training.session.commands().try_send(Command::Stop);
    }
}

impl Workshop {
    async fn next(&mut self, asks: &Receiver<Ask>) -> Option<Event> {
        loop {
            match asks.try_recv() {
                Ok(ask) => self.waiting.push_back(ask),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => return None,
            }
        }
        while let Some(ask) = self.waiting.pop_front() {
            // Of several questions about where the cursor was, only the last is still of interest.
            let passing = matches!(ask, Ask::Moment { .. } | Ask::WhatIf { .. } | Ask::Student { .. });
            if !(passing && self.waiting.iter().any(|later| discriminant(later) == discriminant(&ask))) {
                return Some(Event::Ask(ask));
            }
        }
        let surveying = self.survey.is_some();
        let ask = async { asks.recv().await.ok().map(Event::Ask) };
        let run = async {
            match &mut self.training {
                Some(training) => Some(Event::Run(training.session.next().await)),
                None => std::future::pending().await,
            }
        };
        let completed = async {
            match &self.completing {
                Some(owner) => Some(Event::Completed(owner.join().await.flatten())),
                None => std::future::pending().await,
            }
        };
        let idle = async {
            match surveying {
                true => Some(Event::Idle),
                false => std::future::pending().await,
            }
        };
        or(or(ask, run), or(completed, idle)).await
    }

    async fn answer(&mut self, ask: Ask) {
        let doing = doing(&ask);
        if let Err(error) = self.try_answer(ask).await {
            self.teller.tell(Tell::Busy(String::new()));
            self.failed(doing, &error);
        }
    }

    /// Stores what was written, where files do not outlast the program by themselves.
    async fn store(&mut self) {
        let stored = crate::platform::store_changes().await;
        if let (Err(error), false) = (&stored, self.unstored) {
            self.failed("keeping this for your next visit", error);
        }
        self.unstored = stored.is_err();
    }

    pub(super) fn failed(&self, doing: &str, error: &Error) {
        self.teller.tell(Tell::Failed { doing: doing.to_owned(), problem: error.to_string() });
    }

    async fn try_answer(&mut self, ask: Ask) -> Result<()> {
        match ask {
            Ask::Open(source) => {
                let opened = self.open(&source);
                if opened.is_err() && self.subject.is_none() {
                    // There is always something to look at.
                    self.open(&Source::Embedded)?;
                }
                opened?;
            }
            Ask::Compare(source) => self.compare(source).await?,
            Ask::Student { student, with } => {
                self.followed = Some((student, with));
                self.tell_followed().await?;
            }
            Ask::WhatIf { ticket, answers } => {
                let model = &mut self.subject()?.model;
                let steps = path(model, &answers.skills, &answers.responses).await?;
                self.teller.tell(Tell::WhatIf { ticket, steps });
            }
            Ask::Moment { ticket, answers } => {
                let model = &mut self.subject()?.model;
                let moment = moment(model, &answers.skills, &answers.responses).await?;
                self.teller.tell(Tell::Moment { ticket, moment });
            }
            Ask::Course => {
                let course = answers::course(self.subject()?).await?;
                self.teller.tell(Tell::Course(course));
            }
            Ask::CheckData(config) => self.check_data(&config),
            Ask::Train(order) => self.train(*order)?,
            Ask::Command(command) => {
                if let Some(training) = &self.training {
                    let _ = training.session.commands().try_send(command);
                    self.teller.tell(Tell::Ordered(command));
                }
            }
            Ask::Runs(parent) => {
                let entries = runs::list(&parent)?;
                self.teller.tell(Tell::Runs(parent, entries));
            }
            Ask::Inspect(path) => {
                self.teller.tell(Tell::Busy("trying the checklist".to_owned()));
                let detail = runs::inspect(&path)?;
                self.teller.tell(Tell::Busy(String::new()));
                self.teller.tell(Tell::Inspected(Box::new(detail)));
            }
            Ask::CompareRuns(paths) => {
                let pair = runs::pair(&paths)?;
                self.teller.tell(Tell::Pair(Box::new(pair)));
            }
            Ask::Save(path, export) => {
                files::write_atomic(&path, &export.content()?)?;
                self.teller.tell(Tell::Saved(path));
            }
            Ask::Download(name, export) => {
                self.teller.tell(Tell::Busy("packing".to_owned()));
                let bytes = export.content()?;
                self.teller.tell(Tell::Busy(String::new()));
                self.teller.tell(Tell::Download { name, bytes });
            }
            Ask::Take { name, bytes, purpose } => self.take(&name, &bytes, purpose).await?,
            Ask::Delete(path) => {
                if self.training.as_ref().is_some_and(|t| t.folder() == path) {
                    return Err(Error::Config("this run is under way; stop it before deleting it".to_owned()));
                }
                files::remove_dir(&path)?;
                // What is said to be gone must not come back after a reload.
                self.store().await;
                let parent = path.parent().unwrap_or(&path).to_owned();
                let entries = runs::list(&parent)?;
                if self.subject.as_ref().is_some_and(|s| s.info.folder.as_ref() == Some(&path)) {
                    self.open(&Source::Embedded)?;
                }
                self.teller.tell(Tell::Runs(parent, entries));
            }
        }
        Ok(())
    }

    pub(super) fn subject(&mut self) -> Result<&mut Subject> {
        self.subject
            .as_mut()
            .ok_or_else(|| Error::Config("nothing is open; open a run or the embedded class".to_owned()))
    }

    pub(super) fn open(&mut self, source: &Source) -> Result<()> {
        if self.training.is_some() {
            return Err(Error::Config("a run is under way; stop it before opening something else".to_owned()));
        }
        self.teller.tell(Tell::Busy("opening".to_owned()));
        if let Source::Checkpoint(_) = source
            && let Some(subject) = &mut self.subject
        {
            let (model, about) = subject.other_model(source)?;
            subject.info.model = model.config().clone();
            subject.info.model_about.clone_from(&about);
            subject.model = model;
            let info = Box::new(subject.info.clone());
            self.opened(info);
            return Ok(());
        }
        let subject = Subject::open(source)?;
        let info = Box::new(subject.info.clone());
        self.subject = Some(subject);
        self.opened(info);
        Ok(())
    }

    pub(super) fn opened(&mut self, info: Box<super::SubjectInfo>) {
        self.followed = None;
        self.teller.tell(Tell::Busy(String::new()));
        self.teller.tell(Tell::Opened(info));
        self.survey = self.subject.as_ref().map(Survey::new);
        self.survey_again = false;
    }

    pub(super) async fn compare(&mut self, source: Option<Source>) -> Result<()> {
        let subject = self.subject()?;
        let other = source.map(|s| subject.other_model(&s)).transpose()?;
        let (model, about) = other.unzip();
        subject.other = model;
        self.teller.tell(Tell::Compared(about));
        self.tell_followed().await
    }

    fn check_data(&mut self, config: &crate::config::Config) {
        self.teller.tell(Tell::Busy("reading the data".to_owned()));
        let began = crate::platform::Instant::now();
        let report = load_corpus(config).and_then(|corpus| answers::report(config, &corpus, began));
        self.teller.tell(Tell::Busy(String::new()));
        self.teller.tell(Tell::Data(report.map_err(|e| e.to_string())));
    }

    /// Tells the path of the student followed, through every lens, and of the one compared with.
    pub(super) async fn tell_followed(&mut self) -> Result<()> {
        let Some((student, with)) = self.followed else { return Ok(()) };
        let teller = self.teller.clone();
        let subject = self.subject()?;
        for student in [Some(student), with].into_iter().flatten() {
            let path = answers::student(&mut subject.model, &subject.corpus, student).await?;
            teller.tell(Tell::Student { student, lens: Lens::Main, path: Box::new(path) });
        }
        if let Some(other) = &mut subject.other {
            let path = answers::student(other, &subject.corpus, student).await?;
            teller.tell(Tell::Student { student, lens: Lens::Other, path: Box::new(path) });
        }
        Ok(())
    }

    async fn survey_some(&mut self) {
        let (Some(survey), Some(subject)) = (&mut self.survey, &mut self.subject) else { return };
        match survey.some(subject).await {
            Ok(tells) => tells.into_iter().for_each(|t| self.teller.tell(t)),
            Err(error) => {
                self.survey = None;
                return self.failed("looking through the class", &error);
            }
        }
        if survey.done() {
            self.survey = std::mem::take(&mut self.survey_again).then(|| Survey::new(subject));
        }
    }
}

/// What a question is about, for an error's first words.
fn doing(ask: &Ask) -> &'static str {
    match ask {
        Ask::Open(_) => "opening",
        Ask::Compare(_) => "comparing with another model",
        Ask::Student { .. } => "following the student",
        Ask::WhatIf { .. } => "trying out answers",
        Ask::Moment { .. } => "looking at this moment",
        Ask::Course => "finding the class's quartiles",
        Ask::CheckData(_) => "reading the data",
        Ask::Train(_) => "starting the run",
        Ask::Command(_) => "telling the run",
        Ask::Runs(_) => "listing the runs",
        Ask::Inspect(_) => "reading the run",
        Ask::CompareRuns(_) => "comparing the runs",
        Ask::Save(..) => "saving",
        Ask::Download(..) => "handing over the file",
        Ask::Take { .. } => "taking in the file",
        Ask::Delete(_) => "deleting the run",
    }
}
