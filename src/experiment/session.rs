//! A run with its folder: the owner thread trains, the session keeps what it sends and passes it on.

use std::sync::Arc;
use std::thread::JoinHandle;

use async_channel::{Receiver, Sender};
use serde_json::Value;

use super::folder::{File, RunFolder};
use super::record::{Circumstances, config_json, metrics_csv, results_json};
use crate::config::Config;
use crate::data::Corpus;
use crate::error::{Error, Result};
use crate::model::ModelConfig;
use crate::platform::device::{DeviceChoice, choose};
use crate::platform::{files, spawn_owner};
use crate::train::{CheckpointKind, Command, Control, EpochRow, Message, Request, Results, Resume, TrainState, run};

/// Messages that may wait; checkpoints are large, so a slow disk holds the run back rather than fill memory.
const WAITING: usize = 16;

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// All settings.
    pub config: Config,
    /// The data.
    pub corpus: Arc<Corpus>,
    /// Which device.
    pub device: DeviceChoice,
    /// The folder, new or of an interrupted run.
    pub folder: RunFolder,
    /// What config.json says beside the settings; `None` where the folder is continued.
    pub about: Option<Circumstances>,
}

/// A run under way.
#[derive(Debug)]
pub struct Session {
    folder: RunFolder,
    config: Config,
    about: Option<Circumstances>,
    history: Vec<EpochRow>,
    messages: Receiver<Message>,
    commands: Sender<Command>,
    owner: Option<JoinHandle<Result<Results>>>,
}

/// Starts training on a thread of its own.
///
/// # Errors
/// The folder's checkpoints are damaged or of another model.
pub fn start(launch: Launch) -> Result<Session> {
    let Launch { config, corpus, device, folder, about } = launch;
    let shape = ModelConfig::new(&config, corpus.skills.len());
    let resume = if about.is_none() { saved_state(&folder, &shape)? } else { None };
    let history = resume.as_ref().map_or_else(Vec::new, |r| r.state.run.history.clone());
    if about.is_none() {
        // A kill may have come between the state and the metrics.
        folder.write(File::Metrics, metrics_csv(&history).as_bytes())?;
    }
    let (say, messages) = async_channel::bounded(WAITING);
    let (commands, obey) = async_channel::unbounded();
    let request = Request { config: config.clone(), corpus, resume };
    let control = Control { messages: say, commands: obey };
    let owner = spawn_owner("gainakt-train", move || async move {
        let compute = choose(device).await?;
        let opened = Message::Device { kind: compute.kind.to_owned(), label: compute.label.clone() };
        // A listener that is gone ends the run at its first own message.
        let _ = control.messages.send(opened).await;
        run(request, &compute.device, &control).await
    })?;
    Ok(Session { folder, config, about, history, messages, commands, owner: Some(owner) })
}

fn saved_state(folder: &RunFolder, shape: &ModelConfig) -> Result<Option<Resume>> {
    let path = folder.file(File::State);
    if !path.is_file() {
        return Ok(None);
    }
    let state = TrainState::decode(&path.display().to_string(), &files::read(&path)?, shape)?;
    let best = files::read(&folder.file(File::Best))?;
    Ok(Some(Resume { state, best }))
}

/// Whether a folder's run came to its own end, and so has nothing to continue.
pub fn finished_folder(folder: &RunFolder) -> bool {
    let ended = files::read_text(&folder.file(File::Results)).ok().and_then(|t| serde_json::from_str::<Value>(&t).ok());
    ended.is_some_and(|r| r["ended"] != "stopped")
}

impl Session {
    /// Where commands go.
    pub fn commands(&self) -> Sender<Command> {
        self.commands.clone()
    }

    /// Waits for the next message, writes what it carries into the folder and hands it on; `None` when the run
    /// is over.
    ///
    /// # Errors
    /// What ended the run, or a file that cannot be written.
    pub fn wait(&mut self) -> Result<Option<Message>> {
        match self.messages.recv_blocking() {
            Ok(message) => {
                self.keep(&message)?;
                Ok(Some(message))
            }
            Err(_) => self.end(),
        }
    }

    fn end(&mut self) -> Result<Option<Message>> {
        let Some(owner) = self.owner.take() else {
            return Ok(None);
        };
        match owner.join() {
            Ok(Err(error)) if !self.folder.file(File::Config).exists() => {
                // Nothing was trained: a folder that says nothing is only litter.
                files::remove_dir(self.folder.path())?;
                Err(error)
            }
            Ok(outcome) => outcome.map(|_| None),
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied());
                Err(Error::Device(format!("training failed inside the device: {}", text.unwrap_or("no reason given"))))
            }
        }
    }

    fn keep(&mut self, message: &Message) -> Result<()> {
        match message {
            Message::Device { kind, label } => match &self.about {
                Some(about) => {
                    self.folder.write(File::Config, config_json(&self.config, about, (kind, label))?.as_bytes())
                }
                None => Ok(()),
            },
            Message::Checkpoint { kind, bytes, .. } => {
                let file = match kind {
                    CheckpointKind::Best => File::Best,
                    CheckpointKind::Last => File::Last,
                    CheckpointKind::State => File::State,
                };
                self.folder.write(file, bytes)
            }
            Message::Epoch(row) => {
                self.history.push((**row).clone());
                self.folder.write(File::Metrics, metrics_csv(&self.history).as_bytes())
            }
            Message::Finished(results) => {
                self.folder.write(File::Results, results_json(results, &self.history)?.as_bytes())
            }
            Message::Started { .. } | Message::Progress { .. } | Message::Warning(_) => Ok(()),
        }
    }
}
