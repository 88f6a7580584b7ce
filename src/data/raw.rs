//! Raw interaction files: one answer a row, in any order, columns found by name.
//!
//! The rows are brought into the order pykt gives them (MODEL §1, `docs/DATA.md`): students by first
//! appearance, answers by the order column and then by row. Rows are kept as small integers while
//! reading, so ten million of them need well under a gigabyte.

use std::collections::HashMap;
use std::io::Read;

use super::answers::Answers;
use super::columns::{ColumnIndex, ColumnNames};
use super::response::{Response, WORDS};
use super::source::{TextSource, decode, line_of};
use super::students::{Dataset, Dropped, Skill, Student};
use super::{MAX_SKILLS, MIN_INTERACTIONS};
use crate::error::{Error, Result, quote};

/// What pandas, and so pykt, reads as "no value".
const MISSING: &[&str] =
    &["", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "<NA>", "#N/A", "#NA"];

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
    let mut rows = Rows::new(file, header, at);
    let mut record = csv::ByteRecord::new();
    while source.next(&mut record)? {
        rows.push(&record)?;
    }
    rows.finish()
}

/// The item of a row that names none.
const UNKNOWN: u32 = u32::MAX;

/// Sort key of an answer: whole part and fraction apart, so that 64-bit ids keep their order.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct OrderKey(i64, f64);

/// Ids by number, in order of first appearance.
#[derive(Default)]
struct Interner {
    index: HashMap<String, u32>,
}

impl Interner {
    fn get(&mut self, text: &str) -> u32 {
        if let Some(&i) = self.index.get(text) {
            return i;
        }
        let next = self.index.len() as u32;
        self.index.insert(text.to_owned(), next);
        next
    }

    fn into_list(self) -> Vec<String> {
        let mut list = vec![String::new(); self.index.len()];
        for (text, i) in self.index {
            list[i as usize] = text;
        }
        list
    }
}

struct Rows<'a> {
    file: &'a str,
    header: &'a [String],
    at: ColumnIndex,
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
    fn new(file: &'a str, header: &'a [String], at: ColumnIndex) -> Self {
        Self {
            file,
            header,
            at,
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

    fn push(&mut self, record: &csv::ByteRecord) -> Result<()> {
        if record.len() == 1 && record[0].iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if record.len() != self.header.len() {
            let problem = format!(
                "found {} fields, expected {} as in the header; check the quotes and delimiters of this line",
                record.len(),
                self.header.len()
            );
            return Err(Error::data_at(self.file, line_of(record), None, problem));
        }
        self.rows_read += 1;
        let field = |i: usize| decode(&record[i]);
        let (student, skill, response) = (field(self.at.student), field(self.at.skill), field(self.at.response));
        let order = self.at.order.map(field);
        let missing = |text: &str| MISSING.contains(&text.trim());
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
                return Err(self.error(record, self.at.response, problem));
            }
        };
        if let Some(order) = order {
            self.push_order(record, order.trim())?;
        }
        let skill_index = self.skills.get(skill.trim());
        if self.skills.index.len() > MAX_SKILLS {
            let problem = format!(
                "more than {MAX_SKILLS} different skills; is this really the skill column? name another skill column"
            );
            return Err(self.error(record, self.at.skill, problem));
        }
        if let Some(name) = self.at.skill_name.map(field).filter(|n| !missing(n)) {
            self.names.entry(skill_index).or_insert_with(|| name.trim().to_owned());
        }
        self.student.push(self.students.get(student.trim()));
        self.skill.push(skill_index);
        if let Some(item) = self.at.item.map(field) {
            self.item.push(if missing(&item) { UNKNOWN } else { self.items.get(item.trim()) });
        }
        self.response.push(response);
        Ok(())
    }

    fn push_order(&mut self, record: &csv::ByteRecord, text: &str) -> Result<()> {
        let column = self.at.order.unwrap_or_default();
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
            split: SkillSplit::of(&self.skills.into_list(), self.at.item.is_some()),
            names: self.names,
            items: self.items.into_list(),
            item_map: HashMap::new(),
            dataset: Dataset {
                name: stem(self.file),
                rows_read: self.rows_read,
                max_skills_per_answer: 1,
                ..Dataset::default()
            },
            skills: Vec::new(),
        };
        build.dataset.joins_skills = build.split.splits;
        for (s, id) in student_ids.into_iter().enumerate() {
            let own = &rows[starts[s]..starts[s + 1]];
            if own.len() < MIN_INTERACTIONS {
                dropped.short_rows += own.len() as u64;
                dropped.short_students.push((s, id));
                continue;
            }
            let mut student = Student { id, answers: Answers::default() };
            for &row in own {
                let row = row as usize;
                build.add(&mut student, self.skill[row], self.item.get(row).copied(), self.response[row]);
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

/// Numbers skills and items in order of first use by a kept student.
struct Build {
    split: SkillSplit,
    names: HashMap<u32, String>,
    items: Vec<String>,
    item_map: HashMap<u32, u32>,
    dataset: Dataset,
    /// Skills of the answer that is being added.
    skills: Vec<u32>,
}

impl Build {
    fn add(&mut self, student: &mut Student, raw_skill: u32, item: Option<u32>, response: u8) {
        let item = item.filter(|&raw| raw != UNKNOWN).map_or(0, |raw| {
            *self.item_map.entry(raw).or_insert_with(|| {
                self.dataset.items.push(self.items[raw as usize].clone());
                self.dataset.items.len() as u32
            })
        });
        let pieces = &self.split.pieces[raw_skill as usize];
        self.dataset.max_skills_per_answer = self.dataset.max_skills_per_answer.max(pieces.len());
        self.skills.clear();
        for &piece in pieces {
            let slot = &mut self.split.assigned[piece as usize];
            let skill = *slot.get_or_insert_with(|| {
                let id = self.split.ids[piece as usize].clone();
                let name =
                    self.names.get(&raw_skill).filter(|_| pieces.len() == 1).cloned().unwrap_or_else(|| id.clone());
                self.dataset.skills.push(Skill { id, name });
                (self.dataset.skills.len() - 1) as u32
            });
            self.skills.push(skill);
        }
        student.answers.push(&self.skills, item, response);
    }
}

/// Skills written as `a_b`: which single skills a written one stands for.
struct SkillSplit {
    /// Whether this file's skills are split at all.
    splits: bool,
    ids: Vec<String>,
    pieces: Vec<Vec<u32>>,
    assigned: Vec<Option<u32>>,
}

impl SkillSplit {
    /// pykt splits at `_` where the file has items too. Without items only ids joined from whole
    /// numbers are split, so that a name like `long_division` stays one skill.
    fn of(written: &[String], has_items: bool) -> Self {
        let numeric = |s: &String| s.split('_').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        let joined = written.iter().any(|s| s.contains('_') && numeric(s));
        let splits = has_items || joined;
        let mut ids = Interner::default();
        let pieces: Vec<Vec<u32>> = written
            .iter()
            .map(|s| match splits && (has_items || numeric(s)) {
                true => s.split('_').map(|p| ids.get(p)).collect(),
                false => vec![ids.get(s)],
            })
            .collect();
        let ids = ids.into_list();
        Self { splits, assigned: vec![None; ids.len()], ids, pieces }
    }
}

/// `dir/name.csv.gz` → `name`.
pub(super) fn stem(file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    base.trim_end_matches(".gz").trim_end_matches(".csv").trim_end_matches(".tsv").trim_end_matches(".txt").to_owned()
}
