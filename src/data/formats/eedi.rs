//! Eedi, NeurIPS 2020 education challenge, tasks 3 and 4: answers, and in `metadata/` when they were given and which subjects a
//! question belongs to. As pykt has it, the subjects of the third level are the skills.

use std::collections::HashMap;

use super::python_set::PythonSet;
use super::time::milliseconds;
use super::{Format, Interaction, OpenBeside, Record, Row, places, read_beside};
use crate::error::Result;

/// Columns of train_task_3_4.csv.
pub(super) const COLUMNS: [&str; 4] = ["QuestionId", "UserId", "AnswerId", "IsCorrect"];
const ANSWERS: &str = "metadata/answer_metadata_task_3_4.csv";
const QUESTIONS: &str = "metadata/question_metadata_task_3_4.csv";
const SUBJECTS: &str = "metadata/subject_metadata.csv";

/// train_task_3_4.csv.
pub(super) struct Eedi {
    columns: [usize; 4],
    times: HashMap<i64, i64>,
    /// Skills of each question, joined by `_`.
    skills: HashMap<i64, String>,
}

impl Eedi {
    pub(super) fn of(header: &[String], beside: &OpenBeside<'_>) -> Result<Option<Self>> {
        let Some(columns) = places(header, COLUMNS) else { return Ok(None) };
        let mut level_three = Vec::new();
        read_beside(SUBJECTS, beside, ["SubjectId", "Level"], |record, [subject, level]| {
            if record.text(level).is_some_and(|level| level.parse() == Ok(3.0)) {
                level_three.push(whole(record, subject)?.cast_unsigned());
            }
            Ok(())
        })?;
        let level_three = PythonSet::of(level_three);
        let mut skills = HashMap::new();
        read_beside(QUESTIONS, beside, ["QuestionId", "SubjectId"], |record, [question, subjects]| {
            let text = record.text(subjects).unwrap_or_default();
            let list = text.trim_matches(['[', ']']).split(',').map(|id| id.trim().parse::<u64>());
            let list: Vec<u64> = list
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| record.error(subjects, &text, "a list of subjects such as [3, 71, 98]"))?;
            let own = PythonSet::of(list).intersection(&level_three);
            let ids: Vec<String> = own.iter().map(|id| id.to_string()).collect();
            skills.insert(whole(record, question)?, ids.join("_"));
            Ok(())
        })?;
        let mut times = HashMap::new();
        read_beside(ANSWERS, beside, ["AnswerId", "DateAnswered"], |record, [answer, date]| {
            let text = record.text(date).unwrap_or_default();
            let expected = "a time such as 2020-03-01 10:20:30.000";
            let time = milliseconds(&text).ok_or_else(|| record.error(date, &text, expected))?;
            times.insert(whole(record, answer)?, time);
            Ok(())
        })?;
        Ok(Some(Self { columns, times, skills }))
    }
}

/// The whole number of a column; ids may be written as `17.0`.
fn whole(record: &Record<'_>, column: usize) -> Result<i64> {
    let text = record.text(column).unwrap_or_default();
    let number = text.parse::<f64>().ok().filter(|x| x.fract() == 0.0 && x.abs() < 9e15);
    number.map(|x| x as i64).filter(|x| *x >= 0).ok_or_else(|| record.error(column, &text, "a whole number"))
}

impl Format for Eedi {
    fn name(&self) -> &'static str {
        "Eedi (NeurIPS 2020, tasks 3 and 4)"
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [question, student, _, correct] = self.columns.map(|column| record.text(column));
        let (Some(question), Some(student), Some(correct)) = (question, student, correct) else {
            return Ok(Row::Missing);
        };
        let (id, answer) = (whole(record, self.columns[0])?, whole(record, self.columns[2])?);
        let (Some(skill), Some(&time)) = (self.skills.get(&id).filter(|s| !s.is_empty()), self.times.get(&answer))
        else {
            return Ok(Row::Missing);
        };
        let response = match record.number(self.columns[3], &correct)? {
            0.0 => 0,
            1.0 => 1,
            _ => return Err(record.error(self.columns[3], &correct, "0 or 1")),
        };
        let (student, item) = (student.into_owned(), Some(question.into_owned()));
        Ok(Row::Answer(Interaction { student, skill: skill.clone(), item, response, time, order: time, taken: None }))
    }
}
