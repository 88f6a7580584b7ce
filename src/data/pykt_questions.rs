//! pykt's files at question level, byte for byte: one entry an answer, its skills joined by `_`.

use std::collections::HashMap;

use super::csv_text::CsvText;
use super::folds::FoldAssignment;
use super::pykt_lists::{ExportedFile, MAXLEN, chunks, list, taken_texts};
use super::sliding::sliding;
use super::students::Dataset;

/// Numbers of ids by first appearance. As in pykt, the parts of an id with `_` in it are numbered each by themselves.
#[derive(Default)]
struct PartNumbers(HashMap<String, usize>);

impl PartNumbers {
    fn of(&mut self, id: &str) -> String {
        let parts = id.split('_').map(|part| {
            let next = self.0.len();
            self.0.entry(part.to_owned()).or_insert(next).to_string()
        });
        parts.collect::<Vec<String>>().join("_")
    }
}

/// A student's lists, an entry an answer.
struct Lists {
    student: String,
    items: Vec<String>,
    skills: Vec<String>,
    responses: Vec<u8>,
    times: Vec<i64>,
    taken: Vec<String>,
}

struct QuestionTable {
    text: CsvText,
    has_times: bool,
    has_taken: bool,
}

impl QuestionTable {
    fn new(dataset: &Dataset, masks: bool) -> Self {
        let (has_times, has_taken) = (dataset.has_times(), dataset.has_taken());
        let mut columns = vec!["fold", "uid", "questions", "concepts", "responses"];
        let optional = [("timestamps", has_times), ("usetimes", has_taken), ("selectmasks", masks)];
        columns.extend(optional.into_iter().filter(|c| c.1).map(|c| c.0));
        Self { text: CsvText::new(columns), has_times, has_taken }
    }

    /// One row; `unscored` as in the files at skill level.
    fn row(&mut self, fold: i8, lists: &Lists, range: std::ops::Range<usize>, unscored: Option<usize>) {
        let width = if unscored.is_some() { MAXLEN } else { range.len() };
        let mut fields = vec![
            fold.to_string(),
            lists.student.clone(),
            list(&lists.items[range.clone()], width),
            list(&lists.skills[range.clone()], width),
            list(&lists.responses[range.clone()], width),
        ];
        if self.has_times {
            fields.push(list(&lists.times[range.clone()], width));
        }
        if self.has_taken {
            fields.push(list(&lists.taken[range.clone()], width));
        }
        if let Some(unscored) = unscored {
            fields.push(list((0..range.len()).map(|i| if i < unscored { -1 } else { 1 }), width));
        }
        self.text.row(fields);
    }
}

/// The five files of a data set with items.
pub(super) fn export_questions(dataset: &Dataset, split: &FoldAssignment) -> Vec<ExportedFile> {
    let (mut item_numbers, mut student_numbers) = (PartNumbers::default(), PartNumbers::default());
    let of_student = |student: &super::students::Student| Lists {
        student: student_numbers.of(&student.id),
        items: student
            .answers
            .iter()
            .map(|a| item_numbers.of(a.item.checked_sub(1).map_or("NA", |item| &dataset.items[item as usize])))
            .collect(),
        skills: student
            .answers
            .iter()
            .map(|a| a.skills.iter().map(u32::to_string).collect::<Vec<_>>().join("_"))
            .collect(),
        responses: student.answers.responses().to_vec(),
        times: student.times.clone(),
        taken: taken_texts(student, dataset),
    };
    let students: Vec<Lists> = dataset.students.iter().map(of_student).collect();
    let table = |masks: bool| QuestionTable::new(dataset, masks);
    let (mut train, mut train_windows) = (table(false), table(true));
    for &(s, fold) in &split.train_valid {
        let lists = &students[s];
        train.row(fold.number(), lists, 0..lists.responses.len(), None);
        for (range, unscored) in chunks(lists.responses.len()) {
            train_windows.row(fold.number(), lists, range, Some(unscored));
        }
    }
    let (mut test, mut test_windows, mut sliding_windows) = (table(false), table(true), table(true));
    for &s in &split.test {
        let lists = &students[s];
        let length = lists.responses.len();
        test.row(-1, lists, 0..length, None);
        for (range, unscored) in chunks(length) {
            test_windows.row(-1, lists, range, Some(unscored));
        }
        for (range, unscored) in sliding(length, MAXLEN) {
            sliding_windows.row(-1, lists, range, Some(unscored));
        }
    }
    let file = |name, table: QuestionTable| ExportedFile { name, content: table.text.finish() };
    vec![
        file("train_valid_quelevel.csv", train),
        file("train_valid_sequences_quelevel.csv", train_windows),
        file("test_quelevel.csv", test),
        file("test_sequences_quelevel.csv", test_windows),
        file("test_window_sequences_quelevel.csv", sliding_windows),
    ]
}
