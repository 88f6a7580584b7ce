//! The service behind the window and the page: one task that opens data and models, answers questions about
//! students and keeps a run going. Window and page send a [`Request`], draw what an [`Event`] brings, and compute nothing.
//!
//! Questions are answered on the CPU, training runs on the device asked for: a student is shown before the first shader is
//! compiled, and a busy graphics adapter does not hold up an answer.

mod answers;
mod background;
mod opened;
mod packing;
mod protocol;
mod runs;
mod serve;
mod state;
mod training;
mod transfer;

pub use packing::{pack, unpack};
pub use protocol::{
    DataReport, Event, Export, FilePurpose, FirstAnswer, ItemAnswer, ItemAnswers, ModelRole, OpenedInfo, Request,
    RunDetail, RunEntry, RunPair, Source, StudentInfo, TrainRequest,
};
pub use serve::serve;
pub use state::EventSender;
