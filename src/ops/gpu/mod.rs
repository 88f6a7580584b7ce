//! WebGPU as a device: arrays, batches, and the dispatch of WGSL kernels (`shaders/`).

mod args;
mod batch;
mod context;
mod hardware;
mod quads;
mod repeat;
mod shaders;
pub(super) mod tile;
mod timer;

pub(crate) use self::args::{Args, NoArgs, Scalar, Word, kernel_args, shader_enum};
pub(crate) use self::batch::integers;
pub use self::context::{Array, Gpu};
pub(crate) use self::context::{groups, workgroup_grid};
pub use self::hardware::Hardware;
pub(crate) use self::hardware::SUBGROUP_SIZES;
pub(crate) use self::quads::vector_width;
pub(crate) use self::shaders::{Access, Includes, Shader, float_constant, kernels, skills_of_answers};
use super::{Arrays, DeviceBatch, DeviceStats, Dropout, PreparedBatch};
use crate::error::Result;

/// A batch on the device.
#[derive(Debug)]
pub struct Batch {
    /// The batch on the host.
    pub(crate) prepared: PreparedBatch,
    /// Header and sections (`shaders/include/batch.wgsl`).
    pub(crate) integers: Array,
}

impl DeviceBatch for Batch {
    fn prepared(&self) -> &PreparedBatch {
        &self.prepared
    }
}

/// What dropout adds to a kernel's arguments.
pub(crate) struct DropoutArgs {
    pub(crate) key0: u32,
    pub(crate) key1: u32,
    pub(crate) threshold: u32,
    pub(crate) scale: f32,
}

impl From<Dropout> for DropoutArgs {
    fn from(dropout: Dropout) -> Self {
        let [key0, key1] = dropout.key();
        Self { key0, key1, threshold: dropout.threshold(), scale: dropout.scale() }
    }
}

/// The general operations' kernels, compiled for constants of one size.
pub(crate) fn shaders(size: usize) -> Vec<Shader> {
    let homes = [
        super::embedding::gpu::shaders,
        super::linear::gpu::shaders,
        super::attention::gpu::shaders,
        super::lstm::gpu::shaders,
        super::residual_norm::gpu::shaders,
        super::adam::gpu::shaders,
    ];
    homes.iter().flat_map(|shaders| shaders(size)).collect()
}

impl Arrays for Gpu {
    type Floats = Array;
    type Batch = Batch;

    fn floats(&mut self, len: usize) -> Result<Array> {
        self.array(len)
    }

    fn reserve(&mut self, x: &mut Array, len: usize) -> Result<()> {
        self.grow(x, len)
    }

    fn release(&mut self, x: Array) {
        self.free(x);
    }

    fn write(&mut self, x: &mut Array, values: &[f32]) {
        self.put(x, values);
    }

    async fn read(&mut self, x: &Array, from: usize, len: usize) -> Result<Vec<f32>> {
        self.fetch(x, from, len).await
    }

    fn copy(&mut self, from: &Array, first: usize, to: &mut Array, at: usize, len: usize) {
        self.record_copy(from, first, to, at, len);
    }

    fn submit(&mut self) {
        self.flush();
    }

    fn stats(&mut self) -> &mut DeviceStats {
        &mut self.clock
    }

    fn batch(&mut self, batch: PreparedBatch, old: Option<Batch>) -> Result<Batch> {
        let integers = integers(&batch);
        let mut batch = match old {
            Some(old) => Batch { prepared: batch, ..old },
            None => Batch { prepared: batch, integers: self.array(integers.len())? },
        };
        self.grow(&mut batch.integers, integers.len())?;
        self.put(&batch.integers, &integers);
        Ok(batch)
    }
}
