//! pykt's `*_sequences.csv`: one window a row, lists joined by commas and padded with −1.

use std::io::Read;

use super::columns::ColumnNames;
use super::folds::Fold;
use super::raw::read_rows;
use super::source::{TextSource, decode, line_of};
use super::students::Dataset;
use super::{MAX_SKILLS, MIN_INTERACTIONS};
use crate::error::{Error, Result, quote};

/// One row of a sequences file, padding removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRow {
    /// Fold of the row.
    pub fold: Fold,
    /// Student as the file writes it (pykt: a running number).
    pub student: String,
    /// Skill index of each interaction.
    pub skills: Vec<u32>,
    /// Response of each interaction, 0 or 1.
    pub responses: Vec<u8>,
    /// 1 where an interaction is a further skill of the answer before it; empty where the file does not say.
    pub repeats: Vec<u8>,
}

/// What a data file turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum DataFile {
    /// One interaction a row, brought into order.
    Raw(Dataset),
    /// pykt's windows.
    Sequences(Vec<SequenceRow>),
}

/// Reads either format, told apart by the header: a sequences file has `fold`, `concepts` and `responses`.
///
/// # Errors
/// Those of [`super::read_raw`] and [`read_sequences`].
pub fn read_table(file: &str, input: impl Read, columns: &ColumnNames) -> Result<DataFile> {
    let mut source = TextSource::open(file, input)?;
    let header = source.header()?;
    let has = |name: &str| header.iter().any(|h| h == name);
    if has("fold") && has("concepts") && has("responses") {
        read_windows(source, &header).map(DataFile::Sequences)
    } else {
        read_rows(source, &header, columns).map(DataFile::Raw)
    }
}

/// Reads pykt's sequence file (plain or gzipped).
///
/// # Errors
/// Missing columns, lists of different lengths, entries that are no skill index or no 0/1 response,
/// padding before the end, fewer than two interactions, overlapping (sliding) windows, a damaged file.
pub fn read_sequences(file: &str, input: impl Read) -> Result<Vec<SequenceRow>> {
    let mut source = TextSource::open(file, input)?;
    let header = source.header()?;
    read_windows(source, &header)
}

fn read_windows(mut source: TextSource<'_>, header: &[String]) -> Result<Vec<SequenceRow>> {
    let file = source.file.clone();
    let place = |name: &str| header.iter().position(|h| h == name);
    let need = |name: &str| {
        place(name).ok_or_else(|| {
            let problem = format!("no column '{name}'; a pykt sequences file has fold, uid, concepts, responses");
            Error::data_at(&file, 1, None, problem)
        })
    };
    let (fold, uid, concepts, responses) = (need("fold")?, need("uid")?, need("concepts")?, need("responses")?);
    let masks = place("selectmasks");
    let lists: Vec<usize> =
        ["questions", "timestamps", "usetimes", "is_repeat"].into_iter().filter_map(place).collect();
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    while source.next(&mut record)? {
        let cell = Cell { file: &file, record: &record, header };
        if record.len() != header.len() {
            let problem = format!("found {} fields, expected {} as in the header", record.len(), header.len());
            return Err(Error::data_at(&file, line_of(&record), None, problem));
        }
        let skills = cell.list(concepts)?;
        let answers = cell.list(responses)?;
        cell.same_length(concepts, skills.len(), responses, answers.len())?;
        for &other in &lists {
            cell.same_length(concepts, skills.len(), other, decode(&record[other]).split(',').count())?;
        }
        let length = skills.iter().position(|&s| s == -1).unwrap_or(skills.len());
        if let Some(masks) = masks {
            let masks_list = cell.list(masks)?;
            cell.same_length(concepts, skills.len(), masks, masks_list.len())?;
            if masks_list[..length].contains(&-1) {
                let problem = "the window repeats interactions of another (sliding windows); use train_valid_sequences.csv or test_sequences.csv";
                return Err(cell.error(masks, problem.to_owned()));
            }
        }
        let repeats = match place("is_repeat") {
            Some(column) => cell.list(column)?.into_iter().take(length).map(|r| u8::from(r == 1)).collect(),
            None => Vec::new(),
        };
        rows.push(SequenceRow {
            repeats,
            ..cell.window(fold, uid, (concepts, &skills), (responses, &answers), length)?
        });
    }
    if rows.is_empty() {
        return Err(Error::data(&file, "the file has a header and no row; expected at least one window"));
    }
    Ok(rows)
}

struct Cell<'a> {
    file: &'a str,
    record: &'a csv::ByteRecord,
    header: &'a [String],
}

impl Cell<'_> {
    fn error(&self, column: usize, problem: String) -> Error {
        Error::data_at(self.file, line_of(self.record), Some(&self.header[column]), problem)
    }

    fn list(&self, column: usize) -> Result<Vec<i64>> {
        decode(&self.record[column])
            .split(',')
            .map(|entry| {
                entry.trim().parse::<i64>().map_err(|_| {
                    let problem = format!("found {}, expected whole numbers joined by commas", quote(entry));
                    self.error(column, problem)
                })
            })
            .collect()
    }

    fn same_length(&self, a: usize, len_a: usize, b: usize, len_b: usize) -> Result<()> {
        if len_a == len_b {
            return Ok(());
        }
        let problem = format!("found {len_b} entries, expected {len_a} as in '{}'", self.header[a]);
        Err(self.error(b, problem))
    }

    fn window(
        &self,
        fold: usize,
        uid: usize,
        skills: (usize, &[i64]),
        answers: (usize, &[i64]),
        length: usize,
    ) -> Result<SequenceRow> {
        if length < 2 {
            let problem = format!(
                "the window holds {length} interaction, expected at least 2 (pykt keeps {MIN_INTERACTIONS} or more)"
            );
            return Err(self.error(skills.0, problem));
        }
        let (skill_column, skills) = skills;
        let (answer_column, answers) = answers;
        if skills[length..].iter().any(|&s| s != -1) || answers[length..].iter().any(|&r| r != -1) {
            let problem = "an entry follows the padding; −1 may stand only at the end".to_owned();
            return Err(self.error(skill_column, problem));
        }
        if let Some(bad) = skills[..length].iter().find(|&&s| s < 0 || s >= MAX_SKILLS as i64) {
            let problem = format!("found skill {bad}, expected an index from 0 to {}", MAX_SKILLS - 1);
            return Err(self.error(skill_column, problem));
        }
        if let Some(bad) = answers[..length].iter().find(|&&r| r != 0 && r != 1) {
            let problem = format!("found response {bad}, expected 0 (wrong) or 1 (right)");
            return Err(self.error(answer_column, problem));
        }
        let text = decode(&self.record[fold]);
        let fold_number = match text.trim().parse::<i64>() {
            Ok(-1) => Fold::Test,
            Ok(k @ 0..=127) => Fold::Train(k as u8),
            _ => return Err(self.error(fold, format!("found {}, expected a fold from 0 or −1 for test", quote(&text)))),
        };
        Ok(SequenceRow {
            fold: fold_number,
            student: decode(&self.record[uid]).trim().to_owned(),
            skills: skills[..length].iter().map(|&s| s as u32).collect(),
            responses: answers[..length].iter().map(|&r| r as u8).collect(),
            repeats: Vec::new(),
        })
    }
}
