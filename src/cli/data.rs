//! `gainakt data`: look at, split and convert data files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::ColumnArgs;
use crate::data::{Corpus, CsvText, DataFile, Dataset, FoldAssignment, RowKind, SequenceRow, Window, export_pykt};
use crate::error::Result;
use crate::experiment::{load_dataset, read_data};
use crate::platform::files;

/// What `gainakt data` takes.
#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    /// Print the format, students, interactions, skills, share correct, window lengths, and what was left out and why.
    Check {
        /// Raw interactions or pykt's sequences.
        file: PathBuf,
        #[command(flatten)]
        columns: ColumnArgs,
    },
    /// Write user_id,fold,file_row: pykt's folds (−1 test, −2 left out).
    Split {
        /// Raw interactions.
        file: PathBuf,
        #[command(flatten)]
        columns: ColumnArgs,
        /// Output file; standard output if not given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write pykt's own files.
    Export {
        /// Raw interactions.
        file: PathBuf,
        /// Folder to write into.
        dir: PathBuf,
        #[command(flatten)]
        columns: ColumnArgs,
    },
}

/// Does what `gainakt data …` says.
pub(super) fn data(command: &DataCommand) -> Result<()> {
    match command {
        DataCommand::Check { file, columns } => check(file, columns),
        DataCommand::Split { file, columns, out } => {
            let text = split(&load_dataset(file, &columns.names())?);
            match out {
                Some(out) => files::write_atomic(out, text.as_bytes()),
                None => {
                    print!("{text}");
                    Ok(())
                }
            }
        }
        DataCommand::Export { file, dir, columns } => {
            let dataset = load_dataset(file, &columns.names())?;
            files::create_dir(dir)?;
            for exported in export_pykt(&dataset) {
                let path = dir.join(exported.name);
                files::write_atomic(&path, exported.content.as_bytes())?;
                println!("{} ({} bytes)", path.display(), exported.content.len());
            }
            Ok(())
        }
    }
}

fn check(file: &Path, columns: &ColumnArgs) -> Result<()> {
    let name = file.display().to_string();
    let text = match read_data(file, &columns.names())? {
        DataFile::Raw(dataset) => raw_report(&dataset),
        DataFile::Sequences(rows) => sequences_report(&name, &rows)?,
    };
    print!("{text}");
    Ok(())
}

fn raw_report(dataset: &Dataset) -> String {
    let dropped = &dataset.dropped;
    let mut out = String::new();
    let mut lengths: Vec<usize> = dataset.students.iter().map(|s| s.answers.len()).collect();
    let mut line = |label: &str, value: String| {
        let _ = writeln!(out, "{label:<16}{value}");
    };
    if let Some(format) = dataset.format {
        line("format", format.to_owned());
    }
    line("rows", dataset.rows_read.to_string());
    line("students", dataset.students.len().to_string());
    let (answers, interactions) = (dataset.answers(), dataset.interactions());
    if interactions > answers {
        line("answers", format!("{answers}, up to {} skills each", dataset.max_skills_per_answer));
    }
    line("interactions", interactions.to_string());
    line("skills", dataset.skills.len().to_string());
    if !dataset.items.is_empty() {
        let unknown = dataset.students.iter().flat_map(|s| s.answers.iter()).filter(|a| a.item == 0).count();
        let without = if unknown > 0 { format!(", {unknown} answers name none") } else { String::new() };
        let seldom = seldom_answered(dataset);
        line("items", format!("{}, {seldom} of them answered fewer than 10 times{without}", dataset.items.len()));
    }
    line("share correct", format!("{:.4}", dataset.share_correct()));
    line("length", lengths_text(&mut lengths));
    let corpus = Corpus::from_dataset(dataset, 200, RowKind::Answer);
    let mut windows: Vec<usize> = corpus.windows.iter().map(Window::len).collect();
    line("windows of 200", format!("{}, length {}", windows.len(), lengths_text(&mut windows)));
    line("left out", format!("{} rows without student, skill, response or order", dropped.missing));
    line("", format!("{} rows with partial credit (a response between 0 and 1)", dropped.fractional));
    if dropped.unscored > 0 {
        line("", format!("{} rows that are neither right nor wrong (a hint, still running)", dropped.unscored));
    }
    if dropped.repeated > 0 {
        line("", format!("{} further attempts at a step (the first counts)", dropped.repeated));
    }
    line(
        "",
        format!("{} students with fewer than 3 answers ({} rows)", dropped.short_students.len(), dropped.short_rows),
    );
    if !dataset.items.is_empty() {
        line("to train", "gainakt train --preset evidence_items --data FILE uses the items".to_owned());
    }
    let names: Vec<&str> = dataset.skills.iter().take(5).map(|s| s.name.as_str()).collect();
    line("first skills", names.join(", "));
    out
}

fn sequences_report(name: &str, rows: &[SequenceRow]) -> Result<String> {
    let test = rows.iter().all(|r| r.fold.number() < 0);
    let (train_rows, test_rows) = if test { (&[][..], rows) } else { (rows, &[][..]) };
    let corpus = Corpus::from_sequences(name, train_rows, test_rows, usize::MAX, RowKind::Answer)?;
    let answers: usize = rows.iter().map(|r| r.answers.len()).sum();
    let interactions: usize = rows.iter().map(|r| r.answers.skill_count()).sum();
    let right: usize = rows.iter().map(|r| r.answers.responses().iter().filter(|&&x| x == 1).count()).sum();
    let mut used: Vec<u32> = rows.iter().flat_map(|r| r.answers.by_skill().map(|(_, k, _)| k)).collect();
    used.sort_unstable();
    used.dedup();
    let mut lengths: Vec<usize> = rows.iter().map(|r| r.answers.skill_count()).collect();
    let mut out = String::new();
    let mut line = |label: &str, value: String| {
        let _ = writeln!(out, "{label:<16}{value}");
    };
    line("windows", rows.len().to_string());
    line("students", corpus.students.len().to_string());
    if interactions > answers {
        line("answers", answers.to_string());
    }
    line("interactions", interactions.to_string());
    line("scored steps", (interactions - rows.len()).to_string());
    line("skills", used.len().to_string());
    if !corpus.items.is_empty() {
        line("items", corpus.items.len().to_string());
    }
    line("share correct", format!("{:.4}", right as f64 / answers as f64));
    line("length", lengths_text(&mut lengths));
    let mut folds: Vec<i8> = rows.iter().map(|r| r.fold.number()).collect();
    folds.sort_unstable();
    folds.dedup();
    for fold in folds {
        let own = rows.iter().filter(|r| r.fold.number() == fold);
        let (windows, cells) = own.fold((0, 0), |(w, c), r| (w + 1, c + r.answers.skill_count()));
        line(
            &format!("fold {fold}"),
            format!("{windows} windows, {cells} interactions, {} scored steps", cells - windows),
        );
    }
    Ok(out)
}

/// Items with fewer than 10 answers: too few to learn much about them.
fn seldom_answered(dataset: &Dataset) -> usize {
    let mut counts = vec![0u32; dataset.items.len() + 1];
    dataset.students.iter().flat_map(|s| s.answers.iter()).for_each(|a| counts[a.item as usize] += 1);
    counts[1..].iter().filter(|&&count| count < 10).count()
}

fn lengths_text(lengths: &mut [usize]) -> String {
    lengths.sort_unstable();
    match &*lengths {
        [] => "–".to_owned(),
        [shortest, .., longest] => format!("median {}, from {shortest} to {longest}", lengths[lengths.len() / 2]),
        [only] => format!("{only}"),
    }
}

/// `split.csv`: all students in order of first appearance.
fn split(dataset: &Dataset) -> String {
    let places = FoldAssignment::new(dataset.students.len()).by_student();
    let mut kept = dataset.students.iter().zip(places);
    let mut short = dataset.dropped.short_students.iter().peekable();
    let mut csv = CsvText::new(["user_id", "fold", "file_row"]);
    let all = dataset.students.len() + dataset.dropped.short_students.len();
    for position in 0..all {
        if let Some((_, id)) = short.next_if(|(at, _)| *at == position) {
            csv.row([id.as_str(), "-2", ""]);
        } else if let Some((student, (fold, row))) = kept.next() {
            csv.row([student.id.clone(), fold.number().to_string(), row.to_string()]);
        }
    }
    csv.finish()
}
