//! `gainakt bench`: speed and memory, measured where the user is.

use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use futures_lite::future::block_on;

use super::terminal::Terminal;
use crate::config::Config;
use crate::data::{ColumnNames, Corpus, Window, read_raw};
use crate::error::{Error, Result};
use crate::evaluate::parts;
use crate::experiment::{load_corpus, pretty};
use crate::model::to_host;
use crate::objective::EpochSettings;
use crate::platform::Instant;
use crate::platform::device::{DeviceChoice, choose};
use crate::platform::peak_memory;
use crate::train::Stepper;

/// What `gainakt bench` takes.
#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Time whole training steps: forward, every loss term, backward, clip and Adam.
    Step(StepArgs),
    /// Time reading generated raw interactions.
    Read {
        /// Interactions to generate and read.
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
    },
}

/// What `gainakt bench step` takes.
#[derive(Debug, Args)]
pub(super) struct StepArgs {
    /// Data to take windows from, in file order; without it the embedded class.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Built-in settings whose sizes are used.
    #[arg(long, default_value = "demo")]
    preset: String,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Windows in a step; the preset's if not given.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Steps counted.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Steps before those, not counted.
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Measures what is asked for and prints it.
pub(super) fn bench(command: &BenchCommand) -> Result<()> {
    match command {
        BenchCommand::Step(args) => step(args),
        BenchCommand::Read { rows } => read(*rows),
    }
}

fn step(args: &StepArgs) -> Result<()> {
    let mut config = Config::preset(&args.preset)?;
    config.data.path = args.data.as_ref().map(|p| p.display().to_string());
    config.training.batch_size = args.batch_size.unwrap_or(config.training.batch_size);
    config.check()?;
    let corpus = load_corpus(&config)?;
    let [train, _, _] = parts(&config, &corpus)?;
    let compute = block_on(choose(args.device))?;
    let batches: Vec<&[&Window]> = train.chunks(config.training.batch_size).take(args.warmup + args.steps).collect();
    if batches.len() <= args.warmup || args.steps == 0 {
        return Err(Error::Config(format!(
            "the data give {} steps, too few for {} of warm-up and one to count; lower --warmup or --batch-size",
            batches.len(),
            args.warmup
        )));
    }
    let mut stepper = Stepper::new(&config, corpus.skills.len(), &compute.device);
    // Every loss term is on, as in the PyTorch peer.
    let settings = EpochSettings {
        performance_scale: 1.0,
        alignment_weight: 0.25,
        adapt_to_batch: None,
        lag_active: true,
        retention_peak: Some(0.2),
        consistency_weight: config.interpretability.consistency_loss_weight,
        sparsity_weight: config.interpretability.sparsity_loss_weight,
    };
    let mut terminal = Terminal::new(None);
    let (mut times, mut interactions) = (Vec::new(), 0);
    for (i, windows) in batches.iter().enumerate() {
        let began = Instant::now();
        let outcome = stepper.step(windows, &settings, config.training.learning_rate);
        // Reading a value waits for the device, and reading a parameter for Adam.
        block_on(to_host(outcome.terms.values()))?;
        if let Some(moments) = stepper.adam.moments().values().next_back() {
            block_on(to_host(moments.clone().slice([0..1, 0..1])))?;
        }
        if i >= args.warmup {
            times.push(began.elapsed().as_secs_f64());
            interactions += Corpus::steps(windows);
        }
        terminal.progress("steps", "", i + 1, batches.len());
    }
    terminal.clear();
    let total: f64 = times.iter().sum();
    times.sort_unstable_by(f64::total_cmp);
    let record = serde_json::json!({
        "preset": args.preset,
        "device": compute.kind,
        "adapter": compute.label,
        "batch_size": config.training.batch_size,
        "steps": times.len(),
        "median_ms": 1e3 * times[times.len() / 2],
        "min_ms": 1e3 * times[0],
        "max_ms": 1e3 * times[times.len() - 1],
        "interactions_per_step": interactions / times.len(),
        "interactions_per_s": (interactions as f64 / total).round(),
        "peak_process_bytes": peak_memory(),
    });
    if args.json {
        print!("{}", pretty(&record)?);
    } else {
        for (key, value) in record.as_object().into_iter().flatten() {
            terminal.line(&format!("{key:<22}{}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
    }
    Ok(())
}

/// A CSV of `rows` interactions that is never whole in memory.
struct Generated {
    next: u64,
    rows: u64,
    text: String,
    at: usize,
}

impl Read for Generated {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            while self.next < self.rows && self.text.len() < 1 << 16 {
                let i = self.next;
                let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                // Students' answers lie interleaved, 50 each: the worst case for grouping.
                let student = i % (self.rows / 50).max(1);
                let _ = writeln!(self.text, "{},{i},{},{}", 100_000 + student, 7000 + mixed % 500, mixed >> 9 & 1);
                self.next += 1;
            }
        }
        let count = out.len().min(self.text.len() - self.at);
        out[..count].copy_from_slice(&self.text.as_bytes()[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn read(rows: u64) -> Result<()> {
    let text = "user_id,log_id,sequence_id,correct\n".to_owned();
    let began = Instant::now();
    let dataset = read_raw("generated", Generated { next: 0, rows, text, at: 0 }, &ColumnNames::default())?;
    let seconds = began.elapsed().as_secs_f64();
    println!("interactions          {}", dataset.interactions());
    println!("students              {}", dataset.students.len());
    println!("seconds               {seconds:.2}");
    println!("interactions_per_s    {:.0}", dataset.interactions() as f64 / seconds);
    println!("peak_process_bytes    {}", peak_memory().map_or("unknown".to_owned(), |b| b.to_string()));
    Ok(())
}
