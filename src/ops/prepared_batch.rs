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

/// What a correlation group is for; groups of one kind never share a row, save for lags, which count apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// Mean mastery against answers.
    AlignMastery,
    /// Mean gain against answers.
    AlignGain,
    /// Mean gain against the answers this many steps later.
    Lag(u32),
    /// Mean mastery against answers, window by window.
    Retention,
}

impl GroupKind {
    /// 0 … 3: alignment of mastery, of gain, lag, retention.
    pub(super) fn class(self) -> usize {
        match self {
            Self::AlignMastery => 0,
            Self::AlignGain => 1,
            Self::Lag(_) => 2,
            Self::Retention => 3,
        }
    }

    /// Whether the group is about gain rather than mastery.
    pub(super) fn of_gain(self) -> bool {
        matches!(self, Self::AlignGain | Self::Lag(_))
    }

    /// A number no other kind (or lag) has.
    fn slot(self) -> usize {
        match self {
            Self::AlignMastery => 0,
            Self::AlignGain => 1,
            Self::Retention => 2,
            Self::Lag(k) => 2 + k as usize,
        }
    }
}

/// Neighbouring rows whose mean mastery or gain is correlated with a known series.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What it is for.
    pub kind: GroupKind,
    /// First row.
    pub first: usize,
    /// The series, one value a row, less its mean and divided by its length.
    pub target: Vec<f32>,
    /// Standard deviation of the series.
    pub deviation: f32,
    /// Weight among the groups of its kind.
    pub weight: f32,
}

/// What the losses of a batch compare with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LossTargets {
    /// 1/(number of right answers), 0 where there is none.
    pub right_share: f32,
    /// 1/(number of wrong answers), 0 where there is none.
    pub wrong_share: f32,
    /// Rows with t ≥ 1.
    pub later_rows: usize,
    /// Correlation groups.
    pub groups: Vec<Group>,
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
    /// What losses compare with.
    pub targets: LossTargets,
}

impl PreparedBatch {
    /// For a forward pass of a model of `skills` skills.
    pub fn new(batch: RaggedBatch, skills: usize) -> Self {
        let token = batch.skill.iter().zip(&batch.response).map(|(&q, &r)| q + skills as u32 * u32::from(r)).collect();
        Self { batch, token, occurrences: None, targets: LossTargets::default() }
    }

    /// For a training step of a model of `skills` skills and `positions` positions.
    pub fn training(batch: RaggedBatch, skills: usize, positions: usize, groups: Vec<Group>) -> Self {
        let right = batch.response.iter().filter(|&&r| r == 1).count();
        let share = |count: usize| if count == 0 { 0.0 } else { 1.0 / count as f32 };
        let targets = LossTargets {
            right_share: share(right),
            wrong_share: share(batch.rows() - right),
            later_rows: batch.rows() - batch.windows(),
            groups,
        };
        let plan = Self::new(batch, skills);
        let occurrences = Some([
            Occurrences::new(&plan.token, 2 * skills),
            Occurrences::new(&plan.batch.position, positions),
            Occurrences::new(&plan.batch.next_skill, skills),
        ]);
        Self { occurrences, targets, ..plan }
    }

    /// Rows, N.
    pub fn rows(&self) -> usize {
        self.batch.rows()
    }

    /// Windows, W.
    pub fn windows(&self) -> usize {
        self.batch.windows()
    }

    /// For each slot a group may take in a row, the group of each row or `u32::MAX`: `[slots, N]`, and the slots.
    pub(super) fn group_rows(&self) -> (Vec<u32>, usize) {
        let slots = self.targets.groups.iter().map(|g| g.kind.slot() + 1).max().unwrap_or(0);
        let mut rows = vec![u32::MAX; slots * self.rows()];
        for (i, group) in self.targets.groups.iter().enumerate() {
            let at = group.kind.slot() * self.rows() + group.first;
            rows[at..at + group.target.len()].fill(i as u32);
        }
        (rows, slots)
    }
}
