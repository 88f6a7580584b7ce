//! ASSISTments 2012-2013 and the 2017 data mining competition. (2009 and 2015 are tables whose columns are found by name.)

use super::time::milliseconds;
use super::{Format, Interaction, Record, Row, places};
use crate::error::Result;

/// Columns of the data of 2012.
pub(super) const COLUMNS_2012: [&str; 6] =
    ["user_id", "skill_id", "start_time", "problem_id", "correct", "ms_first_response"];
/// Columns of the data of 2017.
pub(super) const COLUMNS_2017: [&str; 6] = ["studentId", "skill", "problemId", "correct", "startTime", "timeTaken"];

/// 2012-2013-data-with-predictions-4-final.csv.
pub(super) struct Assist2012([usize; 6]);

impl Assist2012 {
    pub(super) fn of(header: &[String]) -> Option<Self> {
        places(header, COLUMNS_2012).map(Self)
    }
}

impl Format for Assist2012 {
    fn name(&self) -> &'static str {
        "ASSISTments 2012"
    }

    fn has_taken(&self) -> bool {
        true
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, skill, start, item, correct, taken] = self.0.map(|column| record.text(column));
        let Some(taken) = taken else { return Ok(Row::Untimed) };
        let (Some(student), Some(skill), Some(start), Some(item), Some(correct)) =
            (student, skill, start, item, correct)
        else {
            return Ok(Row::Missing);
        };
        let expected = "a time such as 2012-09-01 10:20:30";
        let time = milliseconds(&start).ok_or_else(|| record.error(self.0[2], &start, expected))?;
        // As pykt has it, partial credit counts as wrong here: its whole part is taken.
        let response = match record.number(self.0[4], &correct)?.trunc() {
            0.0 => 0,
            1.0 => 1,
            _ => return Ok(Row::Unscored),
        };
        let taken = Some(record.number(self.0[5], &taken)? as i64);
        let (student, skill, item) = (student.into_owned(), skill.into_owned(), Some(item.into_owned()));
        Ok(Row::Answer(Interaction { student, skill, item, response, time, order: time, taken }))
    }
}

/// anonymized_full_release_competition_dataset.csv.
pub(super) struct Assist2017([usize; 6]);

impl Assist2017 {
    pub(super) fn of(header: &[String]) -> Option<Self> {
        places(header, COLUMNS_2017).map(Self)
    }
}

impl Format for Assist2017 {
    fn name(&self) -> &'static str {
        "ASSISTments 2017"
    }

    fn has_taken(&self) -> bool {
        true
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, skill, item, correct, start, taken] = self.0.map(|column| record.text(column));
        let Some(taken) = taken else { return Ok(Row::Untimed) };
        let (Some(student), Some(skill), Some(item), Some(correct), Some(start)) =
            (student, skill, item, correct, start)
        else {
            return Ok(Row::Missing);
        };
        let response = match record.number(self.0[3], &correct)? {
            0.0 => 0,
            1.0 => 1,
            _ => return Ok(Row::Unscored),
        };
        let time = record.number(self.0[4], &start)? as i64 * 1000;
        let taken = Some((record.number(self.0[5], &taken)? * 1000.0).round_ties_even() as i64);
        let (student, skill, item) = (student.into_owned(), skill.into_owned(), Some(item.into_owned()));
        Ok(Row::Answer(Interaction { student, skill, item, response, time, order: time, taken }))
    }
}
