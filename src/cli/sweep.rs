//! `gainakt sweep`: folds × seeds × ablations, one folder a run, spread over machines by shards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;

use super::terminal::mean_and_std;
use super::train::{SettingsArgs, settings};
use crate::config::Config;
use crate::error::Result;
use crate::evaluate::parts;
use crate::experiment::{
    Circumstances, File, Launch, RunFolder, RunRecord, figure, finished_folder, load_corpus, start,
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
    /// Parts of the objective left out, one run each.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "none")]
    ablations: Vec<Ablation>,
    /// Only every n-th run, starting with the i-th: `i/n`, i from 1.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Folder of the sweep; what is finished in it is not run again.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn shard(text: &str) -> std::result::Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parsed
        .filter(|&(i, n): &(usize, usize)| i >= 1 && i <= n)
        .ok_or_else(|| "expected i/n with 1 ≤ i ≤ n, such as 2/8".to_owned())
}

/// Runs what is not finished yet and prints the summary.
pub(super) fn sweep(args: &SweepArgs) -> Result<()> {
    let base = settings(&args.settings)?;
    files::create_dir(&args.out)?;
    let mut runs = Vec::new();
    for &ablation in &args.ablations {
        for &fold in &args.folds {
            for &seed in &args.seeds {
                let mut config = base.clone();
                ablation.apply(&mut config);
                config.data.fold = fold;
                config.seeds.seed = seed;
                config.check()?;
                runs.push((format!("{}_fold{fold}_seed{seed}", ablation.name()), config));
            }
        }
    }
    let (first, every) = args.shard.unwrap_or((1, 1));
    let own: Vec<_> = runs.iter().skip(first - 1).step_by(every).collect();
    for (i, (name, config)) in own.iter().enumerate() {
        println!("run {}/{}  {name}", i + 1, own.len());
        one(&args.out, name, config, args.device)?;
    }
    summary(&args.out, &runs)
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
    let about = (!continued).then(|| Circumstances {
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
                let line = format!("  epoch {:>3}  validation AUC{}", row.epoch, figure(row.validation.auc, 8, 4));
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

/// Mean ± standard deviation of every ablation over its finished runs; also as summary.csv.
fn summary(out: &Path, runs: &[(String, Config)]) -> Result<()> {
    let mut groups: BTreeMap<&str, Vec<RunRecord>> = BTreeMap::new();
    let mut missing = 0;
    for (name, _) in runs {
        match RunFolder::titled(out, name)?.filter(finished_folder) {
            Some(folder) => {
                groups.entry(name.split("_fold").next().unwrap_or(name)).or_default().push(RunRecord::read(&folder)?);
            }
            None => missing += 1,
        }
    }
    let mut csv = String::from(
        "left_out,runs,validation_auc_mean,validation_auc_std,test_auc_mean,test_auc_std,mastery_auc_mean,mastery_auc_std\n",
    );
    println!("left out              runs   validation AUC         test AUC      mastery AUC");
    for (name, records) in groups {
        let columns = [
            mean_and_std(records.iter().map(|r| r.results.validation.auc)),
            mean_and_std(records.iter().map(|r| r.results.test.as_ref().and_then(|t| t.auc))),
            mean_and_std(records.iter().map(|r| r.results.validation.mastery_auc)),
        ];
        let cell = |(mean, std): (Option<f64>, Option<f64>)| format!("{} ±{}", figure(mean, 8, 4), figure(std, 7, 4));
        println!("{name:<20}{:>6} {} {} {}", records.len(), cell(columns[0]), cell(columns[1]), cell(columns[2]));
        let plain = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
        let cells: Vec<String> = columns.iter().flat_map(|c| [plain(c.0), plain(c.1)]).collect();
        csv += &format!("{name},{},{}\n", records.len(), cells.join(","));
    }
    if missing > 0 {
        println!("{missing} runs are not finished yet");
    }
    files::write_atomic(&out.join("summary.csv"), csv.as_bytes())
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
