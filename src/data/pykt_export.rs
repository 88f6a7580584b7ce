//! pykt's own files, byte for byte (`docs/DATA.md`): what `gainakt data export` writes.

use super::csv_text::CsvText;
use super::folds::FoldAssignment;
use super::pykt_lists::{ExportedFile, MAXLEN, chunks, list, taken_texts};
use super::pykt_questions::export_questions;
use super::sliding::sliding;
use super::students::{Dataset, Student};

/// Writes a data set as pykt's `data_preprocess.py` would: whole sequences, windows of 200, sliding test
/// windows and the id mapping.
pub fn export_pykt(dataset: &Dataset) -> Vec<ExportedFile> {
    let split = FoldAssignment::new(dataset.students.len());
    let table = |test: bool, masks: bool| CsvTable::new(dataset, test, masks);
    let (mut train, mut train_windows) = (table(false, false), table(false, true));
    for &(s, fold) in &split.train_valid {
        let student = &Rows::new(&dataset.students[s], dataset);
        train.row(fold.number(), s, student, 0..student.len(), None);
        for (range, masked) in chunks(student.len()) {
            train_windows.row(fold.number(), s, student, range, Some(masked));
        }
    }
    let (mut test, mut test_windows, mut sliding_windows) = (table(true, false), table(true, true), table(true, true));
    for &s in &split.test {
        let student = &Rows::new(&dataset.students[s], dataset);
        test.row(-1, s, student, 0..student.len(), None);
        for (range, masked) in chunks(student.len()) {
            test_windows.row(-1, s, student, range, Some(masked));
        }
        for (range, unscored) in sliding(student.len(), MAXLEN) {
            sliding_windows.row(-1, s, student, range, Some(unscored));
        }
        for table in [&mut test, &mut test_windows, &mut sliding_windows] {
            table.first_cell += student.len();
        }
    }
    let file = |name, content| ExportedFile { name, content };
    let mut files = vec![
        file("keyid2idx.json", keyid2idx(dataset)),
        file("train_valid.csv", train.text.finish()),
        file("train_valid_sequences.csv", train_windows.text.finish()),
        file("test.csv", test.text.finish()),
        file("test_sequences.csv", test_windows.text.finish()),
        file("test_window_sequences.csv", sliding_windows.text.finish()),
    ];
    if !dataset.items.is_empty() {
        files.extend(export_questions(dataset, &split));
    }
    files
}

struct CsvTable {
    text: CsvText,
    has_items: bool,
    has_repeats: bool,
    has_times: bool,
    has_taken: bool,
    has_cells: bool,
    /// Number of the current student's first interaction among the test students'.
    first_cell: usize,
}

impl CsvTable {
    fn new(dataset: &Dataset, test: bool, masks: bool) -> Self {
        let has_items = !dataset.items.is_empty();
        let has_repeats = dataset.joins_skills;
        let (has_times, has_taken) = (dataset.has_times(), dataset.has_taken());
        let mut columns = vec!["fold", "uid"];
        let optional = [
            ("questions", has_items),
            ("concepts", true),
            ("responses", true),
            ("timestamps", has_times),
            ("usetimes", has_taken),
            ("selectmasks", masks),
            ("is_repeat", has_repeats),
            ("cidxs", test),
        ];
        columns.extend(optional.into_iter().filter(|c| c.1).map(|c| c.0));
        Self {
            text: CsvText::new(columns),
            has_items,
            has_repeats,
            has_times,
            has_taken,
            has_cells: test,
            first_cell: 0,
        }
    }

    /// One row; `unscored` is the number of leading interactions another window scores, `None` for a whole
    /// sequence, which is neither masked nor padded.
    fn row(&mut self, fold: i8, uid: usize, student: &Rows, range: std::ops::Range<usize>, unscored: Option<usize>) {
        let width = if unscored.is_some() { MAXLEN } else { range.len() };
        let mut fields = vec![fold.to_string(), uid.to_string()];
        if self.has_items {
            fields.push(list(&student.items[range.clone()], width));
        }
        fields.push(list(&student.skills[range.clone()], width));
        fields.push(list(&student.responses[range.clone()], width));
        if self.has_times {
            fields.push(list(&student.times[range.clone()], width));
        }
        if self.has_taken {
            fields.push(list(&student.taken[range.clone()], width));
        }
        if let Some(unscored) = unscored {
            fields.push(list((0..range.len()).map(|i| if i < unscored { -1 } else { 1 }), width));
        }
        if self.has_repeats {
            fields.push(list(&student.repeats[range.clone()], width));
        }
        if self.has_cells {
            let first = self.first_cell;
            fields.push(list(range.map(|i| first + i), width));
        }
        self.text.row(fields);
    }
}

/// A student's answers as pykt lays them out: a row for each skill.
struct Rows {
    skills: Vec<u32>,
    responses: Vec<u8>,
    items: Vec<u32>,
    repeats: Vec<u8>,
    times: Vec<i64>,
    taken: Vec<String>,
}

impl Rows {
    /// Answers whose item is not known get the number after the last of the `items` known ones.
    fn new(student: &Student, dataset: &Dataset) -> Self {
        let (rows, repeats) = student.answers.one_skill_each();
        let number = |item: u32| item.checked_sub(1).unwrap_or(dataset.items.len() as u32);
        // What is known of an answer counts for each of its skills.
        let counts: Vec<usize> = student.answers.iter().map(|a| a.skills.len()).collect();
        let times = student.times.iter().zip(&counts).flat_map(|(&time, &count)| std::iter::repeat_n(time, count));
        let taken = taken_texts(student, dataset);
        let taken = taken.into_iter().zip(&counts).flat_map(|(text, &count)| std::iter::repeat_n(text, count));
        Self {
            times: times.collect(),
            taken: taken.collect(),
            skills: rows.iter().map(|a| a.skills[0]).collect(),
            responses: rows.responses().to_vec(),
            items: rows.iter().map(|a| number(a.item)).collect(),
            repeats,
        }
    }

    fn len(&self) -> usize {
        self.skills.len()
    }
}

fn keyid2idx(dataset: &Dataset) -> String {
    fn map<'a>(key: &str, ids: impl Iterator<Item = &'a str>) -> String {
        let entries: Vec<String> =
            ids.enumerate().map(|(i, id)| format!("{}: {i}", crate::pyjson::string(id))).collect();
        format!("\"{key}\": {{{}}}", entries.join(", "))
    }
    let mut parts = Vec::new();
    if !dataset.items.is_empty() {
        let unknown = dataset.students.iter().any(|s| s.answers.iter().any(|a| a.item == 0));
        let unknown = unknown.then_some("NA");
        parts.push(map("questions", dataset.items.iter().map(String::as_str).chain(unknown)));
    }
    parts.push(map("concepts", dataset.skills.iter().map(|s| s.id.as_str())));
    parts.push(map("uid", dataset.students.iter().map(|s| s.id.as_str())));
    parts.push(format!("\"max_concepts\": {}", dataset.max_skills_per_answer));
    format!("{{{}}}", parts.join(", "))
}
