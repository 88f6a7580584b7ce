//! Everything kernels need to know of a ragged batch, prepared on the host.

use crate::data::RaggedBatch;

/// Which rows hold each value of an index, for gradients that add in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Where each value's rows begin in `rows`, then their number.
    pub starts: Vec<u32>,
    /// Rows by value, ascending within one.
    pub rows: Vec<u32>,
}

impl Occurrences {
    fn new(index: &[u32], values: usize) -> Self {
        let mut starts = vec![0; values + 1];
        for &i in index {
            starts[i as usize + 1] += 1;
        }
        for v in 0..values {
            starts[v + 1] += starts[v];
        }
        let (mut next, mut rows) = (starts.clone(), vec![0; index.len()]);
        for (row, &i) in index.iter().enumerate() {
            rows[next[i as usize] as usize] = row as u32;
            next[i as usize] += 1;
        }
        Self { starts, rows }
    }

    /// Rows of `value`.
    pub fn of(&self, value: usize) -> &[u32] {
        &self.rows[self.starts[value] as usize..self.starts[value + 1] as usize]
    }
}

/// A ragged batch with what kernels need beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PreparedBatch {
    /// The rows.
    pub batch: RaggedBatch,
    /// q + C·r of each row.
    pub token: Vec<u32>,
    /// Rows by token, by position and by skill asked next; empty where nothing is learned.
    pub occurrences: Option<[Occurrences; 3]>,
}

impl PreparedBatch {
    /// For a forward pass of a model of `skills` skills.
    pub fn new(batch: RaggedBatch, skills: usize) -> Self {
        let token = batch.skill.iter().zip(&batch.response).map(|(&q, &r)| q + skills as u32 * u32::from(r)).collect();
        Self { batch, token, occurrences: None }
    }

    /// For a training step of a model of `skills` skills and `positions` positions.
    pub fn training(batch: RaggedBatch, skills: usize, positions: usize) -> Self {
        let prepared = Self::new(batch, skills);
        let occurrences = Some([
            Occurrences::new(&prepared.token, 2 * skills),
            Occurrences::new(&prepared.batch.position, positions),
            Occurrences::new(&prepared.batch.next_skill, skills),
        ]);
        Self { occurrences, ..prepared }
    }

    /// Rows, N.
    pub fn rows(&self) -> usize {
        self.batch.rows()
    }

    /// Windows, W.
    pub fn windows(&self) -> usize {
        self.batch.windows()
    }
}
