//! Student steps as DataShop exports them: the KDD Cup 2010 (Algebra 2005, Bridge to Algebra 2006) and Statics 2011.

use super::super::response::Response;
use super::time::milliseconds;
use super::{Format, Interaction, Record, Row, places, without_separators};
use crate::error::Result;

/// What joins a problem and its step in an item's id.
const STEP: &str = "----";

/// Student steps with a column of knowledge components, `KC(…)`; problem and step together are the item.
pub(super) struct KddCup {
    columns: [usize; 4],
    skill: usize,
    /// Correct First Attempt (0 or 1), or First Attempt (a word).
    attempt: usize,
}

/// The columns every export has.
pub(super) const COLUMNS: [&str; 4] = ["Anon Student Id", "Problem Name", "Step Name", "First Transaction Time"];

impl KddCup {
    /// `skill`: the column of knowledge components that the user names.
    pub(super) fn of(header: &[String], skill: Option<&str>) -> Option<Self> {
        let columns = places(header, COLUMNS)?;
        let place = |name: &str| header.iter().position(|h| h == name);
        let attempt = place("Correct First Attempt").or_else(|| place("First Attempt"))?;
        Some(Self { columns, skill: skill_column(header, skill)?, attempt })
    }
}

/// The column of knowledge components: the one of this name, else the usual ones, else the first there is.
pub(super) fn skill_column(header: &[String], named: Option<&str>) -> Option<usize> {
    let place = |name: &str| header.iter().position(|h| h == name);
    match named {
        Some(name) => place(name),
        None => ["KC(Default)", "KC(SubSkills)", "KC (Default)"]
            .into_iter()
            .find_map(place)
            .or_else(|| header.iter().position(|h| h.starts_with("KC(") || h.starts_with("KC ("))),
    }
}

/// The id of a step of a problem.
pub(super) fn step_id(problem: &str, step: &str) -> String {
    format!("{}{STEP}{}", without_separators(problem), without_separators(step))
}

impl Format for KddCup {
    fn name(&self) -> &'static str {
        "DataShop student steps (KDD Cup 2010)"
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, problem, step, start] = self.columns.map(|column| record.text(column));
        let (Some(student), Some(start), Some(skill), Some(attempt)) =
            (student, start, record.text(self.skill), record.text(self.attempt))
        else {
            return Ok(Row::Missing);
        };
        let (Some(problem), Some(step)) = (problem, step) else { return Ok(Row::Missing) };
        let response = match Response::parse(&attempt) {
            Some(Response::Whole(response)) => response,
            Some(Response::Partial) => return Ok(Row::Unscored),
            None if attempt.parse::<f64>().is_ok() => return Ok(Row::Unscored),
            None => return Err(record.error(self.attempt, &attempt, "0, 1, correct, incorrect or hint")),
        };
        let expected = "a time such as 2005-09-01 10:20:30.0";
        let time = milliseconds(&start).ok_or_else(|| record.error(self.columns[3], &start, expected))?;
        Ok(Row::Answer(Interaction {
            student: student.into_owned(),
            skill: without_separators(&skill).replace("~~", "_"),
            item: Some(step_id(&problem, &step)),
            response,
            time,
            order: time,
            taken: None,
        }))
    }
}

/// AllData_student_step_2011F.csv: as pykt has it, a step is a skill, and a first attempt that asked for a hint is left out.
pub(super) struct Statics2011([usize; 5]);

impl Statics2011 {
    pub(super) fn of(header: &[String]) -> Option<Self> {
        let [student, problem, step, start] = places(header, COLUMNS)?;
        let [attempt] = places(header, ["First Attempt"])?;
        Some(Self([student, problem, step, start, attempt]))
    }
}

impl Format for Statics2011 {
    fn name(&self) -> &'static str {
        "Statics 2011"
    }

    fn has_items(&self) -> bool {
        false
    }

    fn sorts_students(&self) -> bool {
        true
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, problem, step, start, attempt] = self.0.map(|column| record.text(column));
        let (Some(student), Some(problem), Some(step), Some(start), Some(attempt)) =
            (student, problem, step, start, attempt)
        else {
            return Ok(Row::Missing);
        };
        let response = match &*attempt {
            "hint" => return Ok(Row::Unscored),
            "correct" => 1,
            "incorrect" => 0,
            other => return Err(record.error(self.0[4], other, "correct, incorrect or hint")),
        };
        let expected = "a time such as 2011/09/01 10:20";
        let time = milliseconds(&start).ok_or_else(|| record.error(self.0[3], &start, expected))?;
        Ok(Row::Answer(Interaction {
            student: student.into_owned(),
            skill: step_id(&problem, &step),
            item: None,
            response,
            time,
            order: time,
            taken: None,
        }))
    }
}
