//! `gainakt evaluate`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;

use super::RunArgs;
use super::terminal::{Progress, Terminal};
use crate::config::Config;
use crate::data::{Corpus, Window};
use crate::error::{Error, Result};
use crate::evaluate::{
    Honesty, ItemReport, baselines, check_student, evaluate_parts, evaluate_sliding, final_part, honesty, item_report,
    item_summary, items_csv, parts,
};
use crate::experiment::{RunFolder, baseline_lines, figure, load_config, load_corpus, load_model, pretty};
use crate::model::Model;
use crate::platform::device::{ComputeDevice, Device, DeviceChoice, choose};
use crate::platform::files;
use crate::train::Results;

/// What `gainakt evaluate` takes.
#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    run: RunArgs,
    /// How the answers of the test set are cut into windows.
    #[arg(long, value_enum, default_value_t)]
    protocol: Protocol,
    /// Report how far mastery and predictions can be trusted, in sentences and tables.
    #[arg(long)]
    honesty: bool,
    /// Write the measures of honesty as CSV.
    #[arg(long, value_name = "FILE", requires = "honesty")]
    csv: Option<PathBuf>,
    /// List items (questions) that do not fit, with their difficulty.
    #[arg(long)]
    items: bool,
    /// Write all items as CSV.
    #[arg(long, value_name = "FILE", requires = "items")]
    items_csv: Option<PathBuf>,
    /// Write the metrics as JSON, to this file or `-` for standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How answers are cut into windows to be predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Protocol {
    /// Consecutive windows; each starts without history.
    #[default]
    Sequences,
    /// pykt's sliding windows: each answer beyond the first window is predicted from the answers just before it. Papers quote this.
    Window,
}

/// A trained model with its data, on a device.
pub(super) struct Trained {
    pub(super) config: Config,
    pub(super) corpus: Corpus,
    pub(super) compute: ComputeDevice,
    pub(super) model: Model,
}

impl Trained {
    /// Opens a run's best model; `student` must be in its data. Whatever is wrong with the folder is found before a
    /// graphics device is woken up.
    pub(super) fn open(args: &RunArgs, student: Option<&str>) -> Result<Self> {
        Self::of_folder(&RunFolder::open(&args.run_dir)?, args.device, student)
    }

    /// The same of a folder that is open.
    pub(super) fn of_folder(folder: &RunFolder, device: DeviceChoice, student: Option<&str>) -> Result<Self> {
        let config = load_config(folder)?;
        let corpus = load_corpus(&config)?;
        if let Some(student) = student {
            check_student(&corpus, student)?;
        }
        let on_cpu = load_model(folder, &config, &corpus, &Device::Cpu)?;
        let compute = block_on(choose(device))?;
        let model = match &compute.device {
            Device::Cpu => on_cpu,
            device => load_model(folder, &config, &corpus, device)?,
        };
        Ok(Self { config, corpus, compute, model })
    }
}

/// Prints the figures of a run's best model.
pub(super) fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let Trained { config, corpus, compute, mut model } = Trained::open(&args.run, None)?;
    let mut terminal = Terminal::new(Progress::Bar, None);
    let windows = parts(&config, &corpus)?;
    let progress = async |done, total| {
        terminal.progress("measuring", "", done, total);
        ControlFlow::Continue(())
    };
    let measures = block_on(evaluate_parts(&mut model, &config, &corpus, &windows, progress))?;
    let [train, validation, test] = measures.unwrap_or_default();
    terminal.clear();
    let test = (!windows[2].is_empty()).then_some(test);
    let part = final_part(&windows);
    let results =
        Results { train, validation, test, baselines: baselines(&corpus, &windows[0], part), ..Results::default() };
    let sliding = match args.protocol {
        Protocol::Sequences => None,
        Protocol::Window => {
            let windows = corpus.sliding(part, config.model_config.seq_len);
            let progress = async |done, total| {
                terminal.progress("measuring", "sliding windows", done, total);
                ControlFlow::Continue(())
            };
            let measure = block_on(evaluate_sliding(&mut model, &config, &windows, progress))?;
            terminal.clear();
            measure
        }
    };
    if args.items && corpus.items.is_empty() {
        return Err(Error::Request(
            "--items: the data name no items; they need a column such as problem_id, item_id or question_id, or the one that \
             --item-column names"
                .to_owned(),
        ));
    }
    let items = match (args.items || args.honesty) && !corpus.items.is_empty() {
        true => measure_items(&mut model, &config, &corpus, &mut terminal)?,
        false => Vec::new(),
    };
    let honesty = match args.honesty {
        true => {
            let found = measure_honesty(&mut model, &config, &corpus, [&windows[0], part], &mut terminal)?;
            Some(Honesty { items: item_summary(&items), ..found })
        }
        false => None,
    };
    let Results { train, validation, test, baselines, .. } = &results;
    let json = pretty(&serde_json::json!({
        "train": train, "validation": validation, "test": test, "baselines": baselines, "window_protocol": sliding,
        "honesty": honesty, "items": args.items.then_some(&items),
    }))?;
    if let Some(path) = &args.items_csv {
        files::write_atomic(path, items_csv(&items, &corpus.skills).as_bytes())?;
    }
    if let (Some(path), Some(honesty)) = (&args.csv, &honesty) {
        files::write_atomic(path, honesty.to_csv().as_bytes())?;
    }
    match &args.json {
        Some(path) if path.as_os_str() == "-" => print!("{json}"),
        other => {
            if let Some(path) = other {
                files::write_atomic(path, json.as_bytes())?;
            }
            terminal.line(&format!("device    {}", compute.label));
            let mut parts = vec![("train", train), ("validation", validation)];
            parts.extend(test.as_ref().map(|t| ("test", t)));
            parts.extend(sliding.as_ref().map(|s| ("sliding", s)));
            terminal.measures(&parts);
            baseline_lines(&results).iter().for_each(|line| terminal.line(line));
            if let Some(honesty) = &honesty {
                print_honesty(honesty, &mut terminal);
            }
            if args.items {
                print_items(&items, &corpus, &mut terminal);
            }
        }
    }
    Ok(())
}

/// Most items printed.
const ITEMS: usize = 20;

/// Judges every item, with progress.
fn measure_items(
    model: &mut Model,
    config: &Config,
    corpus: &Corpus,
    terminal: &mut Terminal,
) -> Result<Vec<ItemReport>> {
    let progress = async |done, total| {
        terminal.progress("measuring", "items", done, total);
        ControlFlow::Continue(())
    };
    let report = block_on(item_report(model, corpus, config, progress))?;
    terminal.clear();
    Ok(report.unwrap_or_default())
}

/// Prints the items that do not fit, the worst first.
fn print_items(items: &[ItemReport], corpus: &Corpus, terminal: &mut Terminal) {
    let summary = item_summary(items).unwrap_or_default();
    terminal.line(&format!(
        "\n{} items, {} with enough answers to judge, {} do not fit",
        items.len(),
        summary.judged,
        summary.misfits
    ));
    if let Some(correlation) = summary.difficulty_correlation {
        terminal.line(&format!("learned difficulties correlate with the true ones at {correlation:.3}"));
    }
    let misfits = || items.iter().filter(|i| i.fit.is_misfit());
    if misfits().next().is_none() {
        return;
    }
    terminal.line("item          answers   right  difficulty  (error)  expected  observed  infit  outfit  why, skills");
    for item in misfits().take(ITEMS) {
        let skills: Vec<&str> = item.skills.iter().map(|&k| corpus.skills[k as usize].name.as_str()).collect();
        terminal.line(&format!(
            "{:<12}{:>9}{:>8.3}{}{}{}{}{}{}  {}, {}",
            item.id,
            item.answers,
            item.correct,
            figure(item.difficulty, 12, 2),
            figure(item.standard_error, 9, 2),
            figure(item.expected, 10, 3),
            figure(item.observed, 10, 3),
            figure(item.infit, 7, 2),
            figure(item.outfit, 8, 2),
            item.fit.words(),
            skills.join(" + ")
        ));
    }
    let rest = misfits().count().saturating_sub(ITEMS);
    if rest > 0 {
        terminal.line(&format!("and {rest} more: --items-csv FILE has all"));
    }
}

/// Takes the measures of honesty, with progress.
fn measure_honesty(
    model: &mut Model,
    config: &Config,
    corpus: &Corpus,
    [train, part]: [&[&Window]; 2],
    terminal: &mut Terminal,
) -> Result<Honesty> {
    let progress = async |done, total| {
        terminal.progress("asking the model", "", done, total);
        ControlFlow::Continue(())
    };
    let found = block_on(honesty(model, corpus, train, part, config.training.batch_size, progress))?;
    terminal.clear();
    Ok(found.unwrap_or_default())
}

/// Prints the measures of honesty: the sentences, then the tables behind them.
fn print_honesty(honesty: &Honesty, terminal: &mut Terminal) {
    terminal.line("");
    for (measure, sentence) in honesty.sentences() {
        terminal.line(&format!("{measure:<14}{sentence}"));
    }
    terminal.line("\nanswer to a skill  answers  correct  predicted     AUC  M-AUC");
    for o in &honesty.by_opportunity {
        let shares = format!("{:>9.3}{:>11.3}", o.correct, o.predicted);
        let aucs = format!("{}{}", figure(o.auc, 8, 3), figure(o.mastery_auc, 7, 3));
        terminal.line(&format!("{:<17}{:>9}{shares}{aucs}", o.name(), o.answers));
    }
    if let Some(coverage) = &honesty.coverage {
        terminal.line("\nband of practised skills         nominal actual  width");
        for band in &coverage.bands {
            let share = format!("{:.0} %", 100.0 * band.share);
            terminal.line(&format!("{share:<27}{:>12.2}{:>7.3}{:>7.3}", band.share, band.held, band.width));
        }
        terminal.line("\nanswers to the skill    chances  error   predicted");
        for group in coverage.by_practice.iter().filter(|g| g.count > 0) {
            terminal.line(&format!("{:<22}{:>9}{:>7.3}{:>12.3}", group.name(), group.count, group.error, group.said));
        }
    }
    if !honesty.what_ifs.is_empty() {
        terminal.line("\nwhat-ifs by size    answers predicted actual");
        for (name, group) in honesty.what_if_groups() {
            terminal.line(&format!("{name:<18}{:>9}{:>10.3}{:>7.3}", group.answers, group.said, group.came));
        }
    }
    for (name, groups) in [("predicted", &honesty.by_prediction), ("skill's share correct", &honesty.by_observed_rate)]
    {
        terminal.line(&format!("\n{name:<23}answers  predicted  correct"));
        for g in groups {
            let from = format!("{:.1} to {:.1}", g.from, g.from + 0.1);
            terminal.line(&format!("{from:<21}{:>9}{:>11.3}{:>9.3}", g.answers, g.predicted, g.correct));
        }
    }
}
