//! Junyi Academy 2015: a log of answers, and beside it a table with the topic of each exercise. A topic is the skill, an exercise
//! the item.

use std::collections::HashMap;

use super::super::response::Response;
use super::{Format, Interaction, OpenBeside, Record, Row, places, read_beside, without_separators};
use crate::error::Result;

/// Columns of the log.
pub(super) const COLUMNS: [&str; 5] = ["user_id", "exercise", "time_done", "time_taken_attempts", "correct"];
/// The table of exercises.
const TABLE: &str = "junyi_Exercise_table.csv";

/// junyi_ProblemLog_original.csv.
pub(super) struct Junyi2015 {
    columns: [usize; 5],
    topics: HashMap<String, String>,
}

impl Junyi2015 {
    pub(super) fn of(header: &[String], beside: &OpenBeside<'_>) -> Result<Option<Self>> {
        let Some(columns) = places(header, COLUMNS) else { return Ok(None) };
        let mut topics = HashMap::new();
        read_beside(TABLE, beside, ["name", "topic"], |record, [name, topic]| {
            if let (Some(name), Some(topic)) = (record.text(name), record.text(topic)) {
                // The first line about an exercise counts.
                topics.entry(name.into_owned()).or_insert_with(|| topic.into_owned());
            }
            Ok(())
        })?;
        Ok(Some(Self { columns, topics }))
    }
}

impl Format for Junyi2015 {
    fn name(&self) -> &'static str {
        "Junyi Academy 2015"
    }

    fn has_taken(&self) -> bool {
        true
    }

    fn read(&self, record: &Record<'_>) -> Result<Row> {
        let [student, exercise, done, taken, correct] = self.columns.map(|column| record.text(column));
        let (Some(student), Some(exercise), Some(done), Some(correct)) = (student, exercise, done, correct) else {
            return Ok(Row::Missing);
        };
        let Some(topic) = self.topics.get(&*exercise) else { return Ok(Row::Missing) };
        let Some(Response::Whole(response)) = Response::parse(&correct) else {
            return Err(record.error(self.columns[4], &correct, "true or false"));
        };
        let micros =
            done.parse::<i64>().map_err(|_| record.error(self.columns[2], &done, "microseconds since 1970"))?;
        // Attempts are joined by &; the first counts. Where only a hint was asked for there is none.
        let taken = match &taken {
            Some(all) => {
                let first = all.split('&').next().unwrap_or_default();
                let seconds = first.parse::<i64>().ok().filter(|s| s.abs() < 1 << 50);
                seconds.ok_or_else(|| record.error(self.columns[3], all, "seconds joined by &"))?
            }
            None => -100,
        };
        Ok(Row::Answer(Interaction {
            student: student.into_owned(),
            skill: without_separators(topic),
            item: Some(without_separators(&exercise)),
            response,
            time: (micros as f64 / 1000.0).round_ties_even() as i64,
            order: micros,
            taken: Some(1000 * taken),
        }))
    }
}
