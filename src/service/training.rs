//! A run under way: its folder, its log, and the open model, which gets the run's weights after every epoch.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::opened::{OpenedModel, folder_name, open_folder, shape};
use super::protocol::{Event, TrainRequest};
use super::state::{Service, Training};
use crate::config::Config;
use crate::data::Corpus;
use crate::error::{Error, Result};
use crate::evaluate::parts;
use crate::experiment::{
    File, Launch, LaunchInfo, RunFolder, RunLines, Session, finished_folder, load_corpus, load_model, start,
};
use crate::model::Model;
use crate::platform::device::{Device, DeviceChoice};
use crate::platform::{Instant, files, spawn_task, utc_stamp};
use crate::train::{CheckpointKind, Ended, Message, decode_weights};

/// What the service is busy with once the data are read.
pub(super) const PREPARING: &str = "preparing the students";

/// What started a run that was not started by a command.
const LAUNCHER: &str = if crate::platform::IN_BROWSER { "the page, Train" } else { "gainakt, the window, Train" };

impl Service {
    /// Starts (or goes on with) a run; its data and its untrained model become what is open.
    pub(super) fn train(&mut self, order: TrainRequest) -> Result<()> {
        if self.training.is_some() || self.completing.is_some() {
            return Err(Error::Request("a run is under way already; stop it or wait for its end".to_owned()));
        }
        let resumed = order.resume.as_deref().map(open_folder).transpose()?;
        let config = resumed.as_ref().map_or_else(|| order.config.clone(), |(_, config)| config.clone());
        if let Some((folder, _)) = resumed.as_ref().filter(|(folder, _)| finished_folder(folder)) {
            let name = folder_name(folder.path());
            return Err(Error::Request(format!("{name}: this run is finished; there is nothing to continue")));
        }
        self.events.send(Event::Busy("reading the data".to_owned()));
        let began = Instant::now();
        let known = self.opened.as_ref().filter(|s| same_data(&s.info.config, &config));
        let corpus = match known {
            Some(opened) => opened.corpus.clone(),
            None => Arc::new(load_corpus(&config)?),
        };
        parts(&config, &corpus)?;
        self.events.send(Event::Busy(PREPARING.to_owned()));
        let followed = self.followed.filter(|_| known.is_some());
        let fresh = resumed.is_none();
        let folder = match resumed {
            Some((folder, _)) => folder,
            None => RunFolder::create(&order.out, config.model.kind, &order.title)?,
        };
        let model = match files::is_file(&folder.file(File::Best)) {
            true => load_model(&folder, &config, &corpus, &Device::Cpu)?,
            false => Model::new(&shape(&config, &corpus), config.seeds.seed, &Device::Cpu)?,
        };
        let about = fresh.then(|| LaunchInfo {
            launcher: LAUNCHER.to_owned(),
            started: utc_stamp(),
            title: order.title.clone(),
            purpose: String::new(),
        });
        let mut log = files::append(&folder.file(File::Log))?;
        // A full disk shows at the next checkpoint, in words.
        let _ = writeln!(log, "{}", RunLines::data(&config, &corpus, began.elapsed().as_secs_f64()));
        let launch = Launch {
            config: config.clone(),
            corpus: corpus.clone(),
            device: order.device,
            folder: folder.clone(),
            about,
        };
        let session = start(launch)?;
        self.begin(&config, &corpus, model, &session, folder.path());
        self.followed = followed;
        let lines = RunLines::new(folder.path());
        self.training = Some(Training { session, corpus, order, folder, lines, log, results: None, failures: 0 });
        Ok(())
    }

    fn begin(&mut self, config: &Config, corpus: &Arc<Corpus>, model: Model, session: &Session, folder: &Path) {
        let history = session.history().to_vec();
        let about = match history.last() {
            Some(row) => format!("the run's best model until epoch {}", row.epoch),
            None => "weights before training".to_owned(),
        };
        let opened = OpenedModel::new(&folder_name(folder), about, Some(folder), config.clone(), corpus.clone(), model);
        let info = Box::new(opened.info.clone());
        self.opened = Some(opened);
        self.announce_opened(info);
        let began = Event::RunBegan { folder: folder.to_owned(), history };
        self.events.send(began);
    }

    /// Takes in what the run says.
    pub(super) async fn handle_run(&mut self, outcome: Result<Option<Message>>) {
        match outcome {
            Ok(Some(message)) => {
                if let Err(error) = self.update_model(&message).await {
                    self.failed("showing the run's latest model", &error);
                }
                let Some(training) = &mut self.training else { return };
                for line in training.lines.lines(&message) {
                    let _ = writeln!(training.log, "{line}");
                }
                match &message {
                    Message::Finished(results) => training.results = Some(results.clone()),
                    Message::Epoch(_) => training.failures = 0,
                    _ => {}
                }
                self.events.send(Event::Run(Box::new(without_bytes(message))));
            }
            Ok(None) => self.run_over(),
            Err(error) => self.run_failed(&error),
        }
    }

    /// Gives the open model the run's latest weights; at its end the best ones.
    async fn update_model(&mut self, message: &Message) -> Result<()> {
        let (bytes, about) = match message {
            Message::Checkpoint { kind: CheckpointKind::Last, epoch, bytes } => {
                (bytes.clone(), format!("the run after epoch {epoch}"))
            }
            Message::Finished(results) if results.ended != Ended::Stopped => {
                let Some(training) = &self.training else { return Ok(()) };
                let best = files::read(&training.folder.file(File::Best))?;
                (Arc::new(best), format!("the run's best model, of epoch {}", results.best_epoch))
            }
            _ => return Ok(()),
        };
        let (_, weights) = decode_weights("the run's checkpoint", &bytes)?;
        let opened = self.opened_model()?;
        opened.model.write_weights(&weights)?;
        opened.info.model_about.clone_from(&about);
        self.events.send(Event::Weights { about });
        self.send_followed().await?;
        // Epochs may be quicker than a survey: one under way is finished first.
        match &self.survey {
            Some(_) => self.survey_again = true,
            None => self.survey = self.opened.as_ref().map(super::answers::Survey::new),
        }
        Ok(())
    }

    /// Ends the run, or goes on with it where only its graphics device failed: once on a new device, then on the CPU.
    fn run_failed(&mut self, error: &Error) {
        let Some(training) = self.training.take() else { return };
        let known = training.order.device != DeviceChoice::Cpu && files::is_file(&training.folder.file(File::Config));
        if !matches!(error, Error::Device(_)) || !known || training.failures > 1 {
            self.events.send(Event::RunEnded(Err(error.to_string())));
            return;
        }
        let device = if training.failures == 0 { training.order.device } else { DeviceChoice::Cpu };
        let failures = training.failures + 1;
        let resume = Some(training.folder.path().to_owned());
        let order = TrainRequest { device, resume, ..training.order };
        drop((training.session, training.log));
        match self.train(order) {
            Ok(()) => {
                let place = if device == DeviceChoice::Cpu { "on the CPU" } else { "on a new device" };
                let problem = format!("{error}. The run goes on after its last finished epoch, {place}");
                self.events.send(Event::Failed { doing: "training on this device".to_owned(), problem });
            }
            Err(error) => self.events.send(Event::RunEnded(Err(error.to_string()))),
        }
        if let Some(training) = &mut self.training {
            training.failures = failures;
        }
    }

    fn run_over(&mut self) {
        let Some(Training { session, corpus, order, results, .. }) = self.training.take() else { return };
        let device = order.device;
        match results {
            Some(results) if results.ended != Ended::Stopped => {
                let complete = move || async move { session.complete(&corpus, device, &results).await };
                match spawn_task("gainakt-complete", complete) {
                    Ok(task) => self.completing = Some(task),
                    Err(error) => self.events.send(Event::RunEnded(Err(error.to_string()))),
                }
            }
            _ => self.events.send(Event::RunEnded(Ok("stopped; its last finished epoch is kept".to_owned()))),
        }
    }

    /// The folder of a finished run is complete, or could not be completed.
    pub(super) fn completed(&mut self, outcome: Result<()>) {
        self.completing = None;
        let told = outcome.map(|()| "finished; its folder is complete".to_owned()).map_err(|e| e.to_string());
        self.events.send(Event::RunEnded(told));
    }
}

/// Whether two configs read the same data into the same windows.
fn same_data(a: &Config, b: &Config) -> bool {
    let simulated = a.data.path.is_some() || a.seeds.seed == b.seeds.seed;
    a.data == b.data && a.model_config.seq_len == b.model_config.seq_len && simulated
}

fn without_bytes(message: Message) -> Message {
    match message {
        Message::Checkpoint { kind, epoch, .. } => Message::Checkpoint { kind, epoch, bytes: Arc::default() },
        other => other,
    }
}
