//! The CPU as a device: arrays are vectors, operations are loops over ragged rows, vectorised and spread over threads.
//!
//! Work is cut the same way whatever the number of threads, so results do not depend on it.

pub(crate) mod lanes;
pub(crate) mod product;
pub(crate) mod small_product;
pub(crate) mod threads;

use web_time::Instant;

use super::{Arrays, DeviceBatch, DeviceStats, Dropout, PreparedBatch};
use crate::error::Result;

/// The CPU as a device.
#[derive(Debug, Default)]
pub struct Cpu {
    pub(crate) clock: DeviceStats,
}

/// A batch on the CPU.
#[derive(Debug)]
pub struct Batch {
    pub(crate) prepared: PreparedBatch,
}

impl DeviceBatch for Batch {
    fn prepared(&self) -> &PreparedBatch {
        &self.prepared
    }
}

impl Cpu {
    /// Runs one operation and counts it.
    pub(crate) fn run<R>(&mut self, name: &'static str, work: impl FnOnce() -> R) -> R {
        let began = Instant::now();
        let result = work();
        self.clock.dispatches += 1;
        self.clock.add(name, began.elapsed().as_secs_f64());
        result
    }
}

/// Splits arrays of `widths` floats a row into their windows' parts.
pub(crate) fn by_window<'a>(mut data: &'a mut [f32], offsets: &[u32], width: usize) -> Vec<&'a mut [f32]> {
    let mut parts = Vec::with_capacity(offsets.len());
    for w in offsets.windows(2) {
        let (part, rest) = data.split_at_mut((w[1] - w[0]) as usize * width);
        parts.push(part);
        data = rest;
    }
    parts
}

/// `x` with dropped elements at zero and the others scaled; `first` is the number of its first element.
#[inline(always)]
pub(crate) fn apply_dropout(x: &mut [f32], first: u32, dropout: Dropout) {
    if dropout.is_off() {
        return;
    }
    for (i, value) in x.iter_mut().enumerate() {
        *value *= dropout.factor(first.wrapping_add(i as u32));
    }
}

impl Arrays for Cpu {
    type Floats = Vec<f32>;
    type Batch = Batch;

    fn floats(&mut self, len: usize) -> Result<Vec<f32>> {
        self.clock.held(0, 4 * len);
        Ok(vec![0.0; len])
    }

    fn reserve(&mut self, x: &mut Vec<f32>, len: usize) -> Result<()> {
        if x.len() < len {
            self.clock.held(4 * x.len(), 4 * len);
            *x = vec![0.0; len];
        }
        Ok(())
    }

    fn release(&mut self, x: Vec<f32>) {
        self.clock.held(4 * x.len(), 0);
    }

    fn write(&mut self, x: &mut Vec<f32>, values: &[f32]) {
        x[..values.len()].copy_from_slice(values);
    }

    async fn read(&mut self, x: &Vec<f32>, from: usize, len: usize) -> Result<Vec<f32>> {
        self.clock.bytes_read += 4 * len as u64;
        Ok(x[from..from + len].to_vec())
    }

    fn copy(&mut self, from: &Vec<f32>, first: usize, to: &mut Vec<f32>, at: usize, len: usize) {
        to[at..at + len].copy_from_slice(&from[first..first + len]);
    }

    fn submit(&mut self) {}

    fn stats(&mut self) -> &mut DeviceStats {
        &mut self.clock
    }

    fn batch(&mut self, batch: PreparedBatch, _: Option<Batch>) -> Result<Batch> {
        Ok(Batch { prepared: batch })
    }
}
