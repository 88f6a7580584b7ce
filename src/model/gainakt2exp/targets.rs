//! What the losses of a batch compare with: shares of correct answers, and groups of rows whose mastery or gain is
//! correlated with a known series.

use crate::data::RaggedBatch;

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
    /// Kinds, where lags count as one.
    pub(super) const COUNT: usize = 4;

    /// 0 … 3: alignment of mastery, of gain, lag, retention; the first factors have the same order.
    pub(super) fn number(self) -> usize {
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
    pub correct_share: f32,
    /// 1/(number of wrong answers), 0 where there is none.
    pub incorrect_share: f32,
    /// Rows with t ≥ 1.
    pub later_rows: usize,
    /// Correlation groups.
    pub groups: Vec<Group>,
}

impl LossTargets {
    /// The targets of `batch`, with the groups of the correlation terms that are on.
    pub fn new(batch: &RaggedBatch, groups: Vec<Group>) -> Self {
        let correct = batch.response.iter().filter(|&&r| r == 1).count();
        let share = |count: usize| if count == 0 { 0.0 } else { 1.0 / count as f32 };
        Self {
            correct_share: share(correct),
            incorrect_share: share(batch.rows() - correct),
            later_rows: batch.rows() - batch.windows(),
            groups,
        }
    }

    /// For each slot a group may take in a row, the group of each of `rows` rows or `u32::MAX`: `[slots, N]`, and the
    /// slots.
    pub(super) fn group_rows(&self, rows: usize) -> (Vec<u32>, usize) {
        let slots = self.groups.iter().map(|g| g.kind.slot() + 1).max().unwrap_or(0);
        let mut of_rows = vec![u32::MAX; slots * rows];
        for (i, group) in self.groups.iter().enumerate() {
            let at = group.kind.slot() * rows + group.first;
            of_rows[at..at + group.target.len()].fill(i as u32);
        }
        (of_rows, slots)
    }
}
