//! Students, interactions and windows: from any source to the rows a training step reads.
//!
//! A file becomes a [`Dataset`] (students with their interactions) and then a [`Corpus`]
//! (windows in folds); a [`RaggedBatch`] lays some windows' steps one after another.
//! Readers take any `Read`, so they work on files and on what a browser hands over.

mod answers;
mod archive;
mod batch;
mod columns;
mod corpus;
mod csv_text;
mod exercises;
mod folds;
mod formats;
mod numbering;
mod pykt_export;
mod pykt_lists;
mod pykt_questions;
mod raw;
mod response;
mod sequences;
mod simulated;
mod sliding;
mod source;
mod students;

pub use answers::{Answer, Answers};
pub use archive::{Archive, OpenArchive, ReadSeek};
pub use batch::{RaggedBatch, RowItems, SkillLists};
pub use columns::ColumnNames;
pub use corpus::{Corpus, RowKind, Split, Truth, Window};
pub use csv_text::CsvText;
pub use exercises::Exercise;
pub use folds::{Fold, FoldAssignment, SPLIT_SEED, permutation};
pub use formats::ednet::{FOLDER as EDNET_FOLDER, QUESTIONS as EDNET_QUESTIONS};
pub use formats::format_names;
pub use pykt_export::export_pykt;
pub use pykt_lists::ExportedFile;
pub use raw::{read_ednet, read_raw};
pub use sequences::{DataFile, SequenceRow, Table, inspect_header, read_sequences, read_table, read_table_beside};
pub use simulated::{SIMULATED_SKILLS, SimulatedStudent, simulate, simulate_with_items, simulated_chance};
pub use sliding::{SlidingWindow, sliding};
pub use students::{Dataset, Dropped, Skill, Student};

/// Fewest interactions a student or a remainder window must have to be kept (pykt's rule).
pub const MIN_INTERACTIONS: usize = 3;

/// Largest number of skills a model is built for; more is taken for a damaged file.
pub const MAX_SKILLS: usize = 100_000;

/// Largest number of items; more is taken for a damaged file.
pub const MAX_ITEMS: usize = 10_000_000;
