//! What is asked of a model after a row: the chance of a correct answer, what one more answer would change, and how sure the model
//! is therefore (MODEL §11).

#[cfg(feature = "burn")]
use crate::data::Answers;
use crate::data::RaggedBatch;

/// A skill, on some item, asked after a row of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Question {
    /// Row of the batch.
    pub row: usize,
    /// Index of the skill.
    pub skill: u32,
    /// Index of the item plus 1; 0: an average one.
    pub item: u32,
}

/// What one more answer to a skill would change.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WhatIf {
    /// p: chance of a correct answer to the skill now.
    pub chance: f32,
    /// p⁺: that chance after one more answer to the skill, a correct one.
    pub after_correct: f32,
    /// p⁻: after an incorrect one.
    pub after_incorrect: f32,
}

impl WhatIf {
    /// What would change, question by question: `after` holds p⁺ and p⁻ of each in turn.
    pub(super) fn all(chances: &[f32], after: &[f32]) -> Vec<Self> {
        let pairs = chances.iter().zip(after.as_chunks::<2>().0);
        pairs
            .map(|(&chance, &[after_correct, after_incorrect])| Self { chance, after_correct, after_incorrect })
            .collect()
    }

    /// Standard deviation of the true chance that the model's own updates imply, √(p·(1 − p)·max(0, p⁺ − p⁻)).
    pub fn deviation(&self) -> f32 {
        let Self { chance: p, after_correct, after_incorrect } = self;
        (p * (1.0 - p) * (after_correct - after_incorrect).max(0.0)).sqrt()
    }
}

/// An answer that was never given: to a skill, after a row of the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Imagined {
    pub row: usize,
    pub skill: u32,
    pub response: u8,
}

impl Imagined {
    /// To every question a correct and an incorrect answer.
    pub(super) fn of(questions: &[Question]) -> impl Iterator<Item = Self> {
        let both = |q: &Question| [1, 0].map(|response| Self { row: q.row, skill: q.skill, response });
        questions.iter().flat_map(both)
    }

    /// The window of `batch` up to this answer and with it, of at most `longest` answers, and a placeholder for the one asked next.
    #[cfg(feature = "burn")]
    pub(super) fn after_its_window(self, batch: &RaggedBatch, longest: usize) -> Answers {
        let first = batch.offsets[window_of(batch, self.row)] as usize;
        let mut answers = Answers::default();
        for row in first.max((self.row + 2).saturating_sub(longest))..=self.row {
            let item = batch.items.as_ref().map_or(0, |items| items.own[row]);
            answers.push(&[batch.skill[row]], item, batch.response[row]);
        }
        answers.push(&[self.skill], 0, self.response);
        answers.push(&[self.skill], 0, 0);
        answers
    }
}

/// The window that `row` lies in.
pub(super) fn window_of(batch: &RaggedBatch, row: usize) -> usize {
    batch.offsets.partition_point(|&first| first as usize <= row) - 1
}
