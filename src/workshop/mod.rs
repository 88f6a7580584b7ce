//! The workshop behind the window and the page: one task that opens data and models, answers questions about
//! students and keeps a run going. The front door sends an [`Ask`], draws what a [`Tell`] brings, and computes nothing.
//!
//! Looking is done on the CPU, training on the device asked for: a student is there before the first shader is
//! compiled, and a busy graphics adapter does not hold up an answer.

mod answers;
mod protocol;
mod runs;
mod serve;
mod subject;
mod training;
mod transfer;
mod wire;

pub use protocol::{
    Answers, Ask, DataReport, Export, FilePurpose, Lens, RunDetail, RunEntry, RunPair, Source, StudentInfo,
    SubjectInfo, Tell, TrainOrder,
};
pub use serve::{Teller, serve};
pub use wire::{pack, unpack};
