//! The run: one function that trains a model and says what happens in typed messages.
//!
//! It touches no file and no screen: whoever starts it keeps the checkpoints it sends and shows the rest.

mod checkpoint;
mod epoch;
mod message;
mod optimizer;
mod plateau;
mod run;
mod stepper;

pub use checkpoint::{RunState, TrainState, decode_weights, encode_weights};
pub use message::{CheckpointKind, Command, EpochRow, Message, Phase, Results};
pub use optimizer::{Adam, AdamConfig};
pub use plateau::Plateau;
pub use run::{Control, Request, Resume, run};
pub use stepper::{StepOutcome, Stepper};
