//! Windows in folds: what training and evaluation read.

use std::collections::HashMap;

use super::MIN_INTERACTIONS;
use super::folds::{Fold, FoldAssignment};
use super::sequences::SequenceRow;
use super::students::{Dataset, Skill};
use crate::error::{Error, Result};

/// At most `seq_len` interactions of one student, in time order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Index into [`Corpus::students`].
    pub student: u32,
    /// Position of the window's first interaction among the student's.
    pub first: u32,
    /// Where the window belongs.
    pub fold: Fold,
    /// Skill index of each interaction.
    pub skills: Vec<u32>,
    /// Response of each interaction, 0 or 1.
    pub responses: Vec<u8>,
    /// 1 where an interaction is a further skill of the answer before it; empty where every answer has one skill.
    pub repeats: Vec<u8>,
}

impl Window {
    /// Steps that are scored: interactions less one (SPEC §1).
    pub fn steps(&self) -> usize {
        self.skills.len().saturating_sub(1)
    }
}

/// The mastery that produced a simulated class's answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// By student: row-major `[interactions, skills]`, the mastery in 0..1 after each interaction.
    pub mastery: Vec<Vec<f32>>,
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
    /// Skills by index.
    pub skills: Vec<Skill>,
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
    /// Splits a data set as pykt does and cuts each student's interactions into windows of `seq_len`.
    ///
    /// A remainder below [`MIN_INTERACTIONS`] is left out.
    pub fn from_dataset(dataset: &Dataset, seq_len: usize) -> Self {
        let split = FoldAssignment::new(dataset.students.len());
        let order = split.train_valid.iter().copied().chain(split.test.iter().map(|&s| (s, Fold::Test)));
        let (mut windows, mut leftovers) = (Vec::new(), Vec::new());
        for (s, fold) in order {
            let student = &dataset.students[s];
            chunk(
                &mut windows,
                &mut leftovers,
                s as u32,
                0,
                fold,
                [&student.repeats, &student.responses],
                &student.skills,
                seq_len,
            );
        }
        Self {
            name: dataset.name.clone(),
            skills: dataset.skills.clone(),
            students: dataset.students.iter().map(|s| s.id.clone()).collect(),
            windows,
            leftovers,
            truth: None,
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
    ) -> Result<Self> {
        if let Some(row) = test.iter().find(|r| r.fold != Fold::Test) {
            let fold = row.fold.number();
            let problem = format!(
                "the test file holds a window of fold {fold}; expected fold −1 only (pykt's test_sequences.csv)"
            );
            return Err(Error::data(name, problem));
        }
        let skills = train_valid.iter().chain(test).flat_map(|r| &r.skills).max().map_or(0, |&m| m as usize + 1);
        let mut corpus = Self {
            name: name.to_owned(),
            skills: (0..skills).map(|i| Skill::unnamed(i.to_string())).collect(),
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
            chunk(
                &mut corpus.windows,
                &mut corpus.leftovers,
                entry.0,
                entry.1,
                row.fold,
                [&row.repeats, &row.responses],
                &row.skills,
                seq_len,
            );
            entry.1 += row.skills.len() as u32;
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
}

#[allow(clippy::too_many_arguments)]
fn chunk(
    out: &mut Vec<Window>,
    leftovers: &mut Vec<Window>,
    student: u32,
    first: u32,
    fold: Fold,
    [repeats, responses]: [&[u8]; 2],
    skills: &[u32],
    seq_len: usize,
) {
    for (k, (skills, responses)) in skills.chunks(seq_len).zip(responses.chunks(seq_len)).enumerate() {
        let own = repeats.get(k * seq_len..k * seq_len + skills.len()).unwrap_or_default();
        let window = Window {
            student,
            first: first + (k * seq_len) as u32,
            fold,
            skills: skills.to_vec(),
            responses: responses.to_vec(),
            // Where nothing repeats there is nothing to tell.
            repeats: if own.contains(&1) { own.to_vec() } else { Vec::new() },
        };
        // A file's own short windows stay: only what cutting leaves over is too short to keep.
        match k > 0 && skills.len() < MIN_INTERACTIONS {
            true => leftovers.push(window),
            false => out.push(window),
        }
    }
}
