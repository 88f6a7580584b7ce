//! POJ: programs handed in to an online judge; as pykt has it, a problem is a skill.

use super::time::milliseconds;
use super::{Format, Interaction, Record, Row, places};
use crate::error::Result;

/// Columns of poj_log.csv.
pub(super) const COLUMNS: [&str; 4] = ["User", "Problem", "Result", "Submit Time"];

/// Verdicts that say the program is wrong.
const WRONG: [&str; 9] = [
    "Wrong Answer",
    "Compile Error",
    "Time Limit Exceeded",
    "Memory Limit Exceeded",
    "Runtime Error",
    "Output Limit Exceeded",
    "Presentation Error",
    "System Error",
    "Validator Error",
];

/// poj_log.csv.
pub(super) struct Poj([usize; 4]);

impl Poj {
    pub(super) fn of(header: &[String]) -> Option<Self> {
        places(header, COLUMNS).map(Self)
    }
}

impl Format for Poj {
    fn name(&self) -> &'static str {
        "POJ"
    }

    fn has_items(&self) -> bool {
        false
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, skill, result, submitted] = self.0.map(|column| record.text(column));
        let (Some(student), Some(skill), Some(result), Some(submitted)) = (student, skill, result, submitted) else {
            return Ok(Row::Missing);
        };
        let response = match &*result {
            "Accepted" => 1,
            wrong if WRONG.contains(&wrong) => 0,
            _ => return Ok(Row::Unscored),
        };
        let expected = "a time such as 2018-09-01 10:20:30";
        let time = milliseconds(&submitted).ok_or_else(|| record.error(self.0[3], &submitted, expected))?;
        let (student, skill) = (student.into_owned(), skill.into_owned());
        Ok(Row::Answer(Interaction { student, skill, item: None, response, time, order: time, taken: None }))
    }
}
