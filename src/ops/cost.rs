//! The cost of operations, from their shapes alone: floating-point operations and bytes, to compare measured times with.

use super::{AttentionSizes, LinearOffsets, PreparedBatch};

/// The cost of an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Multiplications and additions.
    pub flop: f64,
    /// Bytes of what it reads and writes, each once: a device with caches large enough moves no more.
    pub bytes: f64,
}

impl Cost {
    /// Memory traffic only: `elements` floats, no arithmetic.
    pub(crate) fn moving(elements: usize) -> Self {
        Self { flop: 0.0, bytes: 4.0 * elements as f64 }
    }

    /// Linear layers over `rows` rows, forward, or the gradient of their input or of their weights: each is one product.
    pub(crate) fn linear(rows: usize, layers: &[LinearOffsets]) -> Self {
        let sum = |of: fn(&LinearOffsets) -> usize| layers.iter().map(of).sum::<usize>();
        let (weights, outputs) = (sum(|l| l.inputs * l.outputs), sum(|l| l.outputs));
        // Layers side by side read the same rows.
        let inputs = layers.first().map_or(0, |l| l.inputs);
        let elements = rows * (inputs + outputs) + weights;
        Self { flop: 2.0 * rows as f64 * weights as f64, ..Self::moving(elements) }
    }

    /// Attention with so many products of a row and a row it sees, reading and writing `arrays` of `[N, heads·width]`.
    pub(crate) fn attention(batch: &PreparedBatch, heads: AttentionSizes, products: usize, arrays: usize) -> Self {
        let width = heads.heads * heads.width;
        let lengths = batch.batch.offsets.windows(2).map(|w| f64::from(w[1] - w[0]));
        let pairs: f64 = lengths.map(|n| n * (n + 1.0) / 2.0).sum();
        Self { flop: 2.0 * pairs * (products * width) as f64, ..Self::moving(arrays * batch.rows() * width) }
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.flop += other.flop;
        self.bytes += other.bytes;
    }
}
