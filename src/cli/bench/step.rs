//! Time, dispatches and memory of training steps and forward passes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::gemm;
use super::operations::{self, Operations, PeakArgs};
use super::peer::{self, Against, Peer, PeerTimes, Turn};
use super::reference::reference_stepper;
use super::times::Times;
use crate::cli::terminal::{Progress, Terminal};
use crate::config::Config;
use crate::data::{Answers, Corpus, Fold, RaggedBatch, Window};
use crate::error::{Error, Result};
use crate::evaluate::parts;
use crate::experiment::{load_corpus, pretty};
use crate::model::ModelConfig;
use crate::objective::EpochSettings;
use crate::ops::DeviceStats;
use crate::platform::device::{DeviceChoice, choose};
use crate::platform::{Instant, peak_memory};
use crate::train::Stepper;

/// Steps waited for one by one to learn what each operation costs.
const PROFILED: usize = 3;

/// Which windows steps are taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Windows {
    /// Those of the data's training part, in file order.
    Data,
    /// Of random skills, answers and lengths.
    Random,
    /// Of random skills and answers, each as long as the model takes.
    Full,
}

/// What `gainakt bench step` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct StepArgs {
    /// Data to take windows from, in file order; without it the embedded class.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Which windows: the data's, or random ones.
    #[arg(long, value_enum, default_value = "data")]
    windows: Windows,
    /// Skills of random windows; the data's if not given.
    #[arg(long)]
    skills: Option<usize>,
    /// Items of random windows; the data's if not given.
    #[arg(long)]
    items: Option<usize>,
    /// Skills of each answer of random windows.
    #[arg(long, default_value_t = 1)]
    skills_per_answer: usize,
    /// Built-in settings whose sizes are used.
    #[arg(long, default_value = "demo")]
    preset: String,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Windows in a step; the preset's if not given.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Interactions of a window; the preset's if not given.
    #[arg(long)]
    seq_len: Option<usize>,
    /// Steps counted.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Steps before those, not counted.
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Time the forward pass alone.
    #[arg(long)]
    forward: bool,
    /// Leave out what each operation takes and does, which needs a few slower steps.
    #[arg(long)]
    no_profile: bool,
    /// A Python with PyTorch, whose peer takes turns with gainakt on the same windows; or the word burn: the same model in
    /// burn's operations, on the same device.
    #[arg(long, value_name = "PYTHON|burn")]
    against: Option<Against>,
    /// The peer's script.
    #[arg(long, value_name = "FILE", default_value = "scripts/peer/bench_torch.py")]
    peer: PathBuf,
    /// Ways of the peer to train.
    #[arg(long, value_delimiter = ',', default_value = "loop,fast,trim,bucket")]
    modes: Vec<String>,
    /// Turns of both where there is a peer.
    #[arg(long, default_value_t = 2)]
    turns: usize,
    #[command(flatten)]
    peak: PeakArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The results of a bench.
#[derive(Debug, Serialize)]
struct Report {
    preset: String,
    device: &'static str,
    adapter: String,
    what: &'static str,
    batch_size: usize,
    parameters: usize,
    steps: usize,
    #[serde(flatten)]
    times: Times,
    dispatches_per_step: u64,
    pipelines: u64,
    /// Beyond the loss terms, which training reads every few steps.
    bytes_read_per_step: u64,
    peak_device_bytes: u64,
    peak_process_bytes: Option<u64>,
    /// 10⁹ operations of a step's products and attention, in the mean of the profiled steps.
    gflop_per_step: f64,
    /// 10⁹ operations a second of the linear layers alone, and what the library for products reaches by itself on the largest
    /// of them (CPU).
    #[serde(skip_serializing_if = "Option::is_none")]
    linear_gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gemm_gflops: Option<f64>,
    operations: Operations,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    turns: Vec<Turn>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    times_faster_than: BTreeMap<String, f64>,
}

/// A model and the batches it is timed on.
struct Bench<'a> {
    args: &'a StepArgs,
    config: &'a Config,
    batches: Vec<&'a [&'a Window]>,
    stepper: Stepper,
    terminal: Terminal,
}

pub(super) fn step(args: &StepArgs) -> Result<()> {
    let mut config = Config::preset(&args.preset)?;
    config.data.path = args.data.as_ref().map(|p| p.display().to_string());
    config.training.batch_size = args.batch_size.unwrap_or(config.training.batch_size);
    config.model_config.seq_len = args.seq_len.unwrap_or(config.model_config.seq_len);
    config.check()?;
    if matches!(args.against, Some(Against::Python(_))) && (args.data.is_none() || args.windows != Windows::Data) {
        return Err(Error::Config(
            "--against PYTHON needs --data FILE (pykt's sequences) and its windows, so that both take the same steps"
                .to_owned(),
        ));
    }
    let corpus = load_corpus(&config)?;
    let skills = args.skills.unwrap_or(corpus.skills.len());
    let items = args.items.unwrap_or(corpus.items.len());
    if args.windows == Windows::Data && (args.skills, args.items, args.skills_per_answer) != (None, None, 1) {
        return Err(Error::Config(
            "--skills, --items and --skills-per-answer say what random windows are made of; add --windows random"
                .to_owned(),
        ));
    }
    if !(1..=skills).contains(&args.skills_per_answer) {
        return Err(Error::Config(format!(
            "--skills-per-answer is {}, expected 1 to the number of skills ({skills})",
            args.skills_per_answer
        )));
    }
    let count = config.training.batch_size * (args.warmup + args.steps);
    let made = made_windows(args.windows, count, &config, [skills, items, args.skills_per_answer]);
    let train: Vec<&Window> = match args.windows {
        Windows::Data => parts(&config, &corpus)?[0].clone(),
        Windows::Random | Windows::Full => made.iter().collect(),
    };
    let compute = block_on(choose(args.device))?;
    let batches: Vec<&[&Window]> = train.chunks(config.training.batch_size).take(args.warmup + args.steps).collect();
    if batches.len() <= args.warmup || args.steps == 0 {
        return Err(Error::Config(format!(
            "the data give {} steps, too few for {} of warm-up and one to count; lower --warmup or --batch-size",
            batches.len(),
            args.warmup
        )));
    }
    let shape = ModelConfig::new(&config, skills, items);
    let stepper = Stepper::new(&config, &shape, Corpus::steps(&train), &compute.device)?;
    let mut bench = Bench { args, config: &config, batches, stepper, terminal: Terminal::new(Progress::Bar, None) };
    let mut turns = Vec::new();
    let (mut times, mut counts) = bench.run()?;
    if let Some(against) = &args.against {
        let mut competitor = match against {
            Against::Burn => Competitor::Reference(Box::new(reference_stepper(&config, &shape, &compute.device)?)),
            Against::Python(python) => {
                Competitor::Process(Peer { python, script: &args.peer, config: &config, skills, forward: args.forward })
            }
        };
        for turn in 0..args.turns.max(1) {
            if turn > 0 {
                (times, counts) = bench.run()?;
            }
            let about = format!("the other, turn {} of {}", turn + 1, args.turns.max(1));
            bench.terminal.progress(&about, "", turn, args.turns.max(1));
            turns.push(Turn { gainakt: times.clone(), peer: bench.turn_of(&mut competitor)? });
        }
    }
    let operations = if args.no_profile { Operations::new() } else { bench.profile()? };
    let on_cpu = compute.kind == "cpu" && !args.no_profile;
    let m = &config.model_config;
    let gemm_gflops = on_cpu.then(|| gemm::gflops(times.interactions_per_step, 3 * m.d_model, m.d_ff));
    bench.terminal.clear();
    let report = Report {
        preset: args.preset.clone(),
        device: compute.kind,
        adapter: compute.label.clone(),
        what: if args.forward { "forward" } else { "training step" },
        batch_size: config.training.batch_size,
        parameters: bench.stepper.model.layout().count(),
        steps: bench.batches.len() - args.warmup,
        dispatches_per_step: counts.dispatches,
        pipelines: counts.pipelines,
        bytes_read_per_step: counts.bytes_read,
        peak_device_bytes: counts.bytes_peak,
        peak_process_bytes: peak_memory(),
        gflop_per_step: operations::gflop(&operations),
        linear_gflops: operations::linear_gflops(&operations),
        gemm_gflops,
        operations,
        times_faster_than: peer::ratios(&turns),
        turns,
        times,
    };
    if args.json {
        print!("{}", pretty(&report)?);
    } else {
        table(&report, args.peak, &mut bench.terminal)?;
    }
    Ok(())
}

/// What is timed in turn with the program's kernels.
enum Competitor<'a> {
    Process(Peer<'a>),
    Reference(Box<Stepper>),
}

impl Bench<'_> {
    /// One turn of the competitor.
    fn turn_of(&mut self, competitor: &mut Competitor<'_>) -> Result<BTreeMap<String, PeerTimes>> {
        match competitor {
            Competitor::Process(peer) => {
                peer.time(self.args.data.as_deref(), &self.args.modes, self.args.steps, self.args.warmup)
            }
            Competitor::Reference(stepper) => {
                std::mem::swap(&mut self.stepper, stepper);
                let ran = self.run();
                std::mem::swap(&mut self.stepper, stepper);
                let (times, _) = ran?;
                let Times { median_ms, interactions_per_s, .. } = times;
                Ok(BTreeMap::from([("burn".to_owned(), PeerTimes { median_ms, interactions_per_s })]))
            }
        }
    }

    /// Times every batch after the warm-up; counts are those of one step.
    fn run(&mut self) -> Result<(Times, DeviceStats)> {
        let (mut times, mut interactions) = (Vec::new(), 0);
        let mut counts = DeviceStats::default();
        for i in 0..self.batches.len() {
            let began = Instant::now();
            counts = self.one(i)?;
            if i >= self.args.warmup {
                times.push(1e3 * began.elapsed().as_secs_f64());
                interactions += Corpus::steps(self.batches[i]);
            }
            self.terminal.progress("steps", "", i + 1, self.batches.len());
        }
        let total: f64 = times.iter().sum();
        let steps = times.len();
        times.sort_unstable_by(f64::total_cmp);
        let times = Times {
            median_ms: times[steps / 2],
            min_ms: times[0],
            max_ms: times[steps - 1],
            interactions_per_step: interactions / steps,
            interactions_per_s: (1e3 * interactions as f64 / total).round(),
        };
        Ok((times, counts))
    }

    /// One step or forward pass, waited for.
    fn one(&mut self, i: usize) -> Result<DeviceStats> {
        let windows = self.batches[i];
        self.stepper.model.stats().take();
        if self.args.forward {
            let batch = RaggedBatch::new(windows.iter().copied());
            block_on(self.stepper.model.row_stats(batch))?;
            return Ok(self.stepper.model.stats().take());
        }
        self.stepper.begin_epoch(Corpus::steps(windows));
        self.stepper.step(windows, &every_term(self.config), self.config.training.lr)?;
        let counts = self.stepper.model.stats().take();
        // Reading the norm waits for the device, Adam included.
        block_on(self.stepper.read_terms())?;
        block_on(self.stepper.model.gradient_norm())?;
        Ok(counts)
    }

    /// Each operation in some steps whose operations are waited for one by one; kernels are compiled by now.
    fn profile(&mut self) -> Result<Operations> {
        self.stepper.model.stats().timed = true;
        let mut all = DeviceStats::default();
        let steps = PROFILED.min(self.batches.len());
        for i in 0..steps {
            let counts = self.one(i)?;
            operations::add(&mut all, counts);
        }
        Ok(operations::operations(&all, steps))
    }
}

/// Settings under which every loss term is on, as in the PyTorch peer.
fn every_term(config: &Config) -> EpochSettings {
    EpochSettings {
        performance_scale: 1.0,
        alignment_weight: 0.25,
        adapt_to_batch: None,
        lag_active: true,
        retention_peak: Some(0.2),
        consistency_weight: config.interpretability.consistency_loss_weight,
        sparsity_weight: config.interpretability.sparsity_loss_weight,
    }
}

/// Windows of random answers, always the same.
fn made_windows(kind: Windows, count: usize, config: &Config, [skills, items, several]: [usize; 3]) -> Vec<Window> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let longest = config.model_config.seq_len;
    let count = if kind == Windows::Data { 0 } else { count };
    (0..count)
        .map(|student| {
            let len = if kind == Windows::Full { longest } else { rng.random_range(3.min(longest)..=longest) };
            let own: Vec<u32> = (0..len * several).map(|_| rng.random_range(0..skills as u32)).collect();
            let responses: Vec<u8> = (0..len).map(|_| rng.random_range(0..2)).collect();
            let mut answers = Answers::default();
            for (skills, response) in own.chunks(several).zip(responses) {
                let item = if items > 0 { rng.random_range(1..=items as u32) } else { 0 };
                answers.push(skills, item, response);
            }
            Window {
                student: student as u32,
                first: 0,
                fold: Fold::Train(1),
                answers,
                repeats: Vec::new(),
                further: Vec::new(),
            }
        })
        .collect()
}

fn table(report: &Report, peak: PeakArgs, terminal: &mut Terminal) -> Result<()> {
    let value = crate::experiment::json_value(report)?;
    for (key, value) in value.as_object().into_iter().flatten() {
        let text = match value {
            serde_json::Value::Object(_) | serde_json::Value::Array(_) => continue,
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(n) if n.is_f64() => format!("{:.2}", n.as_f64().unwrap_or_default()),
            other => other.to_string(),
        };
        terminal.line(&format!("{key:<22}{text}"));
    }
    if !report.operations.is_empty() {
        peak.lines(&report.operations).iter().for_each(|line| terminal.line(line));
    }
    for (i, turn) in report.turns.iter().enumerate() {
        terminal.line(&format!("turn {}: gainakt {:.1} ms{}", i + 1, turn.gainakt.median_ms, turn.peers()));
    }
    for (mode, ratio) in &report.times_faster_than {
        terminal.line(&format!("{ratio:.2} times as fast as {mode}"));
    }
    Ok(())
}
