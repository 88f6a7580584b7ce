//! What a model on tensors reads: windows of like length side by side, padded to the longest of them.
//!
//! A batch of windows of 3 to 200 answers padded to one width would be mostly padding. Windows are sorted by length and cut
//! into groups instead, so that at most a fifth of a group is padding. Padding stands at a window's end: a model in which a
//! row sees only rows before it need not know of it.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::data::RaggedBatch;
use crate::model::Question;

/// Most rows of a group: attention keeps heads × rows × length numbers of each block for the way back.
const MAX_ROWS: usize = 2048;

/// Padded rows that are not worth a further group.
const PADDING: usize = 128;

/// Some windows of a batch, W windows of T rows; row t holds interaction t, and interaction t+1 is asked.
#[derive(Debug, Clone)]
pub struct Windows {
    /// Skill of each interaction, `[W, T]`.
    pub skill: Tensor<2, Int>,
    /// Response of each interaction, 0 or 1, `[W, T]`.
    pub response: Tensor<2, Int>,
    /// Skill asked next, `[W, T]`.
    pub next: Tensor<2, Int>,
    /// Item of each interaction, `[W, T]`; 0 where it is unknown or the model knows none.
    pub item: Tensor<2, Int>,
    /// Item asked next, `[W, T]`.
    pub next_item: Tensor<2, Int>,
    /// Windows, W.
    pub count: usize,
    /// Rows of the longest, T.
    pub length: usize,
    /// Where the tensors lie.
    pub device: Device,
    /// Rows of the whole batch, N.
    pub batch_rows: usize,
    /// Rows of the whole batch whose interaction was answered correctly.
    pub batch_correct: usize,
    /// Row of the batch in each cell of `[W, T]`.
    rows: Vec<Option<usize>>,
}

/// Skills that are asked after some rows of [`Windows`], K a window.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Skill, `[W, K]`.
    pub skill: Tensor<2, Int>,
    /// Item, `[W, K]`; 0 where it is unknown: an average one.
    pub item: Tensor<2, Int>,
    /// Row of the window after which it is asked, `[W, K]`.
    pub after: Tensor<2, Int>,
    /// Rows that come later than the question, `[W, K, T]`: not to be looked at.
    pub later: Tensor<3, Bool>,
    /// Questions a window, K.
    pub count: usize,
}

/// A tensor of integers.
pub(super) fn ints<const D: usize>(values: Vec<i32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Pairs of `[queries, keys]` rows that a causal model hides: keys from `first_hidden` rows after the query on.
pub(super) fn hidden(queries: usize, keys: usize, first_hidden: usize, device: &Device) -> Tensor<2, Bool> {
    let hidden = (0..queries).flat_map(|q| (0..keys).map(move |k| k >= q + first_hidden)).collect::<Vec<bool>>();
    Tensor::from_data(TensorData::new(hidden, [queries, keys]), device)
}

impl Windows {
    /// The groups of a batch.
    pub(super) fn groups(batch: &RaggedBatch, device: &Device) -> Vec<Self> {
        let mut order: Vec<usize> = (0..batch.windows()).collect();
        // Stable: windows of one length stay in the batch's order.
        order.sort_by_key(|&w| std::cmp::Reverse(batch.range(w).len()));
        let mut groups = Vec::new();
        while !order.is_empty() {
            let longest = batch.range(order[0]).len();
            let (mut taken, mut real) = (0, 0);
            for &w in &order {
                let rows = batch.range(w).len();
                let padding = (taken + 1) * longest - (real + rows);
                if taken > 0 && ((taken + 1) * longest > MAX_ROWS || padding > PADDING.max((real + rows) / 4)) {
                    break;
                }
                (taken, real) = (taken + 1, real + rows);
            }
            let rest = order.split_off(taken);
            groups.push(Self::new(batch, &order, device));
            order = rest;
        }
        groups
    }

    /// The given windows of `batch`, the longest first.
    fn new(batch: &RaggedBatch, windows: &[usize], device: &Device) -> Self {
        let (count, length) = (windows.len(), batch.range(windows[0]).len());
        let row = |w: &usize, t: usize| Some(batch.range(*w).start + t).filter(|row| *row < batch.range(*w).end);
        let rows: Vec<Option<usize>> = windows.iter().flat_map(|w| (0..length).map(move |t| row(w, t))).collect();
        let of = |value: &dyn Fn(usize) -> i32| {
            ints(rows.iter().map(|row| row.map_or(0, value)).collect(), [count, length], device)
        };
        Self {
            skill: of(&|row| batch.skill[row] as i32),
            response: of(&|row| i32::from(batch.response[row])),
            next: of(&|row| batch.next_skill[row] as i32),
            item: of(&|row| batch.items.as_ref().map_or(0, |items| items.own[row] as i32)),
            next_item: of(&|row| batch.items.as_ref().map_or(0, |items| items.next[row] as i32)),
            count,
            length,
            device: device.clone(),
            batch_rows: batch.rows(),
            batch_correct: batch.response.iter().filter(|&&r| r == 1).count(),
            rows,
        }
    }

    /// This group's part of the mean over the rows of the whole batch of `values` `[W, T]`, `[1]`: the groups' parts add up
    /// to the mean. Padding counts nothing, and the sum has a fixed order.
    pub fn mean_of_rows(&self, values: Tensor<2>) -> Tensor<1> {
        let share = 1.0 / self.batch_rows as f32;
        let weights = self.rows.iter().map(|row| if row.is_some() { share } else { 0.0 }).collect::<Vec<f32>>();
        let weights = Tensor::from_data(TensorData::new(weights, [self.count, self.length]), &self.device);
        (values * weights).sum_dim(1).sum_dim(0).reshape([1])
    }

    /// q + C·r of each interaction, `[W, T]`.
    pub fn token(&self, skills: usize) -> Tensor<2, Int> {
        self.skill.clone() + self.response.clone() * skills as i64
    }

    /// Skills of the interactions and of the one asked last, `[W, T+1]`.
    pub fn skills(&self) -> Tensor<2, Int> {
        Tensor::cat(vec![self.skill.clone().narrow(1, 0, 1), self.next.clone()], 1)
    }

    /// Their items, `[W, T+1]`.
    pub fn items(&self) -> Tensor<2, Int> {
        Tensor::cat(vec![self.item.clone().narrow(1, 0, 1), self.next_item.clone()], 1)
    }

    /// t of each row, `[1, T]`.
    pub fn position(&self) -> Tensor<2, Int> {
        ints((0..self.length as i32).collect(), [1, self.length], &self.device)
    }

    /// Pairs of `[queries, keys]` rows that a causal model hides: keys from `first_hidden` rows after the query on.
    pub fn hidden(&self, queries: usize, keys: usize, first_hidden: usize) -> Tensor<2, Bool> {
        hidden(queries, keys, first_hidden, &self.device)
    }

    /// Row of the batch and cell of `[W, T]` of every row.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, usize)> {
        self.rows.iter().enumerate().filter_map(|(cell, row)| row.map(|row| (row, cell)))
    }

    /// `count` questions a window: `question` says for window and place which row of the window it follows, and what is asked;
    /// where there is none, something is asked that nobody looks at.
    pub(super) fn ask(&self, count: usize, question: impl Fn(usize, usize) -> Option<(usize, Question)>) -> Asked {
        let places = || (0..self.count).flat_map(|w| (0..count).map(move |k| (w, k)));
        let found: Vec<(usize, Question)> = places().map(|(w, k)| question(w, k).unwrap_or_default()).collect();
        let each = |value: &dyn Fn(&(usize, Question)) -> i32| {
            ints(found.iter().map(value).collect(), [self.count, count], &self.device)
        };
        let later: Vec<bool> = found.iter().flat_map(|&(t, _)| (0..self.length).map(move |key| key > t)).collect();
        Asked {
            skill: each(&|(_, question)| question.skill as i32),
            item: each(&|(_, question)| question.item as i32),
            after: each(&|(t, _)| *t as i32),
            later: Tensor::from_data(TensorData::new(later, [self.count, count, self.length]), &self.device),
            count,
        }
    }
}
