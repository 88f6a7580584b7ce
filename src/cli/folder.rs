//! What reads finished experiment folders: check, reproduce, compare, export, import.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;

use super::evaluate::Trained;
use crate::error::{Error, Result};
use crate::evaluate::{Measure, agreement, final_part, infer, parts, trajectory};
use crate::experiment::{
    File, Launch, LaunchInfo, RunFolder, RunRecord, checklist, config_differences, differences, export_weights, figure,
    fingerprint, import_weights, load_corpus, marks, mean_and_std, metric_differences, overlay, predictions_csv,
    pretty, read_config, start,
};
use crate::model::{Model, ModelConfig};
use crate::platform::device::DeviceChoice;
use crate::platform::{files, utc_stamp};
use crate::train::{Command, Ended, Message, decode_weights};

/// Largest difference of a figure between devices that still counts as the same run.
const ACROSS_DEVICES: f64 = 5e-3;

/// Prints the checklist and every changed file; fails where one does not hold.
pub(super) fn check(run_dir: &Path) -> Result<()> {
    let folder = RunFolder::open(run_dir)?;
    let mut failed = 0;
    for item in checklist(&folder) {
        let (mark, remark) = marks(&item);
        failed += usize::from(item.outcome.is_err());
        println!("{mark} {}{}", item.statement, if remark.is_empty() { String::new() } else { format!(": {remark}") });
    }
    let changed = differences(&folder)?;
    for difference in &changed {
        println!("❌ {difference}");
    }
    if changed.is_empty() {
        println!("✅ Every file is as the run left it");
    }
    match failed + changed.len() {
        0 => Ok(()),
        count => Err(Error::Folder(format!("{}: {count} of the checks failed", run_dir.display()))),
    }
}

/// What `gainakt reproduce` takes.
#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// The run folder to repeat.
    run_dir: PathBuf,
    /// The data file, if it has moved; its SHA-256 must match the record.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The test file, if it has moved.
    #[arg(long, value_name = "FILE")]
    test_data: Option<PathBuf>,
    /// Repeat only the first epochs.
    #[arg(long)]
    epochs: Option<usize>,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Where to create the new run folder.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Also write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs an experiment again and compares.
pub(super) fn reproduce(args: &ReproduceArgs) -> Result<()> {
    let folder = RunFolder::open(&args.run_dir)?;
    let changed = differences(&folder)?;
    if !changed.is_empty() {
        return Err(Error::Folder(format!(
            "{}: not as the run left it: {}",
            args.run_dir.display(),
            changed.join("; ")
        )));
    }
    let original = RunRecord::read(&folder)?;
    let mut config = original.config.clone();
    let recorded: serde_json::Value = serde_json::from_str(&files::read_text(&folder.file(File::Environment))?)
        .map_err(|e| Error::json(File::Environment.name(), e))?;
    for (place, given, key) in
        [(&mut config.data.path, &args.data, "file"), (&mut config.data.test_path, &args.test_data, "test_file")]
    {
        if let (Some(_), Some(given)) = (&place, given) {
            *place = Some(given.display().to_string());
        }
        if let Some(path) = place {
            let found = fingerprint(path)?;
            if found["sha256"] != recorded["data"][key]["sha256"] {
                return Err(Error::Request(format!(
                    "{path}: not the data of this run (another SHA-256); name them with --data and --test-data"
                )));
            }
        }
    }
    let epochs = args.epochs.unwrap_or(original.history.len()).min(original.history.len());
    let corpus = Arc::new(load_corpus(&config)?);
    let again = RunFolder::create(&args.out, config.model.kind, "reproduction")?;
    let about = LaunchInfo {
        launcher: super::command_line(),
        started: utc_stamp(),
        title: "reproduction".to_owned(),
        purpose: format!("repeat {}", folder.name()),
    };
    let launch =
        Launch { config, corpus: corpus.clone(), device: args.device, folder: again.clone(), about: Some(about) };
    let mut adapter = String::new();
    let mut ended = None;
    let mut session = start(launch)?;
    while let Some(message) = session.wait()? {
        match message {
            Message::Device { label, .. } => adapter = label,
            Message::Epoch(row) => {
                println!("epoch {}: validation AUC {}", row.epoch, figure(row.validation.headline_auc(), 0, 4));
                if row.epoch == epochs {
                    // Fewer epochs are an audit: the controller's settings still are those of the whole run.
                    let _ = session.commands().try_send(Command::Stop);
                }
            }
            Message::Finished(results) => ended = Some(results),
            _ => {}
        }
    }
    if let Some(results) = ended.filter(|r| r.ended != Ended::Stopped) {
        block_on(session.complete(&corpus, args.device, &results))?;
    }
    let same_adapter = recorded["device"]["adapter"] == adapter.as_str();
    let tolerance = if same_adapter { 0.0 } else { ACROSS_DEVICES };
    let text = |folder: &RunFolder| files::read_text(&folder.file(File::Metrics));
    let found = metric_differences(&text(&folder)?, &text(&again)?, epochs, tolerance)?;
    let weights = if same_adapter && epochs == original.history.len() {
        Some(files::read(&folder.file(File::Last))? == files::read(&again.file(File::Last))?)
    } else {
        None
    };
    println!("adapter       {adapter}{}", if same_adapter { "" } else { " (another than the original's)" });
    println!("tolerance     {tolerance}");
    println!("epochs        {epochs}");
    println!(
        "weights       {}",
        match weights {
            Some(true) => "identical bytes",
            Some(false) => "DIFFERENT",
            None => "not compared",
        }
    );
    for (epoch, column, was, is) in &found {
        println!("differs       epoch {epoch}, {column}: {was}, now {is}");
    }
    let same = found.is_empty() && weights != Some(false);
    println!("verdict       {}", if same { "reproduced" } else { "not reproduced" });
    println!("folder        {}", again.path().display());
    if let Some(path) = &args.json {
        let report = serde_json::json!({"reproduced": same, "epochs": epochs, "tolerance": tolerance, "adapter": adapter, "weights_identical": weights, "differences": found});
        files::write_atomic(path, pretty(&report)?.as_bytes())?;
    }
    if same { Ok(()) } else { Err(Error::NotReproduced(format!("{}: not reproduced", args.run_dir.display()))) }
}

/// What `gainakt compare` takes.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Run folders.
    #[arg(required = true, num_args = 2..)]
    run_dirs: Vec<PathBuf>,
    /// Report how closely the runs agree about the same students (stability across seeds); they need the same data.
    #[arg(long)]
    stability: bool,
    /// Plot the runs' validation AUC into this SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// Prints what differs between runs.
pub(super) fn compare(args: &CompareArgs) -> Result<()> {
    let runs = args.run_dirs.iter().map(|dir| RunRecord::read(&RunFolder::open(dir)?)).collect::<Result<Vec<_>>>()?;
    println!("run   best epoch  val AUC  val acc  val loss  test AUC  M-AUC  name");
    for (i, run) in runs.iter().enumerate() {
        let (v, test) = (&run.results.validation, run.results.test.as_ref());
        println!(
            "{:<6}{:>10}{}{}{}{}{}  {}",
            i + 1,
            run.results.best_epoch,
            figure(v.headline_auc(), 9, 4),
            figure(v.accuracy, 9, 4),
            figure(v.loss, 10, 4),
            figure(test.and_then(Measure::headline_auc), 10, 4),
            figure(v.mastery_auc, 7, 3),
            run.name
        );
    }
    let different = config_differences(&runs)?;
    if different.iter().all(|(key, _)| key == "seeds.seed") {
        let lines = [
            ("validation AUC", mean_and_std(runs.iter().map(|r| r.results.validation.headline_auc()))),
            ("test AUC", mean_and_std(runs.iter().map(|r| r.results.test.as_ref().and_then(Measure::headline_auc)))),
        ];
        for (what, (mean, std)) in lines {
            println!("{what} over {} seeds: {} ± {}", runs.len(), figure(mean, 0, 4), figure(std, 0, 4));
        }
    }
    if args.stability {
        stability(&args.run_dirs)?;
    }
    println!("\nvalidation AUC by epoch");
    for epoch in 0..runs.iter().map(|r| r.history.len()).max().unwrap_or(0) {
        let cells: String = runs
            .iter()
            .map(|r| figure(r.history.get(epoch).and_then(|row| row.validation.headline_auc()), 9, 4))
            .collect();
        println!("{:>5}{cells}", epoch + 1);
    }
    println!("\nsettings that differ{}", if different.is_empty() { ": none" } else { "" });
    for (key, values) in &different {
        println!("  {key}: {}", values.join(" | "));
    }
    if let Some(path) = &args.plot {
        files::write_atomic(path, overlay(&runs).svg().as_bytes())?;
    }
    Ok(())
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The best model as safetensors under PyTorch's names.
    Weights,
    /// Predictions for the test set (or the validation fold) as CSV.
    Predictions,
    /// Trajectories of the first students as JSON.
    Trajectories,
}

/// Prints how far the runs' mastery of the skills asked agrees, answer by answer of the final part.
fn stability(run_dirs: &[PathBuf]) -> Result<()> {
    let mut masteries = Vec::new();
    for run_dir in run_dirs {
        let run = super::RunArgs { run_dir: run_dir.clone(), device: DeviceChoice::Cpu };
        let Trained { config, corpus, mut model, .. } = Trained::open(&run, None)?;
        let windows = parts(&config, &corpus)?;
        let all = async |_| ControlFlow::Continue(());
        let outcomes = block_on(infer(&mut model, final_part(&windows), config.training.batch_size, all))?;
        let own = outcomes.unwrap_or_default().into_iter().flat_map(|o| o.heads.next_mastery).map(f64::from);
        masteries.push(own.collect());
    }
    match agreement(&masteries) {
        Some(found) => println!(
            "mastery of the skill asked: {:.1} points apart on average, correlation {}",
            100.0 * found.difference,
            figure(found.correlation, 0, 3)
        ),
        None => println!("mastery cannot be compared: the runs are of other answers, or have no mastery"),
    }
    Ok(())
}

/// What `gainakt export` takes.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    run: super::RunArgs,
    /// What to export.
    #[arg(long, value_enum, default_value = "weights")]
    what: What,
    /// Output file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes weights, predictions or trajectories.
pub(super) fn export(args: &ExportArgs) -> Result<()> {
    if args.what == What::Weights {
        return export_weights(&RunFolder::open(&args.run.run_dir)?, &args.out);
    }
    let mut trained = Trained::open(&args.run, None)?;
    let [_, validation, test] = parts(&trained.config, &trained.corpus)?;
    let windows = if test.is_empty() { validation } else { test };
    let text = if args.what == What::Predictions {
        let all = async |_| ControlFlow::Continue(());
        let outcomes = block_on(infer(&mut trained.model, &windows, trained.config.training.batch_size, all))?;
        predictions_csv(&trained.corpus, &windows, &outcomes.unwrap_or_default())
    } else {
        let mut students: Vec<u32> = windows.iter().map(|w| w.student).collect();
        students.dedup();
        students.truncate(trained.config.interpretability.max_semantic_students);
        let paths = students
            .iter()
            .map(|&s| block_on(trajectory(&mut trained.model, &trained.corpus, &trained.corpus.students[s as usize])));
        pretty(&paths.collect::<Result<Vec<_>>>()?)?
    };
    files::write_atomic(&args.out, text.as_bytes())
}

/// What `gainakt import` takes.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A state dict of GainAKT2Exp: .safetensors, .pt or .pth.
    file: PathBuf,
    /// A run with the settings and data of these weights.
    #[arg(long, value_name = "RUN_DIR")]
    like: PathBuf,
    /// Where to create the imported model's run folder.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

/// Makes a folder with imported weights, ready for evaluate, explain and export.
pub(super) fn import(args: &ImportArgs) -> Result<()> {
    let like = RunFolder::open(&args.like)?;
    let config_text = files::read_text(&like.file(File::Config))?;
    let config = read_config("config.json", &config_text)?;
    let corpus = load_corpus(&config)?;
    let shape = ModelConfig::new(&config, corpus.skills.len(), corpus.items.len());
    let bytes = import_weights(&args.file, &shape)?;
    let (_, weights) = decode_weights(&args.file.display().to_string(), &bytes)?;
    // Refuses what does not fit before anything is written.
    let layout = Model::layout_of(&shape)?;
    layout.flatten(&weights).map_err(|e| Error::Checkpoint(format!("{}: {e}", args.file.display())))?;
    let folder = RunFolder::create(&args.out, config.model.kind, "imported")?;
    folder.write(File::Config, config_text.as_bytes())?;
    folder.write(File::Best, &bytes)?;
    println!("folder    {}", folder.path().display());
    Ok(())
}
