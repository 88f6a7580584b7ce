//! pykt's own files, byte for byte (`docs/DATA.md`): what `gainakt data export` writes.

use super::MIN_INTERACTIONS;
use super::answers::Answers;
use super::csv_text::CsvText;
use super::folds::FoldAssignment;
use super::sliding::sliding;
use super::students::Dataset;

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
        let student = &Rows::new(&dataset.students[s].answers, dataset.items.len());
        train.row(fold.number(), s, student, 0..student.len(), None);
        for (range, masked) in chunks(student.len()) {
            train_windows.row(fold.number(), s, student, range, Some(masked));
        }
    }
    let (mut test, mut test_windows, mut sliding_windows) = (table(true, false), table(true, true), table(true, true));
    for &s in &split.test {
        let student = &Rows::new(&dataset.students[s].answers, dataset.items.len());
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
        file("train_valid.csv", train.text.finish()),
        file("train_valid_sequences.csv", train_windows.text.finish()),
        file("test.csv", test.text.finish()),
        file("test_sequences.csv", test_windows.text.finish()),
        file("test_window_sequences.csv", sliding_windows.text.finish()),
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
    text: CsvText,
    has_items: bool,
    has_repeats: bool,
    has_cells: bool,
    /// Number of the current student's first interaction among the test students'.
    first_cell: usize,
}

impl CsvTable {
    fn new(dataset: &Dataset, test: bool, masks: bool) -> Self {
        let has_items = !dataset.items.is_empty();
        let has_repeats = dataset.joins_skills;
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
        Self { text: CsvText::new(columns), has_items, has_repeats, has_cells: test, first_cell: 0 }
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
}

impl Rows {
    /// Answers whose item is not known get the number after the last of the `items` known ones.
    fn new(answers: &Answers, items: usize) -> Self {
        let (rows, repeats) = answers.one_skill_each();
        let number = |item: u32| item.checked_sub(1).unwrap_or(items as u32);
        Self {
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

/// Values joined by commas, with −1 at the end until there are `width`.
fn list(values: impl IntoIterator<Item = impl ToString>, width: usize) -> String {
    let mut fields: Vec<String> = values.into_iter().map(|v| v.to_string()).collect();
    fields.resize_with(width.max(fields.len()), || "-1".to_owned());
    fields.join(",")
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
