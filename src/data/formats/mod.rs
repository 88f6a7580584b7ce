//! Raw files as well-known data sets come, told apart by their columns. Each format drops what pykt drops; what is dropped is
//! counted. A file of none of these is read as a table whose columns are found by name ([`super::columns`]).

mod assistments;
mod datashop;
pub(super) mod ednet;
mod eedi;
mod junyi;
mod poj;
mod python_random;
mod python_set;
mod time;

use std::borrow::Cow;
use std::io::Read;

use super::columns::ColumnNames;
use super::source::{TextSource, decode, is_missing, line_of};
use crate::error::{Error, Result, quote};

/// Opens a file beside the one that is read, by its path from there.
pub type OpenBeside<'a> = dyn Fn(&str) -> Result<Box<dyn Read>> + 'a;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interaction {
    pub student: String,
    /// Several skills are joined by `_` where the format names items.
    pub skill: String,
    pub item: Option<String>,
    pub response: u8,
    /// When it was given, in milliseconds.
    pub time: i64,
    /// What a student's answers are ordered by, before their row.
    pub order: i64,
    /// Time taken, in milliseconds.
    pub taken: Option<i64>,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    Answer(Interaction),
    /// A field that is needed is empty.
    Missing,
    /// So is the time taken.
    Untimed,
    /// The outcome is neither right nor wrong: a hint, a program that still runs.
    Unscored,
}

/// A row with its place, for a format to read.
pub(super) struct Record<'a> {
    pub file: &'a str,
    pub header: &'a [String],
    pub record: &'a csv::ByteRecord,
}

impl<'a> Record<'a> {
    /// The trimmed text of a column; `None` where pandas reads "no value".
    fn text(&self, column: usize) -> Option<Cow<'a, str>> {
        let text = match decode(&self.record[column]) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        Some(text).filter(|text| !is_missing(text))
    }

    /// An error about a column.
    fn error(&self, column: usize, found: &str, expected: &str) -> Error {
        let problem = format!("found {}, expected {expected}", quote(found));
        Error::data_at(self.file, line_of(self.record), Some(&self.header[column]), problem)
    }

    /// A number whose thousandfold still fits into 64 bits.
    fn number(&self, column: usize, text: &str) -> Result<f64> {
        let number = text.parse::<f64>().ok().filter(|x| x.abs() < 9e15);
        number.ok_or_else(|| self.error(column, text, "a number"))
    }
}

/// A data set's way to write answers.
pub(super) trait Format {
    /// Its name for people.
    fn name(&self) -> &'static str;

    /// Whether its answers name items.
    fn has_items(&self) -> bool {
        true
    }

    /// Whether its answers say how long they took.
    fn has_taken(&self) -> bool {
        false
    }

    /// Whether pykt sorts the students by their ids, instead of taking them in order of appearance.
    fn sorts_students(&self) -> bool {
        false
    }

    /// Reads a row.
    ///
    /// # Errors
    /// A field that is not what the format writes there.
    fn read(&self, record: &Record<'_>) -> Result<Row>;
}

/// Places of these columns in a header; `None` unless all of them are there.
fn places<const N: usize>(header: &[String], names: [&str; N]) -> Option<[usize; N]> {
    let mut found = [0; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place = header.iter().position(|h| h == name)?;
    }
    Some(found)
}

/// The format of a file with this header; `None`: a table whose columns are found by name. Whoever names columns gets that too.
///
/// # Errors
/// A file that belongs to the format is missing or unusable.
pub(super) fn recognise(
    header: &[String],
    columns: &ColumnNames,
    beside: &OpenBeside<'_>,
) -> Result<Option<Box<dyn Format>>> {
    let ColumnNames { student, skill, response, order, item } = columns;
    if student.is_some() || response.is_some() || order.is_some() || item.is_some() {
        return Ok(None);
    }
    if let Some(format) = datashop::KddCup::of(header, skill.as_deref()) {
        return Ok(Some(Box::new(format)));
    }
    if skill.is_some() {
        return Ok(None);
    }
    if let Some(format) = assistments::Assist2012::of(header) {
        return Ok(Some(Box::new(format)));
    }
    if let Some(format) = assistments::Assist2017::of(header) {
        return Ok(Some(Box::new(format)));
    }
    if let Some(format) = datashop::Statics2011::of(header) {
        return Ok(Some(Box::new(format)));
    }
    if let Some(format) = poj::Poj::of(header) {
        return Ok(Some(Box::new(format)));
    }
    if let Some(format) = junyi::Junyi2015::of(header, beside)? {
        return Ok(Some(Box::new(format)));
    }
    Ok(eedi::Eedi::of(header, beside)?.map(|format| Box::new(format) as Box<dyn Format>))
}

/// pykt's way to keep `_` and `,` out of ids: they join skills and answers.
fn without_separators(text: &str) -> String {
    text.replace('_', "####").replace(',', "@@@@")
}

/// Reads a file that belongs to another, row by row: gives the columns with these names to `each`.
fn read_beside<const N: usize>(
    name: &str,
    beside: &OpenBeside<'_>,
    columns: [&str; N],
    mut each: impl FnMut(&Record<'_>, [usize; N]) -> Result<()>,
) -> Result<()> {
    let mut source = TextSource::open(name, beside(name)?)?;
    let header = source.header()?;
    let places = places(&header, columns)
        .ok_or_else(|| Error::data_at(name, 1, None, format!("expected the columns {}", columns.join(", "))))?;
    let mut record = csv::ByteRecord::new();
    while source.next(&mut record)? {
        if record.len() != header.len() {
            let problem = format!("found {} fields, expected {} as in the header", record.len(), header.len());
            return Err(Error::data_at(name, line_of(&record), None, problem));
        }
        each(&Record { file: name, header: &header, record: &record }, places)?;
    }
    Ok(())
}
