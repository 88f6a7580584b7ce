//! The one error type: every variant is a sentence a user can act on.

use std::fmt;

/// What can go wrong, said in one line.
///
/// [`Error::exit_code`] is 2 where the input, a config or a checkpoint is at fault and 1 otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A data file says something it should not.
    #[error("{0}")]
    Data(DataError),
    /// A config, flag or preset is unusable.
    #[error("{0}")]
    Config(String),
    /// A file that should hold JSON does not, or the JSON says something else than expected.
    #[error("{file}: {source}")]
    Json {
        /// The file.
        file: String,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// An experiment folder lacks a file, or its files contradict one another.
    #[error("{0}")]
    Folder(String),
    /// What was asked for is not there, or cannot be done now or by this build of the program.
    #[error("{0}")]
    Request(String),
    /// A checkpoint does not belong to this program, or not to this model.
    #[error("{0}")]
    Checkpoint(String),
    /// A file could not be opened, read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system answered.
        source: std::io::Error,
    },
    /// No device of the wanted kind, or it failed.
    #[error("{0}")]
    Device(String),
    /// A task of the program panicked: a bug, and no reason to try again.
    #[error("a bug in the program ended this task: {0}. Please report it, with the command and the run's log")]
    Panicked(String),
    /// Whoever started a task no longer waits for it.
    #[error("{0}")]
    Cancelled(String),
    /// The loss or a gradient stopped being a number.
    #[error("{0}")]
    Diverged(String),
    /// A run that was repeated gave other results.
    #[error("{0}")]
    NotReproduced(String),
    /// A program that was started, such as Python, failed.
    #[error("{program}: {problem}")]
    Program {
        /// The program and its script.
        program: String,
        /// What it said.
        problem: String,
    },
    /// Something that the program writes, draws or sends could not be made.
    #[error("{what} could not be made: {source}")]
    Output {
        /// What could not be made, such as "a plot".
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where in a data file something is wrong and what would be right.
#[derive(Debug, Default)]
pub struct DataError {
    /// File name as the user gave it.
    pub file: String,
    /// 1-based line, where one can be named.
    pub line: Option<u64>,
    /// Column name, where one can be named.
    pub column: Option<String>,
    /// What stands there, and what was expected instead.
    pub problem: String,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column '{column}'")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl Error {
    /// A problem with a whole data file.
    pub fn data(file: &str, problem: impl Into<String>) -> Self {
        Self::Data(DataError { file: file.to_owned(), problem: problem.into(), ..DataError::default() })
    }

    /// A problem at one line (and column) of a data file.
    pub fn data_at(file: &str, line: u64, column: Option<&str>, problem: impl Into<String>) -> Self {
        Self::Data(DataError {
            file: file.to_owned(),
            line: Some(line),
            column: column.map(str::to_owned),
            problem: problem.into(),
        })
    }

    /// A failed file operation.
    pub fn io(path: impl fmt::Display, source: std::io::Error) -> Self {
        Self::Io { path: path.to_string(), source }
    }

    /// A file whose JSON cannot be used.
    pub fn json(file: impl fmt::Display, source: serde_json::Error) -> Self {
        Self::Json { file: file.to_string(), source }
    }

    /// Something of the program's own that could not be made: `what` and the reason.
    pub fn output(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Output { what, source: source.into() }
    }

    /// The process exit code: 2 for bad input, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Data(_)
            | Self::Config(_)
            | Self::Json { .. }
            | Self::Folder(_)
            | Self::Request(_)
            | Self::Checkpoint(_)
            | Self::Io { .. } => 2,
            Self::Device(_)
            | Self::Panicked(_)
            | Self::Cancelled(_)
            | Self::Diverged(_)
            | Self::NotReproduced(_)
            | Self::Program { .. }
            | Self::Output { .. } => 1,
        }
    }
}

/// Shorthand used across the crate.
pub type Result<T> = std::result::Result<T, Error>;

/// `text` on one line and cut to 40 characters, for quoting what a file holds.
pub fn quote(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    match clean.char_indices().nth(40) {
        Some((cut, _)) => format!("\"{}…\"", &clean[..cut]),
        None => format!("\"{clean}\""),
    }
}
