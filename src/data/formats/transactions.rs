//! Transactions as DataShop exports them: every attempt and hint. The first attempt at a step counts, as in its student steps.

use super::datashop::{skill_column, step_id};
use super::time::milliseconds;
use super::{Format, Interaction, Record, Row, places, without_separators};
use crate::error::Result;

/// Columns of an export.
pub(super) const COLUMNS: [&str; 6] =
    ["Anon Student Id", "Time", "Problem Name", "Step Name", "Attempt At Step", "Outcome"];

/// An export of transactions; problem and step together are the item.
pub(super) struct Transactions {
    columns: [usize; 6],
    /// An attempt at several skills has a column of the same name for each.
    skills: Vec<usize>,
}

impl Transactions {
    /// `skill`: the column of knowledge components that the user names.
    pub(super) fn of(header: &[String], skill: Option<&str>) -> Option<Self> {
        let columns = places(header, COLUMNS)?;
        let name = &header[skill_column(header, skill)?];
        let skills = (0..header.len()).filter(|&column| header[column] == *name).collect();
        Some(Self { columns, skills })
    }
}

impl Format for Transactions {
    fn name(&self) -> &'static str {
        "DataShop transactions"
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, time, problem, step, attempt, outcome] = self.columns.map(|column| record.text(column));
        // Rows without a step are messages of the tutor.
        let (Some(student), Some(time), Some(problem), Some(step), Some(attempt), Some(outcome)) =
            (student, time, problem, step, attempt, outcome)
        else {
            return Ok(Row::Missing);
        };
        if record.number(self.columns[4], &attempt)? > 1.0 {
            return Ok(Row::Repeated);
        }
        let response = match outcome.to_uppercase().as_str() {
            "CORRECT" => 1,
            // Whoever asks for a hint first did not know it.
            "INCORRECT" | "HINT" => 0,
            _ => return Err(record.error(self.columns[5], &outcome, "CORRECT, INCORRECT or HINT")),
        };
        let skills: Vec<String> =
            self.skills.iter().filter_map(|&column| record.text(column)).map(|s| without_separators(&s)).collect();
        if skills.is_empty() {
            return Ok(Row::Missing);
        }
        let expected = "a time such as 2011-09-01 10:20:30";
        let time = milliseconds(&time).ok_or_else(|| record.error(self.columns[1], &time, expected))?;
        Ok(Row::Answer(Interaction {
            student: student.into_owned(),
            skill: skills.join("_"),
            item: Some(step_id(&problem, &step)),
            response,
            time,
            order: time,
            taken: None,
        }))
    }
}
