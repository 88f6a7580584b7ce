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
mod transactions;

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
    /// Not the first attempt at a step.
    Repeated,
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

/// A well-known data set: its name for `--format`, the columns its file has at least, and how to open it.
struct Known {
    name: &'static str,
    columns: &'static [&'static str],
    open: OpenFormat,
}

/// Opens a file with this header; `None` where the header is another, or where the file is an ordinary table.
type OpenFormat = fn(&[String], &ColumnNames, &OpenBeside<'_>) -> Result<Option<Box<dyn Format>>>;

fn boxed<F: Format + 'static>(format: Option<F>) -> Result<Option<Box<dyn Format>>> {
    Ok(format.map(|format| Box::new(format) as Box<dyn Format>))
}

/// All but EdNet, which is a folder. The first that fits a header is taken.
const KNOWN: [Known; 11] = [
    Known {
        name: "kddcup",
        columns: &datashop::COLUMNS,
        open: |header, columns, _| boxed(datashop::KddCup::of(header, columns.skill.as_deref())),
    },
    Known {
        name: "datashop_transactions",
        columns: &transactions::COLUMNS,
        open: |header, columns, _| boxed(transactions::Transactions::of(header, columns.skill.as_deref())),
    },
    Known {
        name: "assist2012",
        columns: &assistments::COLUMNS_2012,
        open: |header, _, _| boxed(assistments::Assist2012::of(header)),
    },
    Known {
        name: "assist2017",
        columns: &assistments::COLUMNS_2017,
        open: |header, _, _| boxed(assistments::Assist2017::of(header)),
    },
    Known {
        name: "statics2011",
        columns: &datashop::COLUMNS,
        open: |header, _, _| boxed(datashop::Statics2011::of(header)),
    },
    Known { name: "poj", columns: &poj::COLUMNS, open: |header, _, _| boxed(poj::Poj::of(header)) },
    Known {
        name: "junyi2015",
        columns: &junyi::COLUMNS,
        open: |header, _, beside| boxed(junyi::Junyi2015::of(header, beside)?),
    },
    Known {
        name: "nips_task34",
        columns: &eedi::COLUMNS,
        open: |header, _, beside| boxed(eedi::Eedi::of(header, beside)?),
    },
    Known {
        name: "assist2009",
        columns: &["order_id", "user_id", "skill_id", "problem_id", "correct"],
        open: |_, _, _| Ok(None),
    },
    Known { name: "assist2015", columns: &["log_id", "user_id", "sequence_id", "correct"], open: |_, _, _| Ok(None) },
    Known { name: "table", columns: &[], open: |_, _, _| Ok(None) },
];

/// Names that `--format` takes.
pub fn format_names() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.name).chain([ednet::SAMPLED, ednet::WHOLE]).collect()
}

/// The format of a file with this header; `None`: a table whose columns are found by name. Whoever names columns gets that too,
/// but for a format whose column of skills may be chosen.
///
/// # Errors
/// A named format whose columns are not there; a file that belongs to the format is missing or unusable.
pub(super) fn recognise(
    file: &str,
    header: &[String],
    columns: &ColumnNames,
    beside: &OpenBeside<'_>,
) -> Result<Option<Box<dyn Format>>> {
    if let Some(name) = &columns.format {
        let known = KNOWN.iter().find(|known| known.name == name).ok_or_else(|| no_table(file, name))?;
        let missing = known.columns.iter().find(|column| !header.iter().any(|h| h == *column));
        let other =
            |problem: String| Error::data_at(file, 1, None, format!("this is not the format {name}: {problem}"));
        if let Some(column) = missing {
            return Err(other(format!("there is no column {}", quote(column))));
        }
        let format = (known.open)(header, columns, beside)?;
        let is_table = ["assist2009", "assist2015", "table"].contains(&known.name);
        return match format {
            None if !is_table => Err(other("a column of skills or outcomes is missing".to_owned())),
            format => Ok(format),
        };
    }
    let ColumnNames { student, skill, response, order, item, .. } = columns;
    if student.is_some() || response.is_some() || order.is_some() || item.is_some() {
        return Ok(None);
    }
    let choose_skill = ["kddcup", "datashop_transactions"];
    for known in KNOWN.iter().filter(|known| skill.is_none() || choose_skill.contains(&known.name)) {
        if let Some(format) = (known.open)(header, columns, beside)? {
            return Ok(Some(format));
        }
    }
    Ok(None)
}

/// The error for a format that no table has.
fn no_table(file: &str, name: &str) -> Error {
    let problem = match [ednet::SAMPLED, ednet::WHOLE].contains(&name) {
        true => {
            format!("the format {name} is a folder with {}/ and contents/questions.csv, or a zip of it", ednet::FOLDER)
        }
        false => format!("there is no format {}; there are {}", quote(name), format_names().join(", ")),
    };
    Error::data(file, problem)
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
