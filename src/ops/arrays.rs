//! What every operation needs of a device: arrays of floats, and batches.

use super::{DeviceStats, PreparedBatch};
use crate::error::Result;

/// A ragged batch on a device.
pub trait DeviceBatch: std::fmt::Debug {
    /// The batch on the host.
    fn prepared(&self) -> &PreparedBatch;
}

/// A device with arrays on it.
///
/// Work is queued: only [`Self::read`] waits. Shapes are row-major; arrays may be longer than what is used.
pub trait Arrays {
    /// An array of 32-bit floats on the device.
    type Floats: std::fmt::Debug;
    /// A ragged batch on the device.
    type Batch: DeviceBatch;

    /// An array of `len` floats of any value.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn floats(&mut self, len: usize) -> Result<Self::Floats>;

    /// Makes `x` at least `len` long; its values are lost where it grows.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn reserve(&mut self, x: &mut Self::Floats, len: usize) -> Result<()>;

    /// Gives `x` back.
    fn release(&mut self, x: Self::Floats);

    /// Puts `values` at the start of `x`.
    fn write(&mut self, x: &mut Self::Floats, values: &[f32]);

    /// Values `from..from + len` of `x`.
    ///
    /// # Errors
    /// The device fails, now or since the last read.
    fn read(&mut self, x: &Self::Floats, from: usize, len: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// Copies `len` values of `from`, from element `first` on, to `to[at..]`.
    fn copy(&mut self, from: &Self::Floats, first: usize, to: &mut Self::Floats, at: usize, len: usize);

    /// Hands queued work to the device.
    fn submit(&mut self);

    /// Where time and dispatches are counted.
    fn stats(&mut self) -> &mut DeviceStats;

    /// Puts a batch on the device; `old` may be reused.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn batch(&mut self, batch: PreparedBatch, old: Option<Self::Batch>) -> Result<Self::Batch>;
}
