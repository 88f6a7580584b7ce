//! pykt's own files, byte for byte (`docs/DATA.md`): what `gainakt data export` writes.

use std::fmt::Write as _;

use super::MIN_INTERACTIONS;
use super::folds::FoldAssignment;
use super::sliding::sliding;
use super::students::{Dataset, Student};

/// Window length of pykt's files.
const MAXLEN: usize = 200;

/// One file of the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// File name, as pykt names it.
    pub name: &'static str,
    /// The whole content.
    pub content: String,
}

/// Writes a data set as pykt's `data_preprocess.py` would: whole sequences, windows of 200, sliding test
/// windows and the id mapping.
pub fn export_pykt(dataset: &Dataset) -> Vec<ExportedFile> {
    let split = FoldAssignment::new(dataset.students.len());
    let table = |test: bool, masks: bool| CsvTable::new(dataset, test, masks);
    let (mut train, mut train_windows) = (table(false, false), table(false, true));
    for &(s, fold) in &split.train_valid {
        let student = &dataset.students[s];
        train.row(fold.number(), s, student, 0..student.len(), None);
        for (range, masked) in chunks(student.len()) {
            train_windows.row(fold.number(), s, student, range, Some(masked));
        }
    }
    let (mut test, mut test_windows, mut sliding_windows) = (table(true, false), table(true, true), table(true, true));
    for &s in &split.test {
        let student = &dataset.students[s];
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
    vec![
        file("keyid2idx.json", keyid2idx(dataset)),
        file("train_valid.csv", train.text),
        file("train_valid_sequences.csv", train_windows.text),
        file("test.csv", test.text),
        file("test_sequences.csv", test_windows.text),
        file("test_window_sequences.csv", sliding_windows.text),
    ]
}

/// Non-overlapping windows of `length` interactions; what is left over is kept from [`MIN_INTERACTIONS`] on.
fn chunks(length: usize) -> impl Iterator<Item = (std::ops::Range<usize>, usize)> {
    (0..length)
        .step_by(MAXLEN)
        .map(move |start| start..length.min(start + MAXLEN))
        .filter(|range| range.len() >= MIN_INTERACTIONS)
        .map(|range| (range, 0))
}

struct CsvTable {
    text: String,
    has_items: bool,
    has_repeats: bool,
    has_cells: bool,
    /// Number of the current student's first interaction among the test students'.
    first_cell: usize,
}

impl CsvTable {
    fn new(dataset: &Dataset, test: bool, masks: bool) -> Self {
        let has_items = !dataset.items.is_empty();
        let has_repeats = dataset.students.iter().any(|s| !s.repeats.is_empty());
        let mut columns = vec!["fold", "uid"];
        let optional = [
            ("questions", has_items),
            ("concepts", true),
            ("responses", true),
            ("selectmasks", masks),
            ("is_repeat", has_repeats),
            ("cidxs", test),
        ];
        columns.extend(optional.into_iter().filter(|c| c.1).map(|c| c.0));
        Self { text: columns.join(",") + "\n", has_items, has_repeats, has_cells: test, first_cell: 0 }
    }

    /// One row; `unscored` is the number of leading interactions another window scores, `None` for a whole
    /// sequence, which is neither masked nor padded.
    fn row(&mut self, fold: i8, uid: usize, student: &Student, range: std::ops::Range<usize>, unscored: Option<usize>) {
        let width = if unscored.is_some() { MAXLEN } else { range.len() };
        let _ = write!(self.text, "{fold},{uid}");
        if self.has_items {
            self.list(student.items[range.clone()].iter(), width);
        }
        self.list(student.skills[range.clone()].iter(), width);
        self.list(student.responses[range.clone()].iter(), width);
        if let Some(unscored) = unscored {
            self.list((0..range.len()).map(|i| if i < unscored { -1 } else { 1 }), width);
        }
        if self.has_repeats {
            self.list(student.repeats[range.clone()].iter(), width);
        }
        if self.has_cells {
            let first = self.first_cell;
            self.list(range.map(|i| first + i), width);
        }
        self.text.push('\n');
    }

    /// A comma-joined list padded with −1, quoted when it holds a comma.
    fn list(&mut self, values: impl Iterator<Item = impl std::fmt::Display>, width: usize) {
        let quote = if width > 1 { "\"" } else { "" };
        self.text.push(',');
        self.text.push_str(quote);
        let mut written = 0;
        for value in values {
            let _ = write!(self.text, "{}{value}", if written > 0 { "," } else { "" });
            written += 1;
        }
        for _ in written..width {
            self.text.push_str(if written > 0 { ",-1" } else { "-1" });
        }
        self.text.push_str(quote);
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
        parts.push(map("questions", dataset.items.iter().map(String::as_str)));
    }
    parts.push(map("concepts", dataset.skills.iter().map(|s| s.id.as_str())));
    parts.push(map("uid", dataset.students.iter().map(|s| s.id.as_str())));
    parts.push(format!("\"max_concepts\": {}", dataset.max_skills_per_interaction));
    format!("{{{}}}", parts.join(", "))
}
