//! Everything kernels need to know of a ragged batch, prepared on the host.

use crate::data::{RaggedBatch, RowItems, SkillLists};

/// Which rows hold each value of an index, for gradients that add in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Where each value's rows begin in `rows`, then their number.
    pub starts: Vec<u32>,
    /// Rows by value, ascending within one.
    pub rows: Vec<u32>,
}

impl Occurrences {
    /// From pairs of a value below `values` and a row, rows ascending.
    fn new(pairs: impl Iterator<Item = (u32, u32)> + Clone, values: usize) -> Self {
        let mut starts = vec![0; values + 1];
        for (value, _) in pairs.clone() {
            starts[value as usize + 1] += 1;
        }
        for v in 0..values {
            starts[v + 1] += starts[v];
        }
        let (mut next, mut rows) = (starts.clone(), vec![0; starts[values] as usize]);
        for (value, row) in pairs {
            rows[next[value as usize] as usize] = row;
            next[value as usize] += 1;
        }
        Self { starts, rows }
    }

    /// Rows by the value each has.
    fn by_row(index: &[u32], values: usize) -> Self {
        Self::new(index.iter().copied().zip(0..), values)
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
    /// q + C·r of each row, of its first skill where it has several.
    pub token: Vec<u32>,
    /// Rows by token (every skill of a row counts), by position and by skill asked next; empty where nothing is learned.
    pub occurrences: Option<[Occurrences; 3]>,
    /// Rows by their item and by the item asked next, where the model knows items and learns.
    pub item_occurrences: Option<[Occurrences; 2]>,
    /// Of each row, the rows of another batch that come before it: the first, and the one after the last. Only where the rows,
    /// windows of one, are answers that were never given ([`crate::model::WhatIf`]).
    pub history: Option<Vec<[u32; 2]>>,
}

impl PreparedBatch {
    /// For a forward pass of a model of `skills` skills.
    pub fn new(batch: RaggedBatch, skills: usize) -> Self {
        let token = batch.skill.iter().zip(&batch.response).map(|(&q, &r)| q + skills as u32 * u32::from(r)).collect();
        Self { batch, token, ..Self::default() }
    }

    /// For a training step of a model of `skills` skills, `positions` positions and `items` items (item 0, unknown, among
    /// them; 0 where it knows none).
    pub fn training(batch: RaggedBatch, skills: usize, positions: usize, items: usize) -> Self {
        let prepared = Self::new(batch, skills).for_items(items);
        let batch = &prepared.batch;
        let tokens = (0..batch.rows()).flat_map(|row| {
            let first = skills as u32 * u32::from(batch.response[row]);
            batch.skills(row).iter().map(move |&q| (q + first, row as u32))
        });
        let occurrences = Some([
            Occurrences::new(tokens, 2 * skills),
            Occurrences::by_row(&batch.position, positions),
            Occurrences::by_row(&batch.next_skill, skills),
        ]);
        let of_items = |of: &RowItems| [&of.own, &of.next].map(|index| Occurrences::by_row(index, items));
        let item_occurrences = batch.items.as_ref().map(of_items);
        Self { occurrences, item_occurrences, ..prepared }
    }

    /// For a model of `items` items: without any, those of the batch are forgotten; with some, every row has one, be it 0.
    ///
    /// # Panics
    /// The batch has an item that the model does not have.
    pub fn for_items(mut self, items: usize) -> Self {
        let rows = self.rows();
        let of_batch = self.batch.items.take();
        if items > 0 {
            let of_batch = of_batch.unwrap_or_else(|| RowItems { own: vec![0; rows], next: vec![0; rows] });
            let highest = of_batch.own.iter().chain(&of_batch.next).max();
            assert!(highest.is_none_or(|&highest| (highest as usize) < items), "an item the model does not have");
            self.batch.items = Some(of_batch);
        }
        self
    }

    /// Item of each row's answer and of the answer asked next, where any is known.
    pub fn items(&self) -> Option<&RowItems> {
        self.batch.items.as_ref()
    }

    /// Most skills of an answer.
    pub fn most_skills(&self) -> usize {
        let of = |lists: &SkillLists| lists.own.iter().chain(&lists.next).map(|[from, to]| to - from).max();
        self.batch.lists.as_ref().and_then(of).map_or(1, |most| most as usize)
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
