//! EdNet KT1: a folder with a file of answers for each student, and a table of questions. Read are the 5,000 students that pykt
//! draws, in its order.

use std::collections::HashMap;

use super::python_random::PythonRandom;
use super::{Format, Interaction, OpenBeside, Record, Row, places, read_beside};
use crate::error::{Error, Result};

/// The folder of the students' files.
pub const FOLDER: &str = "KT1";
const QUESTIONS: &str = "contents/questions.csv";
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

/// Of these files of students, those that pykt draws, in its order.
///
/// # Errors
/// None of them is named `u` and a number below 840,473.
pub(in super::super) fn sample(folder: &str, files: &[String]) -> Result<Vec<String>> {
    let number = |name: &String| name.strip_prefix('u')?.strip_suffix(".csv")?.parse::<u32>().ok();
    let there: std::collections::HashSet<u32> = files.iter().filter_map(number).collect();
    let mut order: Vec<u32> = (0..STUDENTS as u32).collect();
    PythonRandom::new(SEED).shuffle(&mut order);
    let drawn = order.into_iter().filter(|student| there.contains(student)).take(SAMPLE);
    let drawn: Vec<String> = drawn.map(|student| format!("{FOLDER}/u{student}.csv")).collect();
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
