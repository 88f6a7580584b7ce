//! `gainakt bench`: speed and memory, measured where the user is.

mod gemm;
mod operations;
mod peer;
#[cfg(feature = "burn")]
mod products;
mod read;
mod reference;
mod step;
mod times;
mod window;
#[cfg(feature = "burn")]
mod window_ops;

use clap::Subcommand;

use self::step::StepArgs;
use crate::error::Result;

/// What `gainakt bench` takes.
#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Time whole training steps (forward, every loss term, backward, clip and Adam) or forward passes.
    Step(Box<StepArgs>),
    /// Time matrix products next to burn's on the same device, and our operations within models on burn's tensors.
    #[cfg(feature = "burn")]
    Products(products::ProductsArgs),
    /// Time reading generated raw interactions.
    Read {
        /// Interactions to generate and read.
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
    },
    /// Time the window: opening a large class, switching students, frames while a run trains. Needs a screen.
    Window(window::WindowArgs),
}

/// Runs the benchmark and prints the result.
pub(super) fn bench(command: &BenchCommand) -> Result<()> {
    match command {
        BenchCommand::Step(args) => step::step(args),
        #[cfg(feature = "burn")]
        BenchCommand::Products(args) => products::products(args),
        BenchCommand::Read { rows } => read::read(*rows),
        BenchCommand::Window(args) => window::window(args),
    }
}
