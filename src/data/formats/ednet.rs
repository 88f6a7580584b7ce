//! EdNet KT1: a folder with a file of answers for each student, and a table of questions. Read are the 5,000 students that pykt
//! draws, in its order, or all where the format is named so.

use std::collections::HashMap;

use super::python_random::PythonRandom;
use super::{Format, Interaction, OpenBeside, Record, Row, places, read_beside};
use crate::error::{Error, Result};

/// The folder of the students' files.
pub const FOLDER: &str = "KT1";
/// The table of questions.
pub const QUESTIONS: &str = "contents/questions.csv";
/// What the format is called with pykt's sample of students, and with all.
pub(super) const SAMPLED: &str = "ednet";
pub(super) const WHOLE: &str = "ednet_all";
/// Students there are, and those that pykt takes.
const STUDENTS: usize = 840_473;
const SAMPLE: usize = 5000;
/// pykt's seed of the draw.
const SEED: u32 = 2;

/// Files u*.csv.
pub(in super::super) struct EdNet {
    /// Correct answer and skills of each question that has some.
    questions: HashMap<String, (String, String)>,
}

impl EdNet {
    pub(in super::super) fn new(beside: &OpenBeside<'_>) -> Result<Self> {
        let mut questions = HashMap::new();
        let columns = ["question_id", "correct_answer", "tags"];
        read_beside(QUESTIONS, beside, columns, |record, [question, answer, tags]| {
            if let (Some(question), Some(answer), Some(tags)) =
                (record.text(question), record.text(answer), record.text(tags))
                && tags != "-1"
            {
                questions.insert(question.into_owned(), (answer.into_owned(), tags.replace(';', "_")));
            }
            Ok(())
        })?;
        Ok(Self { questions })
    }
}

/// Of these files of students, those that pykt draws, in its order; where the format named is the whole, all by their numbers.
///
/// # Errors
/// The format named is another; no file is named `u` and a number, below 840,473 for pykt's sample.
pub(in super::super) fn students(folder: &str, files: &[String], format: Option<&str>) -> Result<Vec<String>> {
    let whole = format == Some(WHOLE);
    if let Some(other) = format.filter(|&name| name != SAMPLED && !whole) {
        return Err(Error::data(
            folder,
            format!("this is EdNet's folder, not the format {other}; use {SAMPLED} or {WHOLE}"),
        ));
    }
    let number = |name: &String| name.strip_prefix('u')?.strip_suffix(".csv")?.parse::<u32>().ok();
    let there: std::collections::HashSet<u32> = files.iter().filter_map(number).collect();
    let order: Vec<u32> = if whole {
        let mut all: Vec<u32> = there.into_iter().collect();
        all.sort_unstable();
        all
    } else {
        let mut order: Vec<u32> = (0..STUDENTS as u32).collect();
        PythonRandom::new(SEED).shuffle(&mut order);
        order.into_iter().filter(|student| there.contains(student)).take(SAMPLE).collect()
    };
    let drawn: Vec<String> = order.into_iter().map(|student| format!("{FOLDER}/u{student}.csv")).collect();
    match drawn.is_empty() {
        true => Err(Error::data(folder, format!("no file such as {FOLDER}/u123.csv; expected one for each student"))),
        false => Ok(drawn),
    }
}

impl Format for EdNet {
    fn name(&self) -> &'static str {
        "EdNet KT1"
    }

    fn has_taken(&self) -> bool {
        true
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let names = ["timestamp", "question_id", "user_answer", "elapsed_time"];
        let columns = places(record.header, names).ok_or_else(|| {
            Error::data_at(record.file, 1, None, format!("expected the columns {}", names.join(", ")))
        })?;
        let student = record.file.rsplit('/').next().unwrap_or_default();
        let student = student.trim_start_matches('u').trim_end_matches(".csv").to_owned();
        let [at, question, answer, taken] = columns.map(|column| record.text(column));
        let Some(taken) = taken else { return Ok(Row::Untimed) };
        let (Some(at), Some(question), Some(answer)) = (at, question, answer) else { return Ok(Row::Missing) };
        let Some((correct, skill)) = self.questions.get(&*question) else { return Ok(Row::Missing) };
        let time = record.number(columns[0], &at)? as i64;
        Ok(Row::Answer(Interaction {
            student,
            skill: skill.clone(),
            item: Some(question.clone().into_owned()),
            response: u8::from(*correct == answer),
            time,
            order: time,
            taken: Some(record.number(columns[3], &taken)? as i64),
        }))
    }
}
