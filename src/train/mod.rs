//! The run: one function that trains a model and reports what happens in typed messages.
//!
//! It touches no file and no screen: whoever starts it keeps the checkpoints it sends and shows the rest.

mod checkpoint;
mod ended;
mod epoch;
mod message;
mod plateau;
mod run;
mod stepper;

pub use checkpoint::{RunState, TrainState, decode_weights, encode_state, encode_weights};
pub use ended::Ended;
pub use message::{CheckpointKind, Command, EpochRow, Message, Phase, READ_EVERY, Results};
pub use plateau::Plateau;
pub use run::{Control, Resume, TrainInput, run};
pub use stepper::Stepper;
