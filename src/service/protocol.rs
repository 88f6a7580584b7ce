//! Requests to the service and its events: serde values, so that they can be sent to other threads and workers.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Config, ModelKind};
use crate::data::{Answers, Skill, Split};
use crate::evaluate::{Calibration, ClassQuartiles, ClassReport, StudentSummary, Trajectory, TrajectoryStep};
use crate::experiment::{Item, Plot, RunRecord};
use crate::model::{Inspection, ModelConfig};
use crate::platform::device::DeviceChoice;
use crate::train::{Command, EpochRow, Message};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The embedded class and the model of this kind that comes with the program.
    Embedded(ModelKind),
    /// An experiment's folder: its best model on its data.
    Run(PathBuf),
    /// A checkpoint file, on the data that are open.
    Checkpoint(PathBuf),
}

impl Source {
    /// What everyone begins with: the embedded class, looked at through the evidence model.
    pub const EMBEDDED: Self = Self::Embedded(ModelKind::EMBEDDED[0]);
}

/// Which model to look through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModelRole {
    /// The model that is open.
    Main,
    /// The one it is compared with.
    Other,
}

/// A run to be started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    /// All settings, the data's place among them.
    pub config: Config,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Folder the run's folder is made in.
    pub out: PathBuf,
    /// Last part of the folder's name.
    pub title: String,
    /// An interrupted run to go on with; its settings count then.
    pub resume: Option<PathBuf>,
}

impl TrainRequest {
    /// The order to go on with the interrupted run in `folder`.
    pub fn resume(folder: &Path, device: DeviceChoice) -> Self {
        Self {
            config: Config::default(),
            device,
            out: folder.parent().unwrap_or(folder).to_owned(),
            title: String::new(),
            resume: Some(folder.to_owned()),
        }
    }
}

/// What to write into a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Export {
    /// Text as it is: CSV, JSON, SVG.
    Text(String),
    /// SVG text, to be drawn as PNG.
    Png(String),
    /// A file as it is: a checkpoint.
    File(PathBuf),
    /// A folder with all that is in it, as a zip archive.
    Zip(PathBuf),
}

/// What a file that was handed over is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilePurpose {
    /// Decided by its content: a zipped run or a checkpoint is opened, answers are trained on.
    Open,
    /// A zipped run or a checkpoint to compare the open model with.
    Compare,
    /// pykt's test sequences.
    TestData,
}

/// A question or an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Open something in place of what is open.
    Open(Source),
    /// Look through another checkpoint or run too, or no longer.
    Compare(Option<Source>),
    /// Follow a student, now and after every epoch of a run; `with` is one more to compare with.
    Student {
        /// Index into the students.
        student: u32,
        /// Another one.
        with: Option<u32>,
    },
    /// What the model makes of these answers.
    WhatIf {
        /// Comes back with the answer.
        ticket: u64,
        /// The answers.
        answers: Answers,
    },
    /// The moment after these answers in detail.
    Inspection {
        /// Comes back with the answer.
        ticket: u64,
        /// The answers.
        answers: Answers,
        /// Whether to tell how sure the model is of every skill.
        deviations: bool,
    },
    /// The class's median and quartiles.
    ClassQuartiles,
    /// Learning curves, skills, items and measures of honesty of the class, by the open model as it is now.
    ClassReport,
    /// Who answered an item.
    Item {
        /// Index of the item.
        item: u32,
    },
    /// Read the data a config names, and say what is in them.
    CheckData(Box<Config>),
    /// Start a run.
    Train(Box<TrainRequest>),
    /// An order to the run under way.
    Command(Command),
    /// List the runs in a folder.
    Runs(PathBuf),
    /// Everything about one run; the checklist takes some seconds.
    Inspect(PathBuf),
    /// Two finished runs side by side.
    CompareRuns([PathBuf; 2]),
    /// Write a file.
    Save(PathBuf, Export),
    /// Hand a file over under this name, where there are no folders to write it into.
    Download(String, Export),
    /// Take a file in, where there are no folders to read it from.
    Take {
        /// Its name.
        name: String,
        /// Its content.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        /// What it is for.
        purpose: FilePurpose,
    },
    /// Delete a run's folder.
    Delete(PathBuf),
}

/// One student in the open data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudentInfo {
    /// The id as the file writes it.
    pub id: String,
    /// Training, validation or test.
    pub part: Split,
    /// Answers in the windows the model reads.
    pub answers: u32,
    /// Right ones.
    pub correct: u32,
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenedInfo {
    /// What a person would call it.
    pub title: String,
    /// Where the model comes from, in a line.
    pub model_about: String,
    /// The run's folder, where there is one.
    pub folder: Option<PathBuf>,
    /// Settings.
    pub config: Config,
    /// Sizes of the model.
    pub model: ModelConfig,
    /// Skills by index.
    pub skills: Vec<Skill>,
    /// Items in the data; 0: they name none.
    pub items: usize,
    /// Students by index; those without a window have no answers.
    pub students: Vec<StudentInfo>,
    /// Whether the true mastery is known.
    pub has_truth: bool,
}

/// All answers to an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAnswers {
    /// Index of the item.
    pub item: u32,
    /// Its answers, student by student.
    pub answers: Vec<ItemAnswer>,
}

/// One answer to an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAnswer {
    /// Index of the student.
    pub student: u32,
    /// Position of the answer among the student's, from 0.
    pub answer: u32,
    /// Whether it was right.
    pub correct: bool,
}

/// What a data file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// Its name.
    pub name: String,
    /// What it was recognised as; empty: a table whose columns were found by name.
    pub format: String,
    /// Students kept.
    pub students: usize,
    /// Skills.
    pub skills: usize,
    /// Items; 0 where the data have none.
    pub items: usize,
    /// Windows and answers to be predicted of training, validation and test.
    pub parts: [(usize, usize); 3],
    /// Seconds it took to read.
    pub seconds: f64,
    /// The first answers, to see whether the columns were understood.
    pub first: Vec<FirstAnswer>,
}

/// One of a file's first answers, as it was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// Id of the student.
    pub student: String,
    /// Names of the skills, joined by +.
    pub skills: String,
    /// Id of the item; empty where none is known.
    pub item: String,
    /// Whether it was right.
    pub correct: bool,
}

/// One run in a folder of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEntry {
    /// Its folder.
    pub path: PathBuf,
    /// Folder name.
    pub name: String,
    /// Whether it came to its end and was sealed.
    pub finished: bool,
    /// Epochs done.
    pub epochs: usize,
    /// Name of the data.
    pub dataset: String,
    /// Best validation AUC.
    pub best_auc: Option<f64>,
    /// AUC of the best model on the held-out test set.
    pub test_auc: Option<f64>,
    /// Why it cannot be read, where it cannot.
    pub problem: Option<String>,
}

/// Everything about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetail {
    /// Its folder.
    pub path: PathBuf,
    /// Settings, figures and epochs.
    pub record: RunRecord,
    /// The reproducibility checklist, tried just now.
    pub checklist: Vec<Item>,
    /// Files changed, added or deleted since it was sealed.
    pub changed: Vec<String>,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPair {
    /// The runs.
    pub runs: [RunRecord; 2],
    /// Settings in which they differ: key and both values.
    pub differences: Vec<(String, Vec<String>)>,
    /// Validation AUC by epoch of both.
    pub plot: Plot,
}

/// What the service answers and reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Something is being done that may take a while; an empty text ends it.
    Busy(String),
    /// Something was opened; all that was known of what was open before no longer holds.
    Opened(Box<OpenedInfo>),
    /// The open model has other weights now; figures of students follow.
    Weights {
        /// Where they come from, in a line.
        about: String,
    },
    /// What the open model is compared with; none: no longer.
    Compared(Option<String>),
    /// Figures of some students; `done` of `total` are surveyed.
    Surveyed {
        /// The students.
        summaries: Vec<StudentSummary>,
        /// Students surveyed.
        done: usize,
        /// Students in all.
        total: usize,
    },
    /// Calibration on training, validation and test part, over all students.
    Calibrated(Box<[Calibration; 3]>),
    /// The student followed, by one of the models.
    Student {
        /// Index into the students.
        student: u32,
        /// Through which model.
        role: ModelRole,
        /// The path.
        path: Box<Trajectory>,
    },
    /// What the model makes of answers.
    WhatIf {
        /// Of the question.
        ticket: u64,
        /// A step an answer.
        steps: Vec<TrajectoryStep>,
    },
    /// A moment in detail.
    Inspection {
        /// Of the question.
        ticket: u64,
        /// The moment.
        moment: Inspection,
    },
    /// The class by the open model, as it was when it was asked about.
    ClassReport(Box<ClassReport>),
    /// Who answered an item.
    Item(ItemAnswers),
    /// The class's median and quartiles.
    ClassQuartiles(ClassQuartiles),
    /// What a data file holds, or why it cannot be used.
    Data(Result<DataReport, String>),
    /// The run's folder, and what it says; checkpoints come without their bytes.
    Run(Box<Message>),
    /// A run began in this folder.
    RunBegan {
        /// The folder.
        folder: PathBuf,
        /// Epochs that were done before, where it goes on.
        history: Vec<EpochRow>,
    },
    /// The run was given an order.
    CommandAccepted(Command),
    /// The run under way is over and its folder complete; an error says why it is not.
    RunEnded(Result<String, String>),
    /// Runs in a folder.
    Runs(PathBuf, Vec<RunEntry>),
    /// One run.
    Inspected(Box<RunDetail>),
    /// Two runs.
    Pair(Box<RunPair>),
    /// A file was written.
    Saved(PathBuf),
    /// A file to be handed to the person.
    Download {
        /// Its name.
        name: String,
        /// Its content.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A data file was taken in and lies here.
    FileImported(PathBuf, FilePurpose),
    /// Something that was asked for could not be done: what, and why.
    Failed {
        /// What was being done.
        doing: String,
        /// Why it failed and what to do.
        problem: String,
    },
}
