//! The run's promises: repeatable to the byte, continued as if never interrupted, obedient, honest when it fails.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gainakt::config::{Config, ModelKind};
use gainakt::data::{Corpus, RowKind, simulate};
use gainakt::error::Error;
use gainakt::experiment::{Launch, LaunchInfo, RunFolder, metrics_csv, results_json, start};
use gainakt::model::ModelConfig;
use gainakt::platform::device::{DeviceChoice, choose};
use gainakt::train::{CheckpointKind, Command, Ended, Message, Phase, Resume, TrainInput, TrainState};
use support::{Outcome, devices, devices_and_gpu_kernels, train, train_on};

fn small() -> (Config, Arc<Corpus>) {
    small_of(ModelKind::GainAkt2Exp)
}

fn small_of(kind: ModelKind) -> (Config, Arc<Corpus>) {
    let mut config = Config::preset("demo").unwrap();
    config.model.kind = kind;
    config.training.epochs = 4;
    config.training.batch_size = 8;
    config.model_config.d_model = 16;
    config.model_config.d_ff = 24;
    // Every part of the controller shall act within the four epochs.
    config.interpretability.warmup_constraint_epochs = 1;
    config.alignment.alignment_warmup_epochs = 2;
    config.refinement.consistency_rebalance_epoch = 2;
    let (dataset, _) = simulate(60, 4);
    (config, Arc::new(Corpus::from_dataset(&dataset, 50, RowKind::Skill)))
}

fn rows(outcome: &Outcome) -> String {
    let history: Vec<_> = outcome
        .messages
        .iter()
        .filter_map(|m| if let Message::Epoch(row) = m { Some((**row).clone()) } else { None })
        .collect();
    metrics_csv(&history)
}

#[test]
fn same_seed_same_bytes_and_another_seed_others() {
    for (compute, kind) in devices_and_gpu_kernels().iter().flat_map(|c| ModelKind::EMBEDDED.map(|kind| (c, kind))) {
        let (mut config, corpus) = small_of(kind);
        config.training.epochs = 2;
        let go =
            |config: Config| train_on(compute, TrainInput { config, corpus: corpus.clone(), resume: None }, |_, _| {});
        let (a, b) = (go(config.clone()), go(config.clone()));
        assert_eq!(rows(&a), rows(&b), "{} {kind:?}", compute.label);
        assert_eq!(
            results_json(a.results.as_ref().unwrap(), &[]).unwrap(),
            results_json(b.results.as_ref().unwrap(), &[]).unwrap()
        );
        assert!(rows(&a).lines().count() == 3, "{}", rows(&a));
        config.seeds.seed += 1;
        assert_ne!(rows(&a), rows(&go(config)), "{} {kind:?}", compute.label);
    }
}

#[test]
fn a_stopped_run_continues_as_if_it_never_was() {
    for (compute, kind) in devices().iter().flat_map(|c| ModelKind::EMBEDDED.map(|kind| (c, kind))) {
        let (config, corpus) = small_of(kind);
        let request = |resume| TrainInput { config: config.clone(), corpus: corpus.clone(), resume };
        let whole = train_on(compute, request(None), |_, _| {});
        let stopped = train_on(compute, request(None), |message, commands| {
            if matches!(message, Message::Epoch(row) if row.epoch == 2) {
                commands.try_send(Command::Stop).unwrap();
            }
        });
        assert_eq!(stopped.results.as_ref().unwrap().ended, Ended::Stopped);
        let saved = |wanted| {
            let last = stopped.messages.iter().rev().find_map(|m| match m {
                Message::Checkpoint { kind, bytes, .. } if *kind == wanted => Some(bytes.clone()),
                _ => None,
            });
            last.unwrap()
        };
        let shape = ModelConfig::new(&config, corpus.skills.len(), corpus.items.len());
        let state = TrainState::decode("state", &saved(CheckpointKind::State), &shape).unwrap();
        let mut history = state.run.history.clone();
        let resumed =
            train_on(compute, request(Some(Resume { state, best: saved(CheckpointKind::Best).to_vec() })), |_, _| {});
        history.extend(
            resumed
                .messages
                .iter()
                .filter_map(|m| if let Message::Epoch(row) = m { Some((**row).clone()) } else { None }),
        );
        assert_eq!(metrics_csv(&history), rows(&whole), "{} {kind:?}", compute.kind);
        assert_eq!(resumed.results.unwrap(), whole.results.unwrap(), "{} {kind:?}", compute.kind);
    }
}

#[test]
fn pause_waits_and_resume_goes_on() {
    let (mut config, corpus) = small();
    config.training.epochs = 2;
    let compute = devices().remove(0);
    let mut paused = false;
    let outcome = train_on(&compute, TrainInput { config, corpus, resume: None }, |message, commands| {
        if matches!(message, Message::Epoch(row) if row.epoch == 1) && !std::mem::replace(&mut paused, true) {
            commands.try_send(Command::Pause).unwrap();
            let later = commands.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                later.try_send(Command::Resume).unwrap();
            });
        }
    });
    assert!(paused);
    assert_eq!(outcome.results.unwrap().ended, Ended::AllEpochs);
}

#[test]
fn a_run_is_stopped_while_it_validates() {
    let (mut config, _) = small();
    let (dataset, _) = simulate(600, 4);
    let corpus = Arc::new(Corpus::from_dataset(&dataset, 50, RowKind::Skill));
    // A hundred batches to be validated, long enough for the order to arrive.
    config.training.batch_size = 1;
    let cpu = futures_lite::future::block_on(choose(DeviceChoice::Cpu)).unwrap();
    let outcome = train_on(&cpu, TrainInput { config, corpus, resume: None }, |message, commands| {
        if matches!(message, Message::Progress { phase: Phase::Train, done, total, .. } if done == total) {
            commands.try_send(Command::Stop).unwrap();
        }
    });
    assert_eq!(outcome.results.unwrap().ended, Ended::Stopped);
    let later = |m: &Message| matches!(m, Message::Epoch(_) | Message::Progress { epoch: 2, .. });
    assert!(!outcome.messages.iter().any(later), "the validation went on to its end");
}

#[test]
fn messages_come_in_order_and_losses_fall() {
    let (config, corpus) = small();
    let outcome = train(config, corpus);
    assert!(matches!(outcome.messages[0], Message::Started { first_epoch: 1, .. }));
    assert!(matches!(outcome.messages.last(), Some(Message::Finished(_))));
    let mut done = 0;
    for message in &outcome.messages {
        match message {
            Message::Progress { phase: Phase::Train, done: now, total, .. } => {
                assert!(*now > done && now <= total);
                done = if now == total { 0 } else { *now };
            }
            Message::Epoch(row) => {
                let shares = row.main_loss_share
                    + row.constraint_loss_share
                    + row.alignment_loss_share
                    + row.lag_loss_share
                    + row.retention_loss_share;
                assert!((shares - 1.0).abs() < 1e-4, "shares add to {shares}");
                assert_eq!(row.validation.monotonicity_violation_rate, Some(0.0));
                assert_eq!(row.validation.negative_gain_rate, Some(0.0));
                assert_eq!(row.validation.bounds_violation_rate, Some(0.0));
            }
            _ => {}
        }
    }
    let bce: Vec<f64> = outcome
        .messages
        .iter()
        .filter_map(|m| if let Message::Epoch(row) = m { Some(row.terms["bce"]) } else { None })
        .collect();
    assert!(bce[3] < bce[0], "{bce:?}");
}

#[test]
fn a_diverging_run_says_so_and_keeps_the_last_good_checkpoint() {
    let (mut config, corpus) = small();
    config.training.lr = 1e30;
    let outcome = train(config, corpus);
    let error = outcome.results.unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().contains("epoch 1, step"), "{error}");
    assert!(!outcome.messages.iter().any(|m| matches!(m, Message::Checkpoint { .. })));
}

#[test]
fn pure_prediction_trains_without_heads() {
    let (mut config, corpus) = small();
    config.interpretability.use_gain_head = false;
    let results = train(config, corpus).results.unwrap();
    assert!(results.validation.auc.is_some() && results.validation.mastery_auc.is_none());
}

fn gainakt() -> Process {
    let mut process = Process::new(env!("CARGO_BIN_EXE_gainakt"));
    process.stdout(Stdio::null()).stderr(Stdio::null());
    process
}

fn run_dir(parent: &Path) -> Option<PathBuf> {
    Some(std::fs::read_dir(parent).ok()?.next()?.ok()?.path())
}

#[test]
fn killed_in_the_middle_of_an_epoch_it_resumes_to_the_same_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.json");
    std::fs::write(&config, r#"{"training": {"epochs": 3, "batch_size": 4}, "data": {"simulated_students": 300}, "model_config": {"d_model": 16, "n_heads": 2, "num_encoder_blocks": 1, "d_ff": 16}}"#).unwrap();
    let train = |out: &Path| {
        let mut process = gainakt();
        process.args(["train", "--device", "cpu", "--config"]).arg(&config).arg("--out").arg(out);
        process
    };
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert!(train(&whole).status().unwrap().success());
    let wanted = std::fs::read(run_dir(&whole).unwrap().join("metrics_epoch.csv")).unwrap();

    let mut process = train(&killed).spawn().unwrap();
    let state = loop {
        std::thread::sleep(Duration::from_millis(2));
        match run_dir(&killed).map(|dir| dir.join("train_state.safetensors")) {
            Some(state) if state.is_file() => break state,
            _ => assert!(process.try_wait().unwrap().is_none(), "the run ended before its first epoch"),
        }
    };
    std::thread::sleep(Duration::from_millis(20));
    process.kill().unwrap();
    process.wait().unwrap();
    let dir = state.parent().unwrap();
    assert!(!dir.join("results.json").exists(), "the run was over before it could be killed");
    assert!(gainakt().args(["train", "--device", "cpu", "--resume"]).arg(dir).status().unwrap().success());
    assert_eq!(std::fs::read(dir.join("metrics_epoch.csv")).unwrap(), wanted);
    // A finished run has nothing to continue.
    assert_eq!(gainakt().args(["train", "--resume"]).arg(dir).status().unwrap().code(), Some(2));
}

/// A bug is no device's failure: it is reported as what it is, and nothing tries again.
#[test]
fn a_panic_in_a_step_is_reported_as_a_panic() {
    let (config, corpus) = small();
    // Answers about skills that the model has no place for, which no reader lets through.
    let mut damaged = (*corpus).clone();
    damaged.skills.truncate(1);
    let place = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(place.path(), config.model.kind, "panic").unwrap();
    let about = Some(LaunchInfo::default());
    let launch = Launch { config, corpus: Arc::new(damaged), device: DeviceChoice::Cpu, folder, about };
    let mut session = start(launch).unwrap();
    let error = loop {
        match session.wait() {
            Ok(Some(message)) => assert!(!matches!(message, Message::Epoch(_)), "an epoch was trained"),
            Ok(None) => panic!("the run ended well"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Panicked(_)), "{error:?}");
    assert!(error.to_string().contains("a bug in the program") && error.exit_code() == 1, "{error}");
}
