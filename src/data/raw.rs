//! Raw interaction files: one answer a row, in any order, columns found by name.
//!
//! The rows are brought into the order pykt gives them (MODEL §1, `docs/DATA.md`): students by first
//! appearance, answers by the order column and then by row. Rows are kept as small integers while
//! reading, so ten million of them need well under a gigabyte.

use std::collections::HashMap;
use std::io::Read;

use super::columns::{ColumnIndex, ColumnNames};
use super::formats::ednet::{EdNet, students};
use super::formats::{Format, Interaction, OpenBeside, Record, Row};
use super::numbering::{Build, Interner, SkillSplit, UNKNOWN};
use super::response::{Response, WORDS};
use super::source::{TextSource, decode, is_missing, line_of};
use super::students::{Dataset, Dropped, Student};
use super::{MAX_SKILLS, MIN_INTERACTIONS};
use crate::error::{Error, Result, quote};

/// Reads raw interactions from `input` (plain or gzipped CSV; see [`ColumnNames`]).
///
/// Rows without a student, skill, response or order, rows with partial credit and students with fewer
/// than [`MIN_INTERACTIONS`] answers are left out and counted in [`Dataset::dropped`].
///
/// # Errors
/// Missing columns, a response that is no number from 0 to 1, an order that does not sort, a row with
/// another number of fields than the header, no usable row at all, or a damaged file.
pub fn read_raw(file: &str, input: impl Read, columns: &ColumnNames) -> Result<Dataset> {
    let mut source = TextSource::open(file, input)?;
    let header = source.header()?;
    read_rows(source, &header, columns)
}

/// Reads the rows below an already read `header`.
pub(super) fn read_rows(mut source: TextSource<'_>, header: &[String], columns: &ColumnNames) -> Result<Dataset> {
    let file = source.file.clone();
    let file = file.as_str();
    let at = columns.locate(file, header)?;
    let mut rows = Rows::new(file, header, at.item.is_some());
    let mut record = csv::ByteRecord::new();
    while source.next(&mut record)? {
        rows.push(&record, at)?;
    }
    rows.finish()
}

/// Reads the rows below an already read `header` of a well-known format.
pub(super) fn read_format(source: TextSource<'_>, header: Vec<String>, format: &dyn Format) -> Result<Dataset> {
    let name = source.file.clone();
    read_parts(&name, format, std::iter::once(Ok((source, header))))
}

/// Reads EdNet's folder: `files` are those in KT1, `beside` opens a file by its path from the folder.
///
/// # Errors
/// Missing or unusable files, no file of a student, or `columns` names another format.
pub fn read_ednet(folder: &str, files: &[String], columns: &ColumnNames, beside: &OpenBeside<'_>) -> Result<Dataset> {
    let format = EdNet::new(beside)?;
    let open = |file: &String| {
        let mut source = TextSource::open(file, beside(file)?)?;
        let header = source.header()?;
        Ok((source, header))
    };
    read_parts(folder, &format, students(folder, files, columns.format.as_deref())?.iter().map(open))
}

/// Reads files of one format, one after another.
fn read_parts<'s>(
    name: &str,
    format: &dyn Format,
    parts: impl Iterator<Item = Result<(TextSource<'s>, Vec<String>)>>,
) -> Result<Dataset> {
    let mut rows = Rows::new(name, &[], format.has_items());
    rows.timed = true;
    let mut record = csv::ByteRecord::new();
    for part in parts {
        let (mut source, header) = part?;
        let file = source.file.clone();
        while source.next(&mut record)? {
            if rows.check(&file, &header, &record)? {
                let read = format.read(&Record { file: &file, header: &header, record: &record })?;
                rows.add(read, &record)?;
            }
        }
    }
    let mut dataset = rows.finish_sorted(format.sorts_students())?;
    if !format.has_taken() {
        dataset.students.iter_mut().for_each(|student| student.taken.clear());
    }
    dataset.format = Some(format.name());
    Ok(dataset)
}

/// Sort key of an answer: whole part and fraction apart, so that 64-bit ids keep their order.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct OrderKey(i64, f64);

struct Rows<'a> {
    file: &'a str,
    header: &'a [String],
    has_items: bool,
    /// Whether rows come with the time they were given, which orders them, and with the time they took.
    timed: bool,
    time: Vec<i64>,
    taken: Vec<i64>,
    taken_missing: bool,
    students: Interner,
    skills: Interner,
    items: Interner,
    names: HashMap<u32, String>,
    student: Vec<u32>,
    skill: Vec<u32>,
    item: Vec<u32>,
    response: Vec<u8>,
    order: Vec<OrderKey>,
    /// Order values that are text (ISO times), instead of `order`.
    order_text: Vec<String>,
    rows_read: u64,
    dropped: Dropped,
}

impl<'a> Rows<'a> {
    fn new(file: &'a str, header: &'a [String], has_items: bool) -> Self {
        Self {
            file,
            header,
            has_items,
            timed: false,
            time: Vec::new(),
            taken: Vec::new(),
            taken_missing: false,
            students: Interner::default(),
            skills: Interner::default(),
            items: Interner::default(),
            names: HashMap::new(),
            student: Vec::new(),
            skill: Vec::new(),
            item: Vec::new(),
            response: Vec::new(),
            order: Vec::new(),
            order_text: Vec::new(),
            rows_read: 0,
            dropped: Dropped::default(),
        }
    }

    fn error(&self, record: &csv::ByteRecord, column: usize, problem: String) -> Error {
        Error::data_at(self.file, line_of(record), Some(&self.header[column]), problem)
    }

    /// Counts a row; whether it is one, and not an empty line.
    fn check(&mut self, file: &str, header: &[String], record: &csv::ByteRecord) -> Result<bool> {
        if record.len() == 1 && record[0].iter().all(u8::is_ascii_whitespace) {
            return Ok(false);
        }
        if record.len() != header.len() {
            let problem = format!(
                "found {} fields, expected {} as in the header; check the quotes and delimiters of this line",
                record.len(),
                header.len()
            );
            return Err(Error::data_at(file, line_of(record), None, problem));
        }
        self.rows_read += 1;
        Ok(true)
    }

    /// Takes in a row of a well-known format.
    fn add(&mut self, row: Row, record: &csv::ByteRecord) -> Result<()> {
        let Interaction { student, skill, item, response, time, order, taken } = match row {
            Row::Answer(interaction) => interaction,
            Row::Missing => {
                self.dropped.missing += 1;
                return Ok(());
            }
            Row::Untimed => {
                self.dropped.missing += 1;
                // pandas then holds the times taken as floats.
                self.taken_missing = true;
                return Ok(());
            }
            Row::Unscored => {
                self.dropped.unscored += 1;
                return Ok(());
            }
            Row::Repeated => {
                self.dropped.repeated += 1;
                return Ok(());
            }
        };
        self.student.push(self.students.get(&student));
        self.skill.push(self.skills.get(&skill));
        if self.skills.index.len() > MAX_SKILLS {
            let problem = format!("more than {MAX_SKILLS} different skills");
            return Err(Error::data_at(self.file, line_of(record), None, problem));
        }
        if self.has_items {
            self.item.push(item.map_or(UNKNOWN, |item| self.items.get(&item)));
        }
        self.response.push(response);
        self.order.push(OrderKey(order, 0.0));
        self.time.push(time);
        self.taken.push(taken.unwrap_or_default());
        Ok(())
    }

    /// Takes in a row of a table whose columns are at these places.
    fn push(&mut self, record: &csv::ByteRecord, at: ColumnIndex) -> Result<()> {
        if !self.check(self.file, self.header, record)? {
            return Ok(());
        }
        let field = |i: usize| decode(&record[i]);
        let (student, skill, response) = (field(at.student), field(at.skill), field(at.response));
        let order = at.order.map(field);
        let missing = |text: &str| is_missing(text.trim());
        if missing(&student) || missing(&skill) || missing(&response) || order.as_deref().is_some_and(missing) {
            self.dropped.missing += 1;
            return Ok(());
        }
        let response = match Response::parse(&response) {
            Some(Response::Whole(response)) => response,
            Some(Response::Partial) => {
                self.dropped.fractional += 1;
                return Ok(());
            }
            None => {
                let problem = format!(
                    "found {}, expected 0 (wrong) or 1 (right), or a word such as {WORDS}; map the answers first",
                    quote(&response)
                );
                return Err(self.error(record, at.response, problem));
            }
        };
        if let Some(order) = order {
            self.push_order(record, at.order.unwrap_or_default(), order.trim())?;
        }
        let skill_index = self.skills.get(skill.trim());
        if self.skills.index.len() > MAX_SKILLS {
            let problem = format!(
                "more than {MAX_SKILLS} different skills; is this really the skill column? name another skill column"
            );
            return Err(self.error(record, at.skill, problem));
        }
        if let Some(name) = at.skill_name.map(field).filter(|n| !missing(n)) {
            self.names.entry(skill_index).or_insert_with(|| name.trim().to_owned());
        }
        self.student.push(self.students.get(student.trim()));
        self.skill.push(skill_index);
        if let Some(item) = at.item.map(field) {
            self.item.push(if missing(&item) { UNKNOWN } else { self.items.get(item.trim()) });
        }
        self.response.push(response);
        Ok(())
    }

    fn push_order(&mut self, record: &csv::ByteRecord, column: usize, text: &str) -> Result<()> {
        let number = match text.parse::<i64>() {
            Ok(whole) => Some(OrderKey(whole, 0.0)),
            Err(_) => {
                text.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| OrderKey(x.floor() as i64, x - x.floor()))
            }
        };
        match number {
            Some(order) if self.order_text.is_empty() => self.order.push(order),
            None if self.order.is_empty() && text.starts_with(|c: char| c.is_ascii_digit()) => {
                self.order_text.push(text.to_owned());
            }
            _ => {
                let expected = if self.order_text.is_empty() {
                    "a number, as in the rows before"
                } else {
                    "a time, as in the rows before"
                };
                let problem = format!("found {}, expected {expected}; name another order column", quote(text));
                return Err(self.error(record, column, problem));
            }
        }
        Ok(())
    }

    /// Row numbers student by student, each student's in time order.
    fn sorted(&self) -> (Vec<u32>, Vec<usize>) {
        let mut ends = vec![0usize; self.students.index.len() + 1];
        for &s in &self.student {
            ends[s as usize + 1] += 1;
        }
        for i in 1..ends.len() {
            ends[i] += ends[i - 1];
        }
        let starts = ends.clone();
        let mut rows = vec![0u32; self.student.len()];
        let mut next = starts.clone();
        for (row, &s) in self.student.iter().enumerate() {
            rows[next[s as usize]] = row as u32;
            next[s as usize] += 1;
        }
        for s in 0..starts.len() - 1 {
            let part = &mut rows[starts[s]..starts[s + 1]];
            if !self.order.is_empty() {
                part.sort_by(|&a, &b| {
                    let (a, b) = (self.order[a as usize], self.order[b as usize]);
                    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
                });
            } else if !self.order_text.is_empty() {
                part.sort_by(|&a, &b| self.order_text[a as usize].cmp(&self.order_text[b as usize]));
            }
        }
        (rows, starts)
    }

    fn finish(self) -> Result<Dataset> {
        self.finish_sorted(false)
    }

    /// The data set; students by id, or in order of appearance.
    fn finish_sorted(self, by_id: bool) -> Result<Dataset> {
        if self.student.is_empty() {
            let problem = format!(
                "no usable answer in {} rows; expected at least {MIN_INTERACTIONS} of one student",
                self.rows_read
            );
            return Err(Error::data(self.file, problem));
        }
        let (rows, starts) = self.sorted();
        let mut dropped = self.dropped;
        let student_ids = self.students.into_list();
        let mut build = Build {
            split: SkillSplit::of(&self.skills.into_list(), self.has_items),
            names: self.names,
            items: self.items.into_list(),
            item_map: HashMap::new(),
            separators_replaced: self.timed,
            dataset: Dataset {
                name: stem(self.file),
                rows_read: self.rows_read,
                max_skills_per_answer: 1,
                ..Dataset::default()
            },
            skills: Vec::new(),
        };
        build.dataset.joins_skills = build.split.splits;
        build.dataset.taken_as_floats = self.taken_missing;
        let mut students: Vec<(usize, String)> = student_ids.into_iter().enumerate().collect();
        if by_id {
            students.sort_by(|a, b| a.1.cmp(&b.1));
        }
        for (place, (s, id)) in students.into_iter().enumerate() {
            let own = &rows[starts[s]..starts[s + 1]];
            if own.len() < MIN_INTERACTIONS {
                dropped.short_rows += own.len() as u64;
                dropped.short_students.push((place, id));
                continue;
            }
            let mut student = Student { id, ..Student::default() };
            for &row in own {
                let row = row as usize;
                build.add(&mut student, self.skill[row], self.item.get(row).copied(), self.response[row]);
                if self.timed {
                    student.times.push(self.time[row]);
                    student.taken.push(self.taken[row]);
                }
            }
            build.dataset.students.push(student);
        }
        let mut dataset = build.dataset;
        if dataset.students.is_empty() {
            let problem = format!("no student with {MIN_INTERACTIONS} or more answers; is the student column right?");
            return Err(Error::data(self.file, problem));
        }
        dataset.dropped = dropped;
        Ok(dataset)
    }
}

/// `dir/name.csv.gz` → `name`.
pub(super) fn stem(file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    base.trim_end_matches(".gz").trim_end_matches(".csv").trim_end_matches(".tsv").trim_end_matches(".txt").to_owned()
}
