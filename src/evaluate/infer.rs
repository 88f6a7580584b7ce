//! Forward passes over many windows, reduced on the device to a few numbers a step.

use std::ops::{ControlFlow, Range};

use crate::data::{Answers, RaggedBatch, Window};
use crate::error::Result;
use crate::model::{Model, RowStat, RowStats};

/// What a model says about one window; one entry a step in every vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowOutcome {
    /// p(next answer right).
    pub probability: Vec<f32>,
    /// Whether it was right.
    pub target: Vec<bool>,
    /// The answers to be predicted: their skills and items.
    pub asked: Answers,
    /// Each answer as a whole, where answers have several skills: the mean of the chances of its skills, all of them from
    /// before the answer, and whether it was right. Empty where every answer has one skill.
    pub answers: Vec<(f32, bool)>,
    /// The interpretable part; empty vectors where the model has no heads.
    pub heads: HeadsOutcome,
}

/// Mastery and gain of one window's steps, reduced over skills.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadsOutcome {
    /// Mean mastery over skills.
    pub mean_mastery: Vec<f32>,
    /// Mean gain over skills.
    pub mean_gain: Vec<f32>,
    /// Smallest gain.
    pub lowest_gain: Vec<f32>,
    /// Smallest mastery.
    pub lowest_mastery: Vec<f32>,
    /// Largest mastery.
    pub highest_mastery: Vec<f32>,
    /// Mastery of the skill asked next, M\[t, q_next\].
    pub next_mastery: Vec<f32>,
}

impl WindowOutcome {
    /// Forgets the steps before `first`.
    pub(super) fn keep_from(&mut self, first: usize) {
        self.target.drain(..first);
        self.asked = self.asked.slice(first.min(self.asked.len())..self.asked.len());
        let HeadsOutcome { mean_mastery, mean_gain, lowest_gain, lowest_mastery, highest_mastery, next_mastery } =
            &mut self.heads;
        for values in
            [&mut self.probability, mean_mastery, mean_gain, lowest_gain, lowest_mastery, highest_mastery, next_mastery]
        {
            values.drain(..first.min(values.len()));
        }
    }
}

/// Of each window, its answers as wholes ([`WindowOutcome::answers`]), after a forward pass over them; `stats` are the figures
/// of its rows, `ranges` the rows of each window.
async fn whole_answers(
    model: &mut Model,
    windows: &[&Window],
    ranges: &[Range<usize>],
    stats: &RowStats,
) -> Result<Vec<Vec<(f32, bool)>>> {
    if windows.iter().any(|w| w.answers.has_several_skills()) {
        // Every row is an answer.
        let of_window = |(window, range): (&&Window, &Range<usize>)| {
            let probability = &stats.column(RowStat::Probability)[range.clone()];
            let targets = window.answers.responses().iter().skip(1).map(|&r| r == 1);
            probability.iter().copied().zip(targets).collect()
        };
        return Ok(windows.iter().zip(ranges).map(of_window).collect());
    }
    if windows.iter().all(|w| w.repeats.is_empty()) {
        return Ok(vec![Vec::new(); windows.len()]);
    }
    // For each answer the row before it, and the place of its first skill in its window.
    let mut before = Vec::new();
    let mut places = Vec::new();
    for (w, window) in windows.iter().enumerate() {
        let repeats = |t: usize| window.repeats.get(t) == Some(&1);
        for first in (1..window.len()).filter(|&t| !repeats(t)) {
            let end = (first + 1..window.len()).find(|&t| !repeats(t)).unwrap_or(window.len());
            before.push(ranges[w].start + first - 1);
            places.push((w, first..end));
        }
    }
    let chances = model.chances(&before).await?;
    let mut answers = vec![Vec::new(); windows.len()];
    for (chances, (w, place)) in chances.chunks_exact(model.config().num_c).zip(places) {
        let own = &windows[w].answers;
        let sum: f32 = place.clone().map(|t| chances[own.skill(t) as usize]).sum();
        answers[w].push((sum / place.len() as f32, own.responses()[place.start] == 1));
    }
    Ok(answers)
}

/// Runs `model` over `windows`, `batch_size` at a time. `progress` is told after each batch how many windows are done;
/// where it breaks off, there is no outcome.
///
/// # Errors
/// The device fails.
pub async fn infer(
    model: &mut Model,
    windows: &[&Window],
    batch_size: usize,
    mut progress: impl AsyncFnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Vec<WindowOutcome>>> {
    let interpretable = model.config().interpretable();
    let mut outcomes = Vec::with_capacity(windows.len());
    for part in windows.chunks(batch_size.max(1)) {
        let batch = RaggedBatch::new(part.iter().copied());
        let ranges: Vec<Range<usize>> = (0..part.len()).map(|w| batch.range(w)).collect();
        let stats = model.row_stats(batch).await?;
        let answers = whole_answers(model, part, &ranges, &stats).await?;
        for ((window, range), answers) in part.iter().zip(ranges).zip(answers) {
            let column = |stat| stats.column(stat)[range.clone()].to_vec();
            let heads = interpretable.then(|| HeadsOutcome {
                mean_mastery: column(RowStat::MeanMastery),
                mean_gain: column(RowStat::MeanGain),
                lowest_gain: column(RowStat::LowestGain),
                lowest_mastery: column(RowStat::LowestMastery),
                highest_mastery: column(RowStat::HighestMastery),
                next_mastery: column(RowStat::NextMastery),
            });
            outcomes.push(WindowOutcome {
                probability: column(RowStat::Probability),
                target: window.answers.responses().iter().skip(1).map(|&r| r == 1).collect(),
                answers,
                asked: window.answers.slice(1..window.len().max(1)),
                heads: heads.unwrap_or_default(),
            });
        }
        if progress(outcomes.len()).await.is_break() {
            return Ok(None);
        }
        crate::platform::yield_now().await;
    }
    Ok(Some(outcomes))
}
