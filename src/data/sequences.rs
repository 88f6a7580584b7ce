//! pykt's `*_sequences.csv`: one window a row, lists joined by commas and padded with −1.

use std::io::Read;

use super::answers::Answers;
use super::columns::ColumnNames;
use super::folds::Fold;
use super::formats::{OpenBeside, recognise};
use super::raw::{read_format, read_rows};
use super::source::{TextSource, decode, line_of};
use super::students::Dataset;
use super::{MAX_ITEMS, MAX_SKILLS, MIN_INTERACTIONS};
use crate::error::{Error, Result, quote};

/// One row of a sequences file, padding removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRow {
    /// Fold of the row.
    pub fold: Fold,
    /// Student as the file writes it (pykt: a running number).
    pub student: String,
    /// The answers: rows that `is_repeat` names further skills of one answer are one.
    pub answers: Answers,
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
    let alone = |name: &str| -> Result<Box<dyn Read>> {
        let problem = format!("this file goes with {name}, which must lie beside it");
        Err(Error::data(file, problem))
    };
    read_table_beside(file, input, columns, &alone)
}

/// The same of a file that may need others, which `beside` opens by their paths from its folder.
///
/// # Errors
/// Those of [`read_table`], and those of the other files.
pub fn read_table_beside(
    file: &str,
    input: impl Read,
    columns: &ColumnNames,
    beside: &OpenBeside<'_>,
) -> Result<DataFile> {
    let mut source = TextSource::open(file, input)?;
    let header = source.header()?;
    if is_windows(&header) {
        read_windows(source, &header).map(DataFile::Sequences)
    } else if let Some(format) = recognise(file, &header, columns, beside)? {
        read_format(source, header, &*format).map(DataFile::Raw)
    } else {
        read_rows(source, &header, columns).map(DataFile::Raw)
    }
}

/// What a table is, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// pykt's windows.
    Sequences,
    /// A well-known raw format, by its name.
    Format(&'static str),
    /// Interactions whose columns are found by name.
    Columns,
}

/// Reads a table's header alone.
///
/// # Errors
/// It is no table of answers, or a file that belongs to its format is missing.
pub fn inspect_header(file: &str, input: impl Read, columns: &ColumnNames, beside: &OpenBeside<'_>) -> Result<Table> {
    let header = TextSource::open(file, input)?.header()?;
    if is_windows(&header) {
        return Ok(Table::Sequences);
    }
    match recognise(file, &header, columns, beside)? {
        Some(format) => Ok(Table::Format(format.name())),
        None => columns.locate(file, &header).map(|_| Table::Columns),
    }
}

/// Whether this is the header of pykt's windows.
fn is_windows(header: &[String]) -> bool {
    ["fold", "concepts", "responses"].iter().all(|name| header.iter().any(|h| h == name))
}

/// Reads pykt's sequence file (plain or gzipped), of concepts or of questions (`*_quelevel.csv`, where an answer's concepts
/// are joined by `_`).
///
/// # Errors
/// Missing columns, lists of different lengths, entries that are no skill or item index or no 0/1 response, further skills of
/// an answer with another response or item, padding before the end, fewer than two interactions, overlapping (sliding) windows, a damaged file.
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
    let (questions, repeats) = (place("questions"), place("is_repeat"));
    let lists: Vec<usize> =
        ["timestamps", "usetimes"].into_iter().filter_map(place).chain(questions).chain(repeats).collect();
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    while source.next(&mut record)? {
        let cell = Cell { file: &file, record: &record, header };
        if record.len() != header.len() {
            let problem = format!("found {} fields, expected {} as in the header", record.len(), header.len());
            return Err(Error::data_at(&file, line_of(&record), None, problem));
        }
        let responses = (responses, cell.list(responses)?);
        let count = responses.1.len();
        let skills = (concepts, cell.skills(concepts)?);
        cell.same_length(concepts, skills.1.len(), responses.0, count)?;
        for &other in &lists {
            cell.same_length(concepts, count, other, decode(&record[other]).split(',').count())?;
        }
        let length = skills.1.iter().position(|s| s == &[-1]).unwrap_or(count);
        if let Some(masks) = masks {
            let masks_list = cell.list(masks)?;
            cell.same_length(concepts, count, masks, masks_list.len())?;
            if masks_list[..length].contains(&-1) {
                let problem = "the window repeats interactions of another (sliding windows); use train_valid_sequences.csv or test_sequences.csv";
                return Err(cell.error(masks, problem.to_owned()));
            }
        }
        let items = questions.map(|column| Ok((column, cell.list(column)?))).transpose()?;
        let repeats = repeats.map(|column| Ok((column, cell.list(column)?))).transpose()?;
        let answers = cell.answers(&skills, &responses, items.as_ref(), repeats.as_ref(), length)?;
        rows.push(SequenceRow { fold: cell.fold(fold)?, student: decode(&record[uid]).trim().to_owned(), answers });
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

    /// Lists of skills: an answer's skills are joined by `_`.
    fn skills(&self, column: usize) -> Result<Vec<Vec<i64>>> {
        let text = decode(&self.record[column]);
        let entry = |entry: &str| {
            entry.trim().split('_').map(str::parse).collect::<std::result::Result<Vec<i64>, _>>().map_err(|_| {
                let expected = "expected whole numbers joined by commas (several skills of one answer by _)";
                self.error(column, format!("found {}, {expected}", quote(entry)))
            })
        };
        text.split(',').map(entry).collect()
    }

    fn fold(&self, column: usize) -> Result<Fold> {
        let text = decode(&self.record[column]);
        match text.trim().parse::<i64>() {
            Ok(-1) => Ok(Fold::Test),
            Ok(k @ 0..=127) => Ok(Fold::Train(k as u8)),
            _ => Err(self.error(column, format!("found {}, expected a fold from 0 or −1 for test", quote(&text)))),
        }
    }

    /// The first `length` entries of the lists, each given with its column, as answers.
    fn answers(
        &self,
        (skill_column, skills): &(usize, Vec<Vec<i64>>),
        (answer_column, responses): &(usize, Vec<i64>),
        items: Option<&(usize, Vec<i64>)>,
        repeats: Option<&(usize, Vec<i64>)>,
        length: usize,
    ) -> Result<Answers> {
        if length < 2 {
            let problem = format!(
                "the window holds {length} interaction, expected at least 2 (pykt keeps {MIN_INTERACTIONS} or more)"
            );
            return Err(self.error(*skill_column, problem));
        }
        if skills[length..].iter().any(|s| s != &[-1]) || responses[length..].iter().any(|&r| r != -1) {
            let problem = "an entry follows the padding; −1 may stand only at the end".to_owned();
            return Err(self.error(*skill_column, problem));
        }
        if let Some(bad) = skills[..length].iter().flatten().find(|&&s| s < 0 || s >= MAX_SKILLS as i64) {
            let problem = format!("found skill {bad}, expected an index from 0 to {}", MAX_SKILLS - 1);
            return Err(self.error(*skill_column, problem));
        }
        if let Some(bad) = responses[..length].iter().find(|&&r| r != 0 && r != 1) {
            let problem = format!("found response {bad}, expected 0 (wrong) or 1 (right)");
            return Err(self.error(*answer_column, problem));
        }
        if let Some((column, items)) = items
            && let Some(bad) = items[..length].iter().find(|&&i| i < 0 || i >= MAX_ITEMS as i64)
        {
            let problem = format!("found item {bad}, expected an index from 0 to {}", MAX_ITEMS - 1);
            return Err(self.error(*column, problem));
        }
        let item = |t: usize| items.map_or(0, |(_, items)| items[t] as u32 + 1);
        let is_repeat = |t: usize| repeats.is_some_and(|(_, repeats)| repeats[t] == 1);
        let (mut answers, mut own) = (Answers::default(), Vec::new());
        for t in 0..length {
            own.extend(skills[t].iter().map(|&s| s as u32));
            if t + 1 < length && is_repeat(t + 1) {
                if (responses[t], item(t)) != (responses[t + 1], item(t + 1)) {
                    let column = repeats.map_or(*skill_column, |(column, _)| *column);
                    let problem = format!(
                        "entry {} is a further skill of the answer before it, but has another response or item",
                        t + 2
                    );
                    return Err(self.error(column, problem));
                }
                continue;
            }
            answers.push(&own, item(t), responses[t] as u8);
            own.clear();
        }
        Ok(answers)
    }
}
