//! `gainakt evaluate` and `gainakt explain`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;

use super::RunArgs;
use super::terminal::Terminal;
use crate::config::Config;
use crate::data::Corpus;
use crate::error::Result;
use crate::evaluate::{Trajectory, check_student, evaluate_parts, parts, trajectory};
use crate::experiment::{File, RunFolder, load_corpus, load_model, pretty, read_config};
use crate::model::Model;
use crate::platform::device::{ComputeDevice, Device, choose};
use crate::platform::files;

/// What `gainakt evaluate` takes.
#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Write the figures as JSON, to this file or `-` for standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How a trajectory is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Json,
    Csv,
}

/// What `gainakt explain` takes.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The student's id.
    #[arg(long, value_name = "ID")]
    student: String,
    /// How to write it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where to; standard output if not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A trained model with its data, on a device.
pub(super) struct Trained {
    pub(super) config: Config,
    pub(super) corpus: Corpus,
    compute: ComputeDevice,
    pub(super) model: Model,
}

impl Trained {
    /// Opens a run's best model; `student` must be in its data. Whatever is wrong with the folder is found before a
    /// graphics device is woken up.
    pub(super) fn open(args: &RunArgs, student: Option<&str>) -> Result<Self> {
        let folder = RunFolder::open(&args.run_dir)?;
        let file = folder.file(File::Config);
        let config = read_config(&file.display().to_string(), &files::read_text(&file)?)?;
        let corpus = load_corpus(&config)?;
        if let Some(student) = student {
            check_student(&corpus, student)?;
        }
        let on_cpu = load_model(&folder, &config, corpus.skills.len(), &Device::Cpu)?;
        let compute = block_on(choose(args.device))?;
        let model = match &compute.device {
            Device::Cpu => on_cpu,
            device => load_model(&folder, &config, corpus.skills.len(), device)?,
        };
        Ok(Self { config, corpus, compute, model })
    }
}

/// Prints the figures of a run's best model.
pub(super) fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let mut trained = Trained::open(&args.run, None)?;
    let mut terminal = Terminal::new(None);
    let windows = parts(&trained.config, &trained.corpus)?;
    let progress = async |done, total| {
        terminal.progress("measuring", "", done, total);
        ControlFlow::Continue(())
    };
    let measures = block_on(evaluate_parts(&mut trained.model, &trained.config, &trained.corpus, &windows, progress))?;
    let [train, validation, test] = measures.unwrap_or_default();
    terminal.clear();
    let test = (!windows[2].is_empty()).then_some(test);
    let json = pretty(&serde_json::json!({"train": train, "validation": validation, "test": test}))?;
    match &args.json {
        Some(path) if path.as_os_str() == "-" => print!("{json}"),
        other => {
            if let Some(path) = other {
                files::write_atomic(path, json.as_bytes())?;
            }
            terminal.line(&format!("device    {}", trained.compute.label));
            let mut parts = vec![("train", &train), ("validation", &validation)];
            parts.extend(test.as_ref().map(|t| ("test", t)));
            terminal.measures(&parts);
        }
    }
    Ok(())
}

/// Writes one student's trajectory.
pub(super) fn explain(args: &ExplainArgs) -> Result<()> {
    let mut trained = Trained::open(&args.run, Some(&args.student))?;
    let path: Trajectory = block_on(trajectory(&mut trained.model, &trained.corpus, &args.student))?;
    let text = match args.format {
        Format::Json => pretty(&path)?,
        Format::Csv => path.to_csv(),
    };
    match &args.out {
        Some(file) => files::write_atomic(file, text.as_bytes()),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}
