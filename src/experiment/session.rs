//! A run with its folder: a task trains, the session keeps what it sends and passes it on.

use std::sync::{Arc, OnceLock};

use async_channel::{Receiver, Sender};
use futures_lite::future::block_on;
use serde_json::Value;

use super::artifacts::write_artifacts;
use super::config_record::{DeviceRecord, LaunchInfo, config_json, train_command};
use super::environment::{environment, seed_info};
use super::folder::{File, RunFolder};
use super::manifest::seal;
use super::record::{metrics_csv, pretty, results_json};
use super::report::readme;
use crate::config::Config;
use crate::data::Corpus;
use crate::error::{Error, Result};
use crate::model::ModelConfig;
use crate::platform::device::{Device, DeviceChoice, choose};
use crate::platform::{Task, files, spawn_task, system};
use crate::train::{CheckpointKind, Command, Control, EpochRow, Message, Results, Resume, TrainInput, TrainState, run};

/// Messages that may wait; checkpoints are large, so with a slow disk the run waits instead of filling memory.
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
    pub about: Option<LaunchInfo>,
}

/// A run under way.
#[derive(Debug)]
pub struct Session {
    folder: RunFolder,
    config: Config,
    about: Option<LaunchInfo>,
    history: Vec<EpochRow>,
    messages: Receiver<Message>,
    commands: Sender<Command>,
    task: Option<Task<Result<Results>>>,
    /// The device, once it is open.
    device: Arc<OnceLock<Device>>,
}

/// Starts training on a thread of its own.
///
/// # Errors
/// The folder's checkpoints are damaged or of another model.
pub fn start(launch: Launch) -> Result<Session> {
    let Launch { config, corpus, device, folder, about } = launch;
    let shape = ModelConfig::new(&config, corpus.skills.len(), corpus.items.len());
    let resume = if about.is_none() { saved_state(&folder, &shape)? } else { None };
    let history = resume.as_ref().map_or_else(Vec::new, |r| r.state.run.history.clone());
    if about.is_none() {
        // A kill may have come between the state and the metrics.
        folder.write(File::Metrics, metrics_csv(&history).as_bytes())?;
    }
    let (message_tx, messages) = async_channel::bounded(WAITING);
    let (commands, command_rx) = async_channel::unbounded();
    let request = TrainInput { config: config.clone(), corpus, resume };
    let control = Control { messages: message_tx, commands: command_rx };
    let opened_device = Arc::new(OnceLock::new());
    let task_device = opened_device.clone();
    let task = spawn_task("gainakt-train", move || async move {
        let compute = choose(device).await?;
        task_device.get_or_init(|| compute.device.clone());
        let opened = Message::Device {
            kind: compute.kind.to_owned(),
            label: compute.label.clone(),
            details: compute.details.clone(),
        };
        // A listener that is gone ends the run at its first own message.
        let _ = control.messages.send(opened).await;
        run(request, &compute.device, &control).await
    })?;
    Ok(Session { folder, config, about, history, messages, commands, task: Some(task), device: opened_device })
}

fn saved_state(folder: &RunFolder, shape: &ModelConfig) -> Result<Option<Resume>> {
    let path = folder.file(File::State);
    if !files::is_file(&path) {
        return Ok(None);
    }
    let state = TrainState::decode(&path.display().to_string(), &files::read(&path)?, shape)?;
    let best = files::read(&folder.file(File::Best))?;
    Ok(Some(Resume { state, best }))
}

/// Whether a folder is complete, its manifest written: there is nothing to continue.
pub fn finished_folder(folder: &RunFolder) -> bool {
    files::is_file(&folder.file(File::Manifest))
}

impl Session {
    /// Epochs done, those before the run was continued among them.
    pub fn history(&self) -> &[EpochRow] {
        &self.history
    }

    /// Where commands go.
    pub fn commands(&self) -> Sender<Command> {
        self.commands.clone()
    }

    /// The blocking form of [`Self::next`].
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn wait(&mut self) -> Result<Option<Message>> {
        block_on(self.next())
    }

    /// Waits for the next message, writes what it carries into the folder and hands it on; `None` when the run
    /// is over. Nothing is lost where it is dropped while waiting.
    ///
    /// # Errors
    /// What ended the run, or a file that cannot be written.
    pub async fn next(&mut self) -> Result<Option<Message>> {
        match self.messages.recv().await {
            Ok(message) => {
                self.keep(&message)?;
                Ok(Some(message))
            }
            Err(_) => self.end().await,
        }
    }

    async fn end(&mut self) -> Result<Option<Message>> {
        let Some(task) = &self.task else {
            return Ok(None);
        };
        let outcome = match (task.join().await.flatten(), self.device.get()) {
            // burn panics where its device is lost: then the device is the reason.
            (Err(panicked @ Error::Panicked(_)), Some(Device::Gpu(gpu))) => Err(gpu.check().err().unwrap_or(panicked)),
            (outcome, _) => outcome,
        };
        self.task = None;
        match outcome {
            Err(error) if !files::is_file(&self.folder.file(File::Config)) => {
                // Nothing was trained: a folder without content is removed.
                files::remove_dir(self.folder.path())?;
                Err(error)
            }
            outcome => outcome.map(|_| None),
        }
    }

    /// Writes what is known before the first step.
    fn begin(&self, device: (&str, &str), details: &Value) -> Result<()> {
        let Some(about) = &self.about else {
            return Ok(());
        };
        self.folder.write(File::Environment, pretty(&environment(&self.config, device, details)?)?.as_bytes())?;
        self.folder.write(File::SeedInfo, seed_info(&self.config).as_bytes())?;
        let script = format!(
            "#!/bin/sh\n# Repeats this run from its config.json, beside this folder; gainakt reproduce also compares.\n\
             # It was started by: {}\ncd \"$(dirname \"$0\")\" || exit\n{} \"$@\"\n",
            about.launcher.replace('\n', " "),
            train_command(&about.title, device.0)
        );
        self.folder.write(File::Script, script.as_bytes())?;
        let threads = system()["threads"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
        let device = DeviceRecord { kind: device.0, label: device.1, threads };
        // Last, since a folder with a config.json can be continued.
        self.folder.write(File::Config, config_json(&self.config, &self.folder.name(), about, device)?.as_bytes())
    }

    /// Completes the folder of a run that came to its end: trajectories, plots, README and manifest. Nothing may be
    /// written to the folder, its log included, after this.
    ///
    /// # Errors
    /// The device fails or a file cannot be written.
    pub async fn complete(&self, corpus: &Corpus, device: DeviceChoice, results: &Results) -> Result<()> {
        let compute = choose(device).await?;
        write_artifacts(&self.folder, &self.config, corpus, &self.history, &compute.device).await?;
        self.folder.write(File::Readme, readme(&self.folder, &self.config, results)?.as_bytes())?;
        seal(&self.folder)
    }

    fn keep(&mut self, message: &Message) -> Result<()> {
        match message {
            Message::Device { kind, label, details } => self.begin((kind, label), details),
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
