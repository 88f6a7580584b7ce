//! `gainakt explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_lite::future::block_on;

use super::RunArgs;
use super::evaluate::Trained;
use crate::error::Result;
use crate::evaluate::{Trajectory, trajectory};
use crate::experiment::{pretty, student_plot, student_report};
use crate::platform::files;

/// How a student is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Everything known after every answer.
    #[default]
    Json,
    /// One row for each answer and skill.
    Csv,
    /// The student's mastery over time as a picture.
    Svg,
    /// One page to print: the picture, sentences, and a table of the skills.
    Html,
}

/// What `gainakt explain` takes.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The student's id.
    #[arg(long, value_name = "ID")]
    student: String,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Output file; standard output if not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes one student's trajectory.
pub(super) fn explain(args: &ExplainArgs) -> Result<()> {
    let mut trained = Trained::open(&args.run, Some(&args.student))?;
    let path: Trajectory = block_on(trajectory(&mut trained.model, &trained.corpus, &args.student))?;
    let text = match args.format {
        Format::Json => pretty(&path)?,
        Format::Csv => path.to_csv(),
        Format::Svg => student_plot(&path, None).svg(),
        Format::Html => {
            let run = args.run.run_dir.file_name().unwrap_or_default().to_string_lossy();
            let about = format!("{run} · {}", trained.config.model.kind.title());
            student_report(&path, &student_plot(&path, None), None, &about)
        }
    };
    match &args.out {
        Some(file) => files::write_atomic(file, text.as_bytes()),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}
