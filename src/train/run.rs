//! `run`: the epochs of an experiment, from the first step to the figures of its best model.

use std::ops::ControlFlow;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use super::checkpoint::{RunState, TrainState, decode_weights, encode_state, encode_weights};
use super::ended::Ended;
use super::epoch::EpochLog;
use super::message::{CheckpointKind, Command, EpochRow, Message, Phase, READ_EVERY, Results};
use super::plateau::Plateau;
use super::stepper::Stepper;
use crate::config::{Config, ModelKind};
use crate::data::{Corpus, Split, Window};
use crate::error::{Error, Result};
use crate::evaluate::{
    Measure, baselines, evaluate_parts, final_part, global_alignment, infer, measure, parts, truth_correlation,
};
use crate::model::ModelConfig;
use crate::model::gainakt2exp::LossTerm;
use crate::objective::{Controller, ControllerSettings, EpochResult};
use crate::platform::{self, device::Device};

/// Keeps the shuffles apart from the stream that drew the weights.
const SHUFFLE_STREAM: u64 = 0x5eed_0f0d;

/// The loss term whose mean the controller reads.
const VARIANCE: &str = LossTerm::NAMES[LossTerm::MasteryVariance as usize];

/// What to train.
#[derive(Debug, Clone)]
pub struct TrainInput {
    /// All settings.
    pub config: Config,
    /// The data.
    pub corpus: Arc<Corpus>,
    /// Where to go on, if not at the start.
    pub resume: Option<Resume>,
}

/// Checkpoints of an interrupted run.
#[derive(Debug, Clone)]
pub struct Resume {
    /// The state file.
    pub state: TrainState,
    /// The best weights' file.
    pub best: Vec<u8>,
}

/// The channels of a run: messages out, commands in.
#[derive(Debug, Clone)]
pub struct Control {
    /// Where messages go. A closed channel ends the run.
    pub messages: Sender<Message>,
    /// Where commands come from. A closed channel ends a pause.
    pub commands: Receiver<Command>,
}

impl Control {
    async fn send(&self, message: Message) -> Result<()> {
        self.messages.send(message).await.map_err(|_| Error::Cancelled("nobody listens to the run any more".to_owned()))
    }

    /// Tells progress, which may be dropped where the listener is slow, and obeys waiting commands.
    async fn progress(&self, message: Message) -> ControlFlow<()> {
        let _ = self.messages.try_send(message);
        if self.stopped().await { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Obeys waiting commands; true where the run shall stop.
    async fn stopped(&self) -> bool {
        platform::yield_now().await;
        let mut paused = false;
        loop {
            let command = if paused {
                // A sender that is gone can never resume: go on.
                self.commands.recv().await.unwrap_or(Command::Resume)
            } else {
                match self.commands.try_recv() {
                    Ok(command) => command,
                    Err(_) => return false,
                }
            };
            match command {
                Command::Stop => return true,
                Command::Pause => paused = true,
                Command::Resume => paused = false,
            }
        }
    }
}

/// Trains until the last epoch, early stop, a command or an error; then measures the best model.
///
/// Same request, same device: same messages, byte for byte.
///
/// # Errors
/// Data without training or validation windows, a state of another model, a non-finite loss, a failing device.
pub async fn run(request: TrainInput, device: &Device, control: &Control) -> Result<Results> {
    let TrainInput { config, corpus, resume } = request;
    let windows = parts(&config, &corpus)?;
    let mut trainer = Trainer::new(&config, &corpus, device, resume)?;
    let first_epoch = trainer.state.epoch + 1;
    control
        .send(Message::Started {
            parameters: trainer.stepper.model.layout().count(),
            steps: windows[0].len().div_ceil(config.training.batch_size),
            first_epoch,
            epochs: config.training.epochs,
            parts: windows.each_ref().map(|w| (w.len(), Corpus::steps(w))),
        })
        .await?;
    let mut ended = Ended::AllEpochs;
    for epoch in first_epoch..=config.training.epochs {
        if trainer.state.plateau.exhausted(epoch - 1, config.training.patience) {
            ended = Ended::NoBetterAuc(config.training.patience);
            break;
        }
        if !trainer.epoch(epoch, &windows[0], &windows[1], control).await? {
            ended = Ended::Stopped;
            break;
        }
    }
    let results = trainer.results(ended, &windows, control).await?;
    control.send(Message::Finished(Box::new(results.clone()))).await?;
    Ok(results)
}

/// Everything that changes during a run.
struct Trainer<'a> {
    config: &'a Config,
    corpus: &'a Corpus,
    stepper: Stepper,
    state: RunState,
    best: Option<Arc<Vec<u8>>>,
}

impl<'a> Trainer<'a> {
    fn new(config: &'a Config, corpus: &'a Corpus, device: &'a Device, resume: Option<Resume>) -> Result<Self> {
        let shape = ModelConfig::new(config, corpus.skills.len(), corpus.items.len());
        let targets = Corpus::steps(&corpus.part(Split::Train, config.data.fold));
        let trainer = Self {
            config,
            corpus,
            stepper: Stepper::new(config, &shape, targets, device)?,
            state: RunState {
                epoch: 0,
                steps: 0,
                controller: (config.model.kind == ModelKind::GainAkt2Exp)
                    .then(|| Controller::new(ControllerSettings::new(config))),
                plateau: Plateau::new(config.training.lr),
                history: Vec::new(),
            },
            best: None,
        };
        match resume {
            Some(resume) => trainer.resumed(resume),
            None => Ok(trainer),
        }
    }

    fn resumed(mut self, resume: Resume) -> Result<Self> {
        let TrainState { run, weights, moments } = resume.state;
        self.stepper.model.write_weights(&weights)?;
        self.stepper.model.write_moments(&moments)?;
        self.stepper.steps = run.steps;
        self.state = run;
        self.best = Some(Arc::new(resume.best));
        Ok(self)
    }

    /// Trains and validates one epoch; false where it was stopped.
    async fn epoch(
        &mut self,
        epoch: usize,
        train: &[&Window],
        validation: &[&Window],
        control: &Control,
    ) -> Result<bool> {
        let settings = self.state.controller.as_ref().map(|c| c.begin(epoch, None)).unwrap_or_default();
        let learning_rate = self.state.plateau.learning_rate;
        let mut order = train.to_vec();
        if self.config.training.shuffle {
            let seed = self.config.seeds.seed ^ SHUFFLE_STREAM.wrapping_add(epoch as u64);
            order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        }
        let batches = order.chunks(self.config.training.batch_size);
        let total = batches.len();
        let mut log = EpochLog::new(&order);
        self.stepper.begin_epoch(Corpus::steps(&order));
        for (i, windows) in batches.enumerate() {
            if control.stopped().await {
                return Ok(false);
            }
            self.stepper.step(windows, &settings, learning_rate)?;
            if (i + 1) % READ_EVERY == 0 || i + 1 == total {
                let loss = log.read(epoch, &mut self.stepper).await?;
                let held = self.stepper.model.stats().bytes_held;
                control.send(Message::Progress { epoch, phase: Phase::Train, done: i + 1, total, loss, held }).await?;
            }
        }
        let mut row = log.row(epoch, &mut self.stepper, &settings, learning_rate).await?;
        if !self.validate(&mut row, validation, control).await? {
            return Ok(false);
        }
        if let Some(controller) = &mut self.state.controller {
            let measured = EpochResult {
                global_corr: row.global_correlation.map(|c| c.0),
                alignment_share: row.alignment_loss_share,
                mean_variance: row.terms.get(VARIANCE).copied().unwrap_or_default(),
            };
            controller.end(epoch, measured);
            row.settings = Some(settings);
        }
        self.finish_epoch(row, control).await?;
        Ok(true)
    }

    /// Measures the model on the validation windows; false where it was stopped.
    async fn validate(&mut self, row: &mut EpochRow, windows: &[&Window], control: &Control) -> Result<bool> {
        let (epoch, total, held) = (row.epoch, windows.len(), self.stepper.model.stats().bytes_held);
        let progress = async |done| {
            control.progress(Message::Progress { epoch, phase: Phase::Validate, done, total, loss: None, held }).await
        };
        let outcomes = infer(&mut self.stepper.model, windows, self.config.training.batch_size, progress).await?;
        let Some(outcomes) = outcomes else { return Ok(false) };
        row.validation = measure(&outcomes, self.config.model.kind, self.config.evaluation.max_correlation_students);
        row.validation.truth_correlation = truth_correlation(&outcomes, windows, self.corpus);
        let global = &self.config.global_alignment;
        row.global_correlation = (global.enable_global_alignment_pass && self.config.interpretable())
            .then(|| global_alignment(&outcomes, global.alignment_global_students));
        Ok(true)
    }

    /// The figure that chooses the best epoch.
    fn chosen_by(&self, validation: &Measure) -> Option<f64> {
        // Runs from before answers were measured as wholes go on as they began.
        if self.config.data.whole_answers { validation.headline_auc() } else { validation.auc }
    }

    /// Updates schedule and history, and sends the epoch's row and checkpoints.
    async fn finish_epoch(&mut self, row: EpochRow, control: &Control) -> Result<()> {
        let epoch = row.epoch;
        let shape = self.stepper.model.config().clone();
        let weights = self.stepper.model.read_weights().await?;
        let file = Arc::new(encode_weights(&shape, &weights)?);
        if self.state.plateau.update(epoch, self.chosen_by(&row.validation)) {
            self.best = Some(file.clone());
            control.send(Message::Checkpoint { kind: CheckpointKind::Best, epoch, bytes: file.clone() }).await?;
        }
        self.state.epoch = epoch;
        self.state.steps = self.stepper.steps;
        self.state.history.push(row.clone());
        let moments = self.stepper.model.read_moments().await?;
        let bytes = Arc::new(encode_state(&shape, &self.state, &weights, &moments)?);
        control.send(Message::Checkpoint { kind: CheckpointKind::Last, epoch, bytes: file }).await?;
        control.send(Message::Checkpoint { kind: CheckpointKind::State, epoch, bytes }).await?;
        control.send(Message::Epoch(Box::new(row))).await
    }

    /// What is known of a run that was stopped.
    fn stopped(&self) -> Results {
        let (auc, epoch) = self.state.plateau.best.unwrap_or_default();
        Results { ended: Ended::Stopped, best_epoch: epoch, best_validation_auc: auc, ..Results::default() }
    }

    async fn results(&mut self, ended: Ended, windows: &[Vec<&Window>; 3], control: &Control) -> Result<Results> {
        let Some(best) = &self.best else {
            return Ok(Results { ended, ..Results::default() });
        };
        if ended == Ended::Stopped {
            return Ok(self.stopped());
        }
        let (_, weights) = decode_weights("the best checkpoint", best)?;
        self.stepper.model.write_weights(&weights)?;
        let (epoch, held) = (self.state.epoch, self.stepper.model.stats().bytes_held);
        let progress = async |done, total| {
            control.progress(Message::Progress { epoch, phase: Phase::Evaluate, done, total, loss: None, held }).await
        };
        let measures = evaluate_parts(&mut self.stepper.model, self.config, self.corpus, windows, progress).await?;
        let Some([train, validation, test]) = measures else { return Ok(self.stopped()) };
        Ok(Results {
            ended,
            best_epoch: self.state.plateau.best.map_or(0, |b| b.1),
            best_validation_auc: self.chosen_by(&validation),
            train,
            validation,
            test: (!windows[2].is_empty()).then_some(test),
            baselines: baselines(self.corpus, &windows[0], final_part(windows)),
        })
    }
}
