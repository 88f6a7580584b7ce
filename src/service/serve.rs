//! The service's loop: requests first, then the messages of a run, then the summaries of the students.

use std::collections::VecDeque;
use std::mem::discriminant;

use async_channel::{Receiver, TryRecvError};
use futures_lite::future::or;

use super::answers::Survey;
use super::background::{Reading, Readings, outcome};
use super::opened::OpenedModel;
use super::protocol::{DataReport, Event, ModelRole, Request, Source};
use super::state::{EventSender, Service};
use super::{answers, runs};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::evaluate::{ClassReport, inspect, inspect_with_deviations, trace_answers};
use crate::experiment::load_corpus;
use crate::platform::{Instant, files};
use crate::train::{Command, Message};

/// What the loop does next.
enum Next {
    Request(Request),
    Run(Result<Option<Message>>),
    Completed(Result<()>),
    Reported(Result<Box<ClassReport>>),
    Read(Reading, Result<Event>),
    Idle,
}

/// Serves `requests` until their channel is closed; a run under way is stopped then, and its last finished epoch is kept.
pub async fn serve(requests: Receiver<Request>, events: EventSender) {
    let mut service = Service {
        events,
        opened: None,
        followed: None,
        survey: None,
        survey_again: false,
        training: None,
        reporting: None,
        readings: Readings::default(),
        completing: None,
        waiting: VecDeque::new(),
        unstored: false,
    };
    while let Some(event) = service.next(&requests).await {
        match event {
            Next::Request(request) => service.answer(request).await,
            Next::Run(outcome) => service.handle_run(outcome).await,
            Next::Completed(outcome) => service.completed(outcome),
            Next::Reported(outcome) => service.reported(outcome),
            Next::Read(reading, outcome) => service.read(reading, outcome),
            Next::Idle => service.survey_some().await,
        }
        service.store().await;
        crate::platform::yield_now().await;
    }
    if let Some(training) = &service.training {
        let _ = training.session.commands().try_send(Command::Stop);
    }
}

impl Service {
    async fn next(&mut self, requests: &Receiver<Request>) -> Option<Next> {
        loop {
            match requests.try_recv() {
                Ok(request) => self.waiting.push_back(request),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => return None,
            }
        }
        while let Some(request) = self.waiting.pop_front() {
            // Of several questions about where the cursor was, only the last is still of interest.
            let passing =
                matches!(request, Request::Inspection { .. } | Request::WhatIf { .. } | Request::Student { .. });
            if !(passing && self.waiting.iter().any(|later| discriminant(later) == discriminant(&request))) {
                return Some(Next::Request(request));
            }
        }
        let surveying = self.survey.is_some();
        let request = async { requests.recv().await.ok().map(Next::Request) };
        let run = async {
            match &mut self.training {
                Some(training) => Some(Next::Run(training.session.next().await)),
                None => std::future::pending().await,
            }
        };
        let completed = async { Some(Next::Completed(outcome(&self.completing).await)) };
        let reported = async { Some(Next::Reported(outcome(&self.reporting).await.map(Box::new))) };
        let read = async {
            let (reading, outcome) = self.readings.next().await;
            Some(Next::Read(reading, outcome))
        };
        let idle = async {
            match surveying {
                true => Some(Next::Idle),
                false => std::future::pending().await,
            }
        };
        or(or(request, run), or(or(completed, reported), or(read, idle))).await
    }

    async fn answer(&mut self, request: Request) {
        let doing = doing(&request);
        if let Err(error) = self.try_answer(request).await {
            self.events.send(Event::Busy(String::new()));
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

    async fn try_answer(&mut self, request: Request) -> Result<()> {
        match request {
            Request::Open(source) => {
                let opened = self.open(&source);
                if opened.is_err() && self.opened.is_none() {
                    // There is always something to look at.
                    self.open(&Source::EMBEDDED)?;
                }
                opened?;
            }
            Request::Compare(source) => self.compare(source).await?,
            Request::Student { student, with } => {
                self.followed = Some((student, with));
                self.send_followed().await?;
            }
            Request::WhatIf { ticket, answers } => {
                let model = &mut self.opened_model()?.model;
                let steps = trace_answers(model, &answers).await?;
                self.events.send(Event::WhatIf { ticket, steps });
            }
            Request::Inspection { ticket, answers, deviations } => {
                let model = &mut self.opened_model()?.model;
                let moment = match deviations {
                    true => inspect_with_deviations(model, &answers).await?,
                    false => inspect(model, &answers).await?,
                };
                self.events.send(Event::Inspection { ticket, moment });
            }
            Request::ClassQuartiles => {
                let quartiles = answers::quartiles(self.opened_model()?).await?;
                self.events.send(Event::ClassQuartiles(quartiles));
            }
            Request::ClassReport => self.report().await?,
            Request::Item { item } => {
                let found = answers::to_item(&self.opened_model()?.corpus, item);
                self.events.send(Event::Item(found));
            }
            Request::CheckData(config) => {
                self.events.send(Event::Busy(Reading::Data.doing().to_owned()));
                self.readings.start(Reading::Data, move || Ok(Event::Data(data_report(&config))))?;
            }
            Request::Train(order) => self.train(*order)?,
            Request::Command(command) => {
                if let Some(training) = &self.training {
                    let _ = training.session.commands().try_send(command);
                    self.events.send(Event::CommandAccepted(command));
                }
            }
            Request::Runs(parent) => {
                let entries = runs::list(&parent)?;
                self.events.send(Event::Runs(parent, entries));
            }
            Request::Inspect(path) => {
                self.events.send(Event::Busy("trying the checklist".to_owned()));
                self.readings.start(Reading::Run, move || Ok(Event::Inspected(Box::new(runs::inspect(&path)?))))?;
            }
            Request::CompareRuns(paths) => {
                self.readings.start(Reading::Pair, move || Ok(Event::Pair(Box::new(runs::pair(&paths)?))))?;
            }
            Request::Save(path, export) => {
                files::write_atomic(&path, &export.content()?)?;
                self.events.send(Event::Saved(path));
            }
            Request::Download(name, export) => {
                self.events.send(Event::Busy("packing".to_owned()));
                let bytes = export.content()?;
                self.events.send(Event::Busy(String::new()));
                self.events.send(Event::Download { name, bytes });
            }
            Request::Take { name, bytes, purpose } => self.take(&name, &bytes, purpose).await?,
            Request::Delete(path) => {
                if self.training.as_ref().is_some_and(|t| t.folder() == path) {
                    return Err(Error::Request("this run is under way; stop it before deleting it".to_owned()));
                }
                files::remove_dir(&path)?;
                // What is said to be gone must not come back after a reload.
                self.store().await;
                let parent = path.parent().unwrap_or(&path).to_owned();
                let entries = runs::list(&parent)?;
                if self.opened.as_ref().is_some_and(|s| s.info.folder.as_ref() == Some(&path)) {
                    self.open(&Source::EMBEDDED)?;
                }
                self.events.send(Event::Runs(parent, entries));
            }
        }
        Ok(())
    }

    pub(super) fn opened_model(&mut self) -> Result<&mut OpenedModel> {
        self.opened
            .as_mut()
            .ok_or_else(|| Error::Request("nothing is open; open a run or the embedded class".to_owned()))
    }

    pub(super) fn open(&mut self, source: &Source) -> Result<()> {
        if self.training.is_some() {
            return Err(Error::Request("a run is under way; stop it before opening something else".to_owned()));
        }
        self.events.send(Event::Busy("opening".to_owned()));
        if let Source::Checkpoint(_) = source
            && let Some(opened) = &mut self.opened
        {
            let (model, about) = opened.other_model(source)?;
            opened.info.model = model.config().clone();
            opened.info.model_about.clone_from(&about);
            opened.model = model;
            let info = Box::new(opened.info.clone());
            self.announce_opened(info);
            return Ok(());
        }
        let opened = OpenedModel::open(source)?;
        let info = Box::new(opened.info.clone());
        self.opened = Some(opened);
        self.announce_opened(info);
        Ok(())
    }

    pub(super) fn announce_opened(&mut self, info: Box<super::OpenedInfo>) {
        self.followed = None;
        self.events.send(Event::Busy(String::new()));
        self.events.send(Event::Opened(info));
        self.survey = self.opened.as_ref().map(Survey::new);
        self.survey_again = false;
    }

    pub(super) async fn compare(&mut self, source: Option<Source>) -> Result<()> {
        let opened = self.opened_model()?;
        let other = source.map(|s| opened.other_model(&s)).transpose()?;
        let (model, about) = other.unzip();
        opened.other = model;
        self.events.send(Event::Compared(about));
        self.send_followed().await
    }

    async fn report(&mut self) -> Result<()> {
        if self.reporting.is_none() {
            self.reporting = Some(answers::class_report_task(self.opened_model()?).await?);
        }
        Ok(())
    }

    fn reported(&mut self, outcome: Result<Box<ClassReport>>) {
        self.reporting = None;
        match outcome {
            Ok(report) => self.events.send(Event::ClassReport(report)),
            Err(error) => self.failed("asking the model about the class", &error),
        }
    }

    /// Tells what was read.
    fn read(&mut self, reading: Reading, outcome: Result<Event>) {
        self.readings.done(reading);
        self.events.send(Event::Busy(String::new()));
        match outcome {
            Ok(event) => self.events.send(event),
            Err(error) => self.failed(reading.doing(), &error),
        }
    }

    /// Tells the path of the student followed, through every model, and of the one compared with.
    pub(super) async fn send_followed(&mut self) -> Result<()> {
        let Some((student, with)) = self.followed else { return Ok(()) };
        let events = self.events.clone();
        let opened = self.opened_model()?;
        for student in [Some(student), with].into_iter().flatten() {
            let path = answers::student(&mut opened.model, &opened.corpus, student).await?;
            events.send(Event::Student { student, role: ModelRole::Main, path: Box::new(path) });
        }
        if let Some(other) = &mut opened.other {
            let path = answers::student(other, &opened.corpus, student).await?;
            events.send(Event::Student { student, role: ModelRole::Other, path: Box::new(path) });
        }
        Ok(())
    }

    async fn survey_some(&mut self) {
        let (Some(survey), Some(opened)) = (&mut self.survey, &mut self.opened) else { return };
        match survey.some(opened).await {
            Ok(events) => events.into_iter().for_each(|t| self.events.send(t)),
            Err(error) => {
                self.survey = None;
                return self.failed("looking through the class", &error);
            }
        }
        if survey.done() {
            self.survey = std::mem::take(&mut self.survey_again).then(|| Survey::new(opened));
        }
    }
}

/// What the data a config names hold, or why they cannot be used.
fn data_report(config: &Config) -> std::result::Result<DataReport, String> {
    let began = Instant::now();
    load_corpus(config).and_then(|corpus| answers::report(config, &corpus, began)).map_err(|e| e.to_string())
}

/// What a question is about, for an error's first words.
fn doing(request: &Request) -> &'static str {
    match request {
        Request::Open(_) => "opening",
        Request::Compare(_) => "comparing with another model",
        Request::Student { .. } => "following the student",
        Request::WhatIf { .. } => "trying out answers",
        Request::Inspection { .. } => "looking at this moment",
        Request::ClassQuartiles => "finding the class's quartiles",
        Request::ClassReport => "asking the model about the class",
        Request::Item { .. } => "looking up who answered an item",
        Request::CheckData(_) => Reading::Data.doing(),
        Request::Train(_) => "starting the run",
        Request::Command(_) => "telling the run",
        Request::Runs(_) => "listing the runs",
        Request::Inspect(_) => Reading::Run.doing(),
        Request::CompareRuns(_) => Reading::Pair.doing(),
        Request::Save(..) => "saving",
        Request::Download(..) => "handing over the file",
        Request::Take { .. } => "taking in the file",
        Request::Delete(_) => "deleting the run",
    }
}
