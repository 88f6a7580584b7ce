//! Windows in folds: what training and evaluation read.

use std::borrow::Cow;
use std::collections::HashMap;

use super::MIN_INTERACTIONS;
use super::answers::Answers;
use super::folds::{Fold, FoldAssignment};
use super::sequences::SequenceRow;
use super::students::{Dataset, Skill, Student};
use crate::error::{Error, Result};

/// What a row of a window is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RowKind {
    /// One skill of an answer, as pykt has it: an answer with three skills is three rows with one response.
    #[default]
    Skill,
    /// An answer with all of its skills.
    Answer,
}

impl RowKind {
    /// The rows of `answers`, and for each whether it is a further skill of the answer before ([`Window::repeats`]).
    fn rows<'a>(self, answers: &'a Answers) -> (Cow<'a, Answers>, Vec<u8>) {
        match self {
            Self::Skill if answers.has_several_skills() => {
                let (rows, repeats) = answers.one_skill_each();
                (Cow::Owned(rows), repeats)
            }
            _ => (Cow::Borrowed(answers), Vec::new()),
        }
    }
}

/// At most `seq_len` rows of one student, in time order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Index into [`Corpus::students`].
    pub student: u32,
    /// Position of the window's first row among the student's.
    pub first: u32,
    /// Where the window belongs.
    pub fold: Fold,
    /// The rows.
    pub answers: Answers,
    /// 1 where a row is a further skill of the answer before it; empty where every answer is one row.
    pub repeats: Vec<u8>,
    /// Skills of the last row's answer that follow after the window, where each skill is a row of its own; known of sliding
    /// windows only.
    pub further: Vec<u32>,
}

impl Window {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// The window with each answer as one row.
    pub fn whole_answers(&self) -> Cow<'_, Self> {
        if self.repeats.is_empty() {
            return Cow::Borrowed(self);
        }
        let (mut answers, mut skills) = (Answers::default(), Vec::new());
        for t in 0..self.len() {
            skills.push(self.answers.skill(t));
            if self.repeats.get(t + 1) != Some(&1) {
                answers.push(&skills, self.answers.item(t), self.answers.responses()[t]);
                skills.clear();
            }
        }
        Cow::Owned(Self { answers, repeats: Vec::new(), further: Vec::new(), ..self.clone() })
    }

    /// Steps that are scored: rows less one (MODEL §1).
    pub fn steps(&self) -> usize {
        self.len().saturating_sub(1)
    }
}

/// What produced a simulated class's answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// By student: row-major `[rows, skills]`, the mastery in 0..1 after each row.
    pub mastery: Vec<Vec<f32>>,
    /// Difficulty of each item in logits, by its index; empty where the class has no items.
    pub difficulty: Vec<f32>,
}

/// The parts of a corpus for one choice of validation fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// All folds but the validation fold.
    Train,
    /// The validation fold: chooses the checkpoint.
    Validation,
    /// Held out; never used to choose.
    Test,
}

/// All windows of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    /// Short name.
    pub name: String,
    /// What the file was recognised as; `None`: a table whose columns were found by name, or the simulated class.
    pub format: Option<&'static str>,
    /// Skills by index.
    pub skills: Vec<Skill>,
    /// Item ids by index; empty where the data have no items.
    pub items: Vec<String>,
    /// Student ids by index.
    pub students: Vec<String>,
    /// Windows of the training folds, then of the test set, each in file order.
    pub windows: Vec<Window>,
    /// Answers at the end of long histories that were too few for a window of their own: known only from raw data.
    pub leftovers: Vec<Window>,
    /// Known mastery, for simulated classes only.
    pub truth: Option<Truth>,
}

impl Corpus {
    /// Splits a data set as pykt does and cuts each student's rows into windows of `seq_len`.
    ///
    /// A remainder below [`MIN_INTERACTIONS`] is left out.
    pub fn from_dataset(dataset: &Dataset, seq_len: usize, kind: RowKind) -> Self {
        let split = FoldAssignment::new(dataset.students.len());
        let order = split.train_valid.iter().copied().chain(split.test.iter().map(|&s| (s, Fold::Test)));
        let mut corpus = Self {
            name: dataset.name.clone(),
            format: dataset.format,
            skills: dataset.skills.clone(),
            items: dataset.items.clone(),
            students: dataset.students.iter().map(|s| s.id.clone()).collect(),
            windows: Vec::new(),
            leftovers: Vec::new(),
            truth: None,
        };
        for (s, fold) in order {
            corpus.chunk(s as u32, 0, fold, kind.rows(&dataset.students[s].answers), seq_len);
        }
        corpus
    }

    /// The windows of a simulated class, whose `truth` is known after every answer.
    pub fn simulated(dataset: &Dataset, truth: Truth, seq_len: usize, kind: RowKind) -> Self {
        let skills = dataset.skills.len();
        let of_rows = |(student, mastery): (&Student, Vec<f32>)| {
            let (rows, repeats) = kind.rows(&student.answers);
            if repeats.is_empty() {
                return mastery;
            }
            // Every row of an answer has the mastery after it.
            let mut next = 0;
            let answer = (0..rows.len()).map(|row| {
                next += usize::from(repeats[row] == 0);
                next - 1
            });
            answer.flat_map(|t| &mastery[t * skills..(t + 1) * skills]).copied().collect()
        };
        let mastery = dataset.students.iter().zip(truth.mastery).map(of_rows).collect();
        Self {
            truth: Some(Truth { mastery, difficulty: truth.difficulty }),
            ..Self::from_dataset(dataset, seq_len, kind)
        }
    }

    /// Windows of pykt's files. Rows longer than `seq_len` are cut again.
    ///
    /// # Errors
    /// A test row among the training rows or the reverse; a test student who is also trained on.
    pub fn from_sequences(
        name: &str,
        train_valid: &[SequenceRow],
        test: &[SequenceRow],
        seq_len: usize,
        kind: RowKind,
    ) -> Result<Self> {
        if let Some(row) = test.iter().find(|r| r.fold != Fold::Test) {
            let fold = row.fold.number();
            let problem = format!(
                "the test file holds a window of fold {fold}; expected fold −1 only (pykt's test_sequences.csv)"
            );
            return Err(Error::data(name, problem));
        }
        let all = || train_valid.iter().chain(test);
        let skills = all().flat_map(|r| r.answers.by_skill()).map(|(_, k, _)| k + 1).max().unwrap_or(0);
        let items = all().flat_map(|r| r.answers.iter()).map(|a| a.item).max().unwrap_or(0);
        let mut corpus = Self {
            name: name.to_owned(),
            format: Some("pykt's sequences"),
            skills: (0..skills).map(|i| Skill::unnamed(i.to_string())).collect(),
            items: (0..items).map(|i| i.to_string()).collect(),
            students: Vec::new(),
            windows: Vec::new(),
            leftovers: Vec::new(),
            truth: None,
        };
        let mut index: HashMap<&str, (u32, u32, Fold)> = HashMap::new();
        for row in train_valid.iter().chain(test) {
            let entry = index.entry(&row.student).or_insert_with(|| {
                corpus.students.push(row.student.clone());
                (corpus.students.len() as u32 - 1, 0, row.fold)
            });
            if entry.2 != row.fold {
                let problem = format!(
                    "student {} stands in fold {} and in fold {}: answers of one student may not be both learned from and tested on",
                    row.student,
                    entry.2.number(),
                    row.fold.number()
                );
                return Err(Error::data(name, problem));
            }
            let rows = kind.rows(&row.answers);
            let count = rows.0.len() as u32;
            corpus.chunk(entry.0, entry.1, row.fold, rows, seq_len);
            entry.1 += count;
        }
        Ok(corpus)
    }

    /// The windows of `part` when `fold` is the validation fold, in file order.
    pub fn part(&self, part: Split, fold: u8) -> Vec<&Window> {
        let wanted = |w: &&Window| match (part, w.fold) {
            (Split::Test, Fold::Test) => true,
            (Split::Validation, Fold::Train(k)) => k == fold,
            (Split::Train, Fold::Train(k)) => k != fold,
            _ => false,
        };
        self.windows.iter().filter(wanted).collect()
    }

    /// The windows of the student with this id, in time order; empty where there is none.
    pub fn student(&self, id: &str) -> Vec<&Window> {
        match self.students.iter().position(|s| s == id) {
            Some(s) => self.windows.iter().filter(|w| w.student as usize == s).collect(),
            None => Vec::new(),
        }
    }

    /// Number of scored steps in `windows`.
    pub fn steps(windows: &[&Window]) -> usize {
        windows.iter().map(|w| w.steps()).sum()
    }

    /// Cuts rows of a student, the first of which has position `first`, into windows of `seq_len`.
    fn chunk(
        &mut self,
        student: u32,
        first: u32,
        fold: Fold,
        (rows, repeats): (Cow<'_, Answers>, Vec<u8>),
        seq_len: usize,
    ) {
        let mut start = 0;
        while start < rows.len() {
            let range = start..rows.len().min(start.saturating_add(seq_len));
            let own = repeats.get(range.clone()).unwrap_or_default();
            let window = Window {
                student,
                first: first + start as u32,
                fold,
                answers: rows.slice(range.clone()),
                // Where nothing repeats there is nothing to tell.
                repeats: if own.contains(&1) { own.to_vec() } else { Vec::new() },
                further: Vec::new(),
            };
            // A file's own short windows stay: only what cutting leaves over is too short to keep.
            match start > 0 && range.len() < MIN_INTERACTIONS {
                true => self.leftovers.push(window),
                false => self.windows.push(window),
            }
            start = range.end;
        }
    }
}
