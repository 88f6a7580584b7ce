//! What a file of answers says, before it is cut into windows.

use super::answers::Answers;

/// A skill (knowledge component, concept): its id in the file and a name to show.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Skill {
    /// The id as the file writes it.
    pub id: String,
    /// The name from the file, or the id where the file names none.
    pub name: String,
}

impl Skill {
    /// A skill the source gives no name for.
    pub fn unnamed(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { name: id.clone(), id }
    }
}

/// One student and the answers given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Student {
    /// The id as the file writes it.
    pub id: String,
    /// The answers in time order.
    pub answers: Answers,
    /// When each was given, in milliseconds; empty where the source does not say.
    pub times: Vec<i64>,
    /// How long each took, in milliseconds; empty where the source does not say.
    pub taken: Vec<i64>,
}

impl Student {
    /// Number of interactions as pykt counts them: one for each skill of each answer.
    pub fn interactions(&self) -> usize {
        self.answers.skill_count()
    }
}

/// Rows and students left out of a [`Dataset`], by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    /// Rows with an empty student, skill, response or order.
    pub missing: u64,
    /// Rows with a response between 0 and 1 (partial credit).
    pub fractional: u64,
    /// Rows whose outcome is neither right nor wrong: a hint, a program that still runs.
    pub unscored: u64,
    /// Rows that are not the first attempt at a step.
    pub repeated: u64,
    /// Students with fewer than [`super::MIN_INTERACTIONS`] answers, in order of appearance:
    /// position among all students seen, and id.
    pub short_students: Vec<(usize, String)>,
    /// Rows of those students.
    pub short_rows: u64,
}

/// A data set: students in order of first appearance, skill indices in order of first use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dataset {
    /// Short name, from the file.
    pub name: String,
    /// The data set's format, where its columns are those of a well-known one.
    pub format: Option<&'static str>,
    /// Whether pykt writes the times taken as `12.0`: pandas does so where one is missing.
    pub taken_as_floats: bool,
    /// Skills by index.
    pub skills: Vec<Skill>,
    /// Item ids by index; empty where the file has no item column.
    pub items: Vec<String>,
    /// Largest number of skills one answer had.
    pub max_skills_per_answer: usize,
    /// Whether the file writes several skills of an answer into one field, as in `3_17` (pykt's files then have the column
    /// `is_repeat`).
    pub joins_skills: bool,
    /// Students kept.
    pub students: Vec<Student>,
    /// Rows read, dropped ones included.
    pub rows_read: u64,
    /// What was left out.
    pub dropped: Dropped,
}

impl Dataset {
    /// Number of answers of the students kept.
    pub fn answers(&self) -> usize {
        self.students.iter().map(|s| s.answers.len()).sum()
    }

    /// Number of interactions of the students kept: one for each skill of each answer.
    pub fn interactions(&self) -> usize {
        self.students.iter().map(Student::interactions).sum()
    }

    /// Whether answers come with the time they were given.
    pub fn has_times(&self) -> bool {
        self.students.iter().any(|s| !s.times.is_empty())
    }

    /// Whether answers come with the time they took.
    pub fn has_taken(&self) -> bool {
        self.students.iter().any(|s| !s.taken.is_empty())
    }

    /// Share of right answers, 0 for an empty set.
    pub fn share_correct(&self) -> f64 {
        let correct = |s: &Student| s.answers.responses().iter().filter(|&&r| r == 1).count();
        self.students.iter().map(correct).sum::<usize>() as f64 / self.answers().max(1) as f64
    }
}
