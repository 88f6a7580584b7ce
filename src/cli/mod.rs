//! The terminal: what a researcher types, and what is shown for it.

mod bench;
mod data;
mod evaluate;
mod explain;
mod folder;
mod sweep;
mod terminal;
mod train;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::open_window;
use crate::data::{ColumnNames, format_names};
use crate::error::Result;
use crate::experiment::RunFolder;
use crate::platform::device::DeviceChoice;
use crate::service::Source;

/// Trains, evaluates and shows interpretable knowledge-tracing models.
#[derive(Debug, Parser)]
#[command(name = "gainakt", version, about, max_term_width = 100)]
struct Cli {
    /// What to do; without a command, the window opens.
    #[command(subcommand)]
    command: Option<CliCommand>,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Open the window on a run, or on the embedded class.
    Open {
        /// The run folder.
        run_dir: Option<PathBuf>,
    },
    /// Train a model; without arguments, on the embedded class.
    Train(Box<train::TrainArgs>),
    /// Evaluate a trained model on its training, validation and test data.
    Evaluate(evaluate::EvaluateArgs),
    /// Follow one student: prediction, mastery and gain after every answer, as data, a picture or a page to print.
    Explain(explain::ExplainArgs),
    /// Check a finished run's folder: the reproducibility checklist, and every file's hash.
    Check {
        /// The run folder.
        run_dir: PathBuf,
    },
    /// Train a run again from its folder and compare, byte for byte on the same adapter.
    Reproduce(folder::ReproduceArgs),
    /// Compare finished runs side by side.
    Compare(folder::CompareArgs),
    /// Train over folds, seeds and ablations; resumable, and distributable with --shard.
    Sweep(Box<sweep::SweepArgs>),
    /// Export a run's weights, predictions or trajectories.
    Export(folder::ExportArgs),
    /// Import weights trained elsewhere.
    Import(folder::ImportArgs),
    /// Measure speed and memory on this machine.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Inspect, split or convert a data file.
    #[command(subcommand)]
    Data(data::DataCommand),
}

/// Columns of a raw interaction file that have no common name.
#[derive(Debug, Clone, Default, Args)]
struct ColumnArgs {
    /// Column with the student.
    #[arg(long, value_name = "NAME")]
    student_column: Option<String>,
    /// Column with the skill (several joined by `_` become one row each).
    #[arg(long, value_name = "NAME")]
    skill_column: Option<String>,
    /// Column with the response, 0 or 1.
    #[arg(long, value_name = "NAME")]
    response_column: Option<String>,
    /// Column a student's answers are ordered by.
    #[arg(long, value_name = "NAME")]
    order_column: Option<String>,
    /// Column with the item (question, problem).
    #[arg(long, value_name = "NAME")]
    item_column: Option<String>,
    /// Raw format of the file, if it is not recognised as wanted. `table` finds columns by name, `ednet_all` reads all of
    /// EdNet's students.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(format_names()))]
    format: Option<String>,
}

impl ColumnArgs {
    fn names(&self) -> ColumnNames {
        ColumnNames {
            student: self.student_column.clone(),
            skill: self.skill_column.clone(),
            response: self.response_column.clone(),
            order: self.order_column.clone(),
            item: self.item_column.clone(),
            format: self.format.clone(),
        }
    }
}

/// A run to read and the device to compute on.
#[derive(Debug, Clone, Args)]
struct RunArgs {
    /// The run folder.
    run_dir: PathBuf,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
}

/// Reads the command line, does what it says and gives the exit code: 2 for bad input, 1 for other failures.
pub fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter()).init();
    let command = Cli::parse().command.unwrap_or(CliCommand::Open { run_dir: None });
    let outcome: Result<()> = match command {
        CliCommand::Open { run_dir } => open(run_dir),
        CliCommand::Train(args) => train::train(&args),
        CliCommand::Evaluate(args) => evaluate::evaluate(&args),
        CliCommand::Explain(args) => explain::explain(&args),
        CliCommand::Check { run_dir } => folder::check(&run_dir),
        CliCommand::Reproduce(args) => folder::reproduce(&args),
        CliCommand::Compare(args) => folder::compare(&args),
        CliCommand::Sweep(args) => sweep::sweep(&args),
        CliCommand::Export(args) => folder::export(&args),
        CliCommand::Import(args) => folder::import(&args),
        CliCommand::Bench(command) => bench::bench(&command),
        CliCommand::Data(command) => data::data(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gainakt: {}", with_option(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}

/// What to type, for problems that an option solves: words of a message, and the option.
const OPTIONS: [(&str, &str); 9] = [
    ("name the skill column", "--skill-column NAME"),
    ("name another skill column", "--skill-column NAME"),
    ("name the student column", "--student-column NAME"),
    ("name the response column", "--response-column NAME"),
    ("name another order column", "--order-column NAME"),
    ("another validation fold", "--fold N"),
    ("a lower learning rate", "--lr RATE"),
    ("a smaller batch size", "--batch-size N"),
    ("compute on the CPU", "--device cpu"),
];

/// A message with the option that helps, if one does.
fn with_option(message: &str) -> String {
    match OPTIONS.iter().find(|(words, _)| message.contains(words)) {
        Some((_, option)) => format!("{message} ({option})"),
        None => message.to_owned(),
    }
}

/// Opens the window.
fn open(run_dir: Option<PathBuf>) -> Result<()> {
    let source = match run_dir {
        Some(path) => {
            RunFolder::open(&path)?;
            Source::Run(path)
        }
        None => Source::EMBEDDED,
    };
    open_window(source)
}

/// The command line as a shell would take it.
fn command_line() -> String {
    // No argument can hold a zero byte, the one thing that a shell cannot be given.
    let quoted = std::env::args().map(|arg| shlex::try_quote(&arg).map_or_else(|_| arg.clone(), Into::into));
    quoted.collect::<Vec<String>>().join(" ")
}

/// `RUST_LOG`, else only errors: the adapter's own chatter is not for users.
fn filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"))
}
