//! `gainakt train`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_channel::Sender;
use clap::Args;
use futures_lite::future::block_on;

use super::ColumnArgs;
use super::terminal::{Progress, Terminal};
use crate::config::{Config, ModelKind};
use crate::error::{Error, Result};
use crate::evaluate::parts;
use crate::experiment::{
    File, Launch, LaunchInfo, RunFolder, RunLines, Session, finished_folder, load_config, load_corpus,
    settings_from_json, start,
};
use crate::platform::device::DeviceChoice;
use crate::platform::{Instant, files, utc_stamp};
use crate::train::{Command, Ended, Message, Phase, Results};

/// Data and settings of a run.
#[derive(Debug, Clone, Args)]
pub(super) struct SettingsArgs {
    /// Raw interactions or pykt's train_valid_sequences.csv; plain, gzipped, or in a zip archive.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// pykt's test_sequences.csv, in addition to training sequences.
    #[arg(long, value_name = "FILE", requires = "data")]
    test_data: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    /// The kind of model.
    #[arg(long, value_name = "KIND", value_parser = ModelKind::from_name)]
    model: Option<ModelKind>,
    /// Built-in settings: demo, assist2015_small, gainakt2exp, evidence, assist2015_evidence, evidence_lstm (slower, more
    /// accurate), evidence_items and evidence_items_lstm (data that name items), dkt, sakt, akt or simplekt.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    preset: Option<String>,
    /// Settings from a JSON file or a run's config.json.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Validation fold, 0 to 4.
    #[arg(long)]
    fold: Option<u8>,
    /// Maximum number of epochs.
    #[arg(long)]
    epochs: Option<usize>,
    /// Windows per training step.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Learning rate.
    #[arg(long)]
    lr: Option<f64>,
    /// Seed of weights, dropout, shuffling and the embedded class.
    #[arg(long)]
    seed: Option<u64>,
}

impl SettingsArgs {
    /// The same data and numbers for another kind of model.
    pub(super) fn of_kind(&self, kind: ModelKind) -> Self {
        Self { model: Some(kind), ..self.clone() }
    }
}

/// What `gainakt train` takes.
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Where to create the run folder.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Last part of the run folder's name.
    #[arg(long, default_value = "baseline")]
    title: String,
    /// How to show progress.
    #[arg(long, value_enum, default_value_t)]
    progress: Progress,
    /// Purpose of the run, for the record.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Continue an interrupted run with the settings it began with.
    #[arg(long, value_name = "RUN_DIR", conflicts_with_all = ["model", "data", "test_data", "preset", "config", "fold", "batch_size", "lr", "seed", "title", "purpose", "out"])]
    resume: Option<PathBuf>,
}

/// Trains, showing progress, and prints the best model's figures.
pub(super) fn train(args: &TrainArgs) -> Result<()> {
    let (config, folder) = match &args.resume {
        Some(path) => {
            let folder = RunFolder::open(path)?;
            if finished_folder(&folder) {
                return Err(Error::Request(format!(
                    "{}: this run is finished; there is nothing to continue",
                    path.display()
                )));
            }
            (load_config(&folder)?, Some(folder))
        }
        None => (settings(&args.settings)?, None),
    };
    let reading = Instant::now();
    let corpus = Arc::new(load_corpus(&config)?);
    parts(&config, &corpus)?;
    let seconds = reading.elapsed().as_secs_f64();
    let about = folder.is_none().then(|| LaunchInfo {
        launcher: super::command_line(),
        started: utc_stamp(),
        title: args.title.clone(),
        purpose: args.purpose.clone().unwrap_or_default(),
    });
    let folder = match folder {
        Some(folder) => folder,
        None => RunFolder::create(&args.out, config.model.kind, &args.title)?,
    };
    let mut terminal = Terminal::new(args.progress, Some(Box::new(files::append(&folder.file(File::Log))?)));
    terminal.folder(folder.path());
    terminal.line(&RunLines::data(&config, &corpus, seconds));
    let mut session =
        start(Launch { config, corpus: corpus.clone(), device: args.device, folder: folder.clone(), about })?;
    stop_on_interrupt(session.commands());
    let outcome = show(&mut session, &mut terminal, folder.path());
    terminal.clear();
    match outcome? {
        Some(results) if results.ended != Ended::Stopped => block_on(session.complete(&corpus, args.device, &results)),
        _ => Ok(()),
    }
}

pub(super) fn settings(args: &SettingsArgs) -> Result<Config> {
    let mut config = match (&args.preset, &args.config, &args.data) {
        (Some(preset), _, _) => Config::preset(preset)?,
        (None, Some(path), _) => settings_from_json(&path.display().to_string(), &files::read_text(path)?)?,
        (None, None, data) => Config::preset(Config::preset_for(args.model.unwrap_or_default(), data.is_some()))?,
    };
    config.model.kind = args.model.unwrap_or(config.model.kind);
    if let Some(data) = &args.data {
        config.data.path = Some(absolute(data)?);
        config.data.test_path = args.test_data.as_deref().map(absolute).transpose()?;
        config.data.columns = args.columns.names();
        if args.preset.is_none() && args.config.is_none() {
            let name = data.file_name().unwrap_or_default().to_string_lossy();
            config.data.dataset = name.split('.').next().unwrap_or_default().to_owned();
        }
    } else if config.data.path.is_none() {
        config.data.dataset = "embedded".to_owned();
    }
    config.data.fold = args.fold.unwrap_or(config.data.fold);
    config.training.epochs = args.epochs.unwrap_or(config.training.epochs);
    config.training.batch_size = args.batch_size.unwrap_or(config.training.batch_size);
    config.training.lr = args.lr.unwrap_or(config.training.lr);
    config.seeds.seed = args.seed.unwrap_or(config.seeds.seed);
    config.check()?;
    Ok(config)
}

fn absolute(path: &Path) -> Result<String> {
    let path = std::path::absolute(path).map_err(|e| Error::io(path.display(), e))?;
    Ok(path.display().to_string())
}

/// The first Ctrl-C ends the run in good order, the second at once.
fn stop_on_interrupt(commands: Sender<Command>) {
    let mut asked = false;
    // Without a handler Ctrl-C simply ends the process, which loses one epoch at most.
    let _ = ctrlc::set_handler(move || {
        if std::mem::replace(&mut asked, true) || commands.try_send(Command::Stop).is_err() {
            std::process::exit(130);
        }
        eprintln!("stopping after this step; Ctrl-C again stops at once");
    });
}

fn show(session: &mut Session, terminal: &mut Terminal, folder: &Path) -> Result<Option<Box<Results>>> {
    let mut lines = RunLines::new(folder);
    let mut ended = None;
    let mut epochs = 0;
    while let Some(message) = session.wait()? {
        lines.lines(&message).iter().for_each(|line| terminal.line(line));
        match message {
            Message::Started { epochs: all, .. } => epochs = all,
            Message::Progress { epoch, phase, done, total, loss, .. } => {
                let task = match phase {
                    Phase::Train => format!("epoch {epoch}/{epochs}"),
                    Phase::Validate => format!("epoch {epoch}/{epochs} validating"),
                    Phase::Evaluate => "measuring the best model".to_owned(),
                };
                terminal.progress(&task, &loss.map_or(String::new(), |l| format!("loss {l:.4}")), done, total);
            }
            Message::Finished(results) => ended = Some(results),
            _ => {}
        }
    }
    Ok(ended)
}
