//! Where each window's rows lie, on the host and on the device.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

/// First row of each window, then N: W+1 entries.
pub type Offsets = Arc<[u32]>;

/// The row layout of a ragged batch, made once a batch and shared by every operation on it.
///
/// On the device it is one integer buffer: N, W, then the first row of each row's window (N entries), the
/// row after that window's last (N), and the offsets (W+1).
#[derive(Debug, Clone)]
pub struct Ragged {
    offsets: Offsets,
    layout: Tensor<1, Int>,
}

/// Words before the per-row part of the device layout.
pub(super) const HEADER: usize = 2;

impl Ragged {
    /// Uploads the layout of windows that start at `offsets` (W+1 entries, ascending from 0).
    pub fn new(offsets: &[u32], device: &Device) -> Self {
        let windows = offsets.len() - 1;
        let rows = offsets[windows] as usize;
        let mut layout = Vec::with_capacity(HEADER + 2 * rows + offsets.len());
        layout.extend([rows as i32, windows as i32]);
        for edge in [0, 1] {
            for w in 0..windows {
                let count = (offsets[w + 1] - offsets[w]) as usize;
                layout.extend(std::iter::repeat_n(offsets[w + edge] as i32, count));
            }
        }
        layout.extend(offsets.iter().map(|&o| o as i32));
        let len = layout.len();
        Self { offsets: offsets.into(), layout: Tensor::from_data(TensorData::new(layout, [len]), device) }
    }

    /// Host offsets.
    pub fn offsets(&self) -> Offsets {
        self.offsets.clone()
    }

    /// Number of rows N.
    pub fn rows(&self) -> usize {
        self.offsets[self.windows()] as usize
    }

    /// Number of windows W.
    pub fn windows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The device layout.
    pub(super) fn layout(&self) -> Tensor<1, Int> {
        self.layout.clone()
    }
}
