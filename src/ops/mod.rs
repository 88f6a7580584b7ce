//! General operations on ragged rows, each in one folder: its trait and types, Rust loops (`cpu`), WGSL kernels (`gpu`,
//! with the templates in `shaders/`). What only one model needs stands with the model.
//!
//! Parameters are one flat array and so are their gradients: a layer is a place in it ([`LinearOffsets`], [`NormOffsets`],
//! [`EmbeddingTables`]). Every kernel writes each element of its outputs exactly once (or says that it adds), in a fixed
//! order, so two runs on one device give the same bytes. Gradients are written by hand.

mod adam;
mod arrays;
mod attention;
mod cost;
pub mod cpu;
mod device_stats;
mod dropout;
mod embedding;
pub mod gpu;
mod linear;
mod lstm;
mod prepared_batch;
mod residual_norm;

pub use adam::{AdamKernels, AdamStep, ItemStep};
pub use arrays::{Arrays, DeviceBatch};
#[cfg(feature = "burn")]
pub(crate) use attention::gpu::AttentionShaders;
pub use attention::{AttentionKernels, AttentionSizes};
pub use cost::Cost;
pub use device_stats::DeviceStats;
pub use dropout::Dropout;
pub use embedding::{EmbeddingKernels, EmbeddingTables, ItemTables};
pub use linear::{Activation, Input, InputGrad, LinearKernels, LinearOffsets};
pub use lstm::{LstmKernels, LstmWork, MAX_LSTM_WIDTH};
pub use prepared_batch::{Occurrences, PreparedBatch};
pub use residual_norm::{NORM_EPS, NormKernels, NormOffsets, NormStream, NormStreamGrad};

/// A device that runs all of the general operations.
pub trait Kernels:
    Arrays + LinearKernels + AttentionKernels + LstmKernels + EmbeddingKernels + NormKernels + AdamKernels
{
}

impl<D: LinearKernels + AttentionKernels + LstmKernels + EmbeddingKernels + NormKernels + AdamKernels> Kernels for D {}
