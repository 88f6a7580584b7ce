//! `gainakt sweep`: models or ablations × folds × seeds, one folder a run, spread over machines by shards.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;

use super::evaluate::{Protocol, Trained};
use super::terminal::{Progress, Terminal};
use super::train::{SettingsArgs, settings};
use crate::config::{Config, ModelKind};
use crate::error::{Error, Result};
use crate::evaluate::{Measure, evaluate_sliding, final_part, parts};
use crate::experiment::{
    Compared, Comparison, File, Launch, LaunchInfo, RunFolder, RunRecord, figure, finished_folder, load_corpus, pretty,
    start,
};
use crate::platform::device::DeviceChoice;
use crate::platform::{files, utc_stamp};
use crate::train::Message;

/// A part of the objective that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ablation {
    /// Nothing: the whole objective.
    None,
    /// The monotonicity term.
    Monotonicity,
    /// The mastery-performance term.
    MasteryPerformance,
    /// The gain-performance term.
    GainPerformance,
    /// The sparsity term.
    Sparsity,
    /// The consistency term.
    Consistency,
    /// Alignment, and with it lag and retention.
    Alignment,
    /// The lag term.
    Lag,
    /// The retention term.
    Retention,
    /// Both heads: pure prediction.
    Heads,
}

impl Ablation {
    fn apply(self, config: &mut Config) {
        let weights = &mut config.interpretability;
        match self {
            Self::None => {}
            Self::Monotonicity => weights.monotonicity_loss_weight = 0.0,
            Self::MasteryPerformance => weights.mastery_performance_loss_weight = 0.0,
            Self::GainPerformance => weights.gain_performance_loss_weight = 0.0,
            Self::Sparsity => weights.sparsity_loss_weight = 0.0,
            Self::Consistency => {
                weights.consistency_loss_weight = 0.0;
                config.refinement.consistency_rebalance_new_weight = 0.0;
            }
            Self::Alignment => config.alignment.enable_alignment_loss = false,
            Self::Lag => config.refinement.enable_lag_gain_loss = false,
            Self::Retention => config.refinement.enable_retention_loss = false,
            Self::Heads => {
                weights.use_mastery_head = false;
                weights.use_gain_head = false;
            }
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map_or(String::new(), |v| v.get_name().to_owned())
    }
}

/// What `gainakt sweep` takes.
#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Validation folds.
    #[arg(long, value_delimiter = ',', default_value = "0,1,2,3,4")]
    folds: Vec<u8>,
    /// Seeds.
    #[arg(long, value_delimiter = ',', default_value = "42")]
    seeds: Vec<u64>,
    /// Models to compare, each with its own preset.
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = ModelKind::from_name,
          conflicts_with_all = ["model", "preset", "config", "ablations"])]
    models: Vec<ModelKind>,
    /// Parts of the objective to leave out, one run each.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "none")]
    ablations: Vec<Ablation>,
    /// Also evaluate each run on sliding windows, as pykt does.
    #[arg(long, value_enum, default_value_t)]
    protocol: Protocol,
    /// Only every n-th run, starting with the i-th: `i/n`, i from 1.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Folder of the sweep; finished runs in it are skipped.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn shard(text: &str) -> std::result::Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parsed
        .filter(|&(i, n): &(usize, usize)| i >= 1 && i <= n)
        .ok_or_else(|| "expected i/n with 1 ≤ i ≤ n, such as 2/8".to_owned())
}

/// A run of the sweep: the group it counts to, its title, its settings.
struct Planned {
    group: String,
    title: String,
    config: Config,
}

/// Every run of the sweep.
fn plan(args: &SweepArgs) -> Result<Vec<Planned>> {
    let mut groups = Vec::new();
    if args.models.is_empty() {
        let base = settings(&args.settings)?;
        for &ablation in &args.ablations {
            let mut config = base.clone();
            ablation.apply(&mut config);
            groups.push((ablation.name(), ablation.name(), config));
        }
    }
    for &kind in &args.models {
        if !kind.available() {
            return Err(Error::Request(format!("this build of the program cannot train {}", kind.title())));
        }
        groups.push((kind.title().to_owned(), kind.name().to_owned(), settings(&args.settings.of_kind(kind))?));
    }
    let mut runs = Vec::new();
    for (group, name, base) in groups {
        for &fold in &args.folds {
            for &seed in &args.seeds {
                let mut config = base.clone();
                config.data.fold = fold;
                config.seeds.seed = seed;
                config.check()?;
                runs.push(Planned { group: group.clone(), title: format!("{name}_fold{fold}_seed{seed}"), config });
            }
        }
    }
    Ok(runs)
}

/// Runs what is not finished yet and prints the summary.
pub(super) fn sweep(args: &SweepArgs) -> Result<()> {
    let runs = plan(args)?;
    files::create_dir(&args.out)?;
    let (first, every) = args.shard.unwrap_or((1, 1));
    let own: Vec<_> = runs.iter().skip(first - 1).step_by(every).collect();
    for (i, Planned { title, config, .. }) in own.iter().enumerate() {
        println!("run {}/{}  {title}", i + 1, own.len());
        one(&args.out, title, config, args.device)?;
        if args.protocol == Protocol::Window {
            sliding(&args.out, title, args.device)?;
        }
    }
    summary(&args.out, &runs)
}

/// File beside the runs with a run's figures under the window protocol.
fn sliding_file(out: &Path, title: &str) -> PathBuf {
    out.join(format!("{title}.window.json"))
}

/// Measures a finished run on sliding windows, unless that was done before.
fn sliding(out: &Path, title: &str, device: DeviceChoice) -> Result<()> {
    let file = sliding_file(out, title);
    let Some(folder) = RunFolder::titled(out, title)?.filter(|_| !files::is_file(&file)) else { return Ok(()) };
    let Trained { config, corpus, mut model, .. } = Trained::of_folder(&folder, device, None)?;
    let parts = parts(&config, &corpus)?;
    let windows = corpus.sliding(final_part(&parts), config.model_config.seq_len);
    let mut terminal = Terminal::new(Progress::Bar, None);
    let progress = async |done, total| {
        terminal.progress("measuring", "sliding windows", done, total);
        ControlFlow::Continue(())
    };
    let measure = block_on(evaluate_sliding(&mut model, &config, &windows, progress))?;
    terminal.clear();
    match measure {
        Some(measure) => files::write_atomic(&file, pretty(&measure)?.as_bytes()),
        None => Ok(()),
    }
}

fn one(out: &Path, title: &str, config: &Config, device: DeviceChoice) -> Result<()> {
    let begun = RunFolder::titled(out, title)?;
    if begun.as_ref().is_some_and(finished_folder) {
        println!("  finished before");
        return Ok(());
    }
    let corpus = Arc::new(load_corpus(config)?);
    parts(config, &corpus)?;
    let folder = begun.map_or_else(|| RunFolder::create(out, config.model.kind, title), Ok)?;
    let continued = folder.file(File::Config).is_file();
    let about = (!continued).then(|| LaunchInfo {
        launcher: super::command_line(),
        started: utc_stamp(),
        title: title.to_owned(),
        purpose: format!("a run of the sweep {}", out.display()),
    });
    let mut log = files::append(&folder.file(File::Log))?;
    let mut session =
        start(Launch { config: config.clone(), corpus: corpus.clone(), device, folder: folder.clone(), about })?;
    let mut results = None;
    while let Some(message) = session.wait()? {
        match message {
            Message::Epoch(row) => {
                let line =
                    format!("  epoch {:>3}  validation AUC{}", row.epoch, figure(row.validation.headline_auc(), 8, 4));
                println!("{line}");
                // A full disk shows at the next checkpoint, in words.
                let _ = std::io::Write::write_all(&mut log, format!("{line}\n").as_bytes());
            }
            Message::Finished(found) => results = Some(found),
            _ => {}
        }
    }
    drop(log);
    results.map_or(Ok(()), |results| block_on(session.complete(&corpus, device, &results)))
}

/// The table of all finished runs, printed and as summary.md, summary.csv and summary.tex.
fn summary(out: &Path, runs: &[Planned]) -> Result<()> {
    let mut compared = Vec::new();
    for Planned { group, title, .. } in runs {
        let Some(folder) = RunFolder::titled(out, title)?.filter(finished_folder) else { continue };
        let file = sliding_file(out, title);
        let measure: Option<Measure> = match files::is_file(&file) {
            true => Some(
                serde_json::from_str(&files::read_text(&file)?)
                    .map_err(|e| Error::json(format!("{} (delete it and sweep again)", file.display()), e))?,
            ),
            false => None,
        };
        compared.push(Compared::new(group, &RunRecord::read(&folder)?, measure.as_ref()));
    }
    let table = Comparison::new(&compared);
    print!("{}", table.markdown());
    if compared.len() < runs.len() {
        println!("{} runs are not finished yet", runs.len() - compared.len());
    }
    for (name, text) in [("summary.md", table.markdown()), ("summary.csv", table.csv()), ("summary.tex", table.latex())]
    {
        files::write_atomic(&out.join(name), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_parsed_and_bad_ones_refused() {
        assert_eq!(shard("2/8"), Ok((2, 8)));
        for bad in ["0/3", "4/3", "x", "1/", "1/0"] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }
}
