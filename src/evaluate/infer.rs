//! Forward passes over many windows, reduced on the device to a few numbers a step.

use std::ops::{ControlFlow, Range};

use crate::data::{Answers, RaggedBatch, Window};
use crate::error::Result;
use crate::model::{Model, Question, RowStat, RowStats};

/// What a model says about one window; one entry a step in every vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowOutcome {
    /// p(next answer right).
    pub probability: Vec<f32>,
    /// Whether it was right.
    pub target: Vec<bool>,
    /// The answers to be predicted: their skills and items.
    pub asked: Answers,
    /// Each answer as a whole, where answers have several skills; empty where every answer has one, and where the model cannot
    /// be asked about them.
    pub answers: Vec<WholeAnswer>,
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
        // Step t predicts row t + 1.
        self.answers.retain(|answer| answer.row > first);
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

/// An answer predicted as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WholeAnswer {
    /// Row of the window at which it begins.
    pub row: usize,
    /// The mean of the chances of its skills, all of them from before the answer (pykt's "late mean").
    pub chance: f32,
    /// Whether it was right.
    pub correct: bool,
}

/// Of each window, its answers as wholes ([`WindowOutcome::answers`]), after a forward pass over them; `stats` are the figures
/// of its rows, `ranges` the rows of each window.
async fn whole_answers(
    model: &mut Model,
    windows: &[&Window],
    ranges: &[Range<usize>],
    stats: &RowStats,
) -> Result<Vec<Vec<WholeAnswer>>> {
    if windows.iter().any(|w| w.answers.has_several_skills()) {
        // Every row is an answer.
        let of_window = |(window, range): (&&Window, &Range<usize>)| {
            let probability = stats.column(RowStat::Probability)[range.clone()].iter();
            let rows = window.answers.iter().enumerate().skip(1).zip(probability);
            rows.map(|((row, a), &chance)| WholeAnswer { row, chance, correct: a.is_correct() }).collect()
        };
        return Ok(windows.iter().zip(ranges).map(of_window).collect());
    }
    if windows.iter().all(|w| w.repeats.is_empty()) {
        return Ok(vec![Vec::new(); windows.len()]);
    }
    // Each skill of an answer is asked after the row before the answer.
    let mut questions = Vec::new();
    let mut answers = vec![Vec::new(); windows.len()];
    let mut counts = Vec::new();
    for (w, window) in windows.iter().enumerate() {
        let repeats = |t: usize| window.repeats.get(t) == Some(&1);
        for first in (1..window.len()).filter(|&t| !repeats(t)) {
            let end = (first + 1..window.len()).find(|&t| !repeats(t)).unwrap_or(window.len());
            let further = window.further.iter().filter(|_| end == window.len()).copied();
            let skills = (first..end).map(|t| window.answers.skill(t)).chain(further);
            let (before, row, item) = (questions.len(), ranges[w].start + first - 1, window.answers.item(first));
            questions.extend(skills.map(|skill| Question { row, skill, item }));
            counts.push(questions.len() - before);
            let correct = window.answers.responses()[first] == 1;
            answers[w].push(WholeAnswer { row: first, chance: 0.0, correct });
        }
    }
    let chances = model.ask(&questions).await?;
    let mut rest = chances.as_slice();
    for (answer, count) in answers.iter_mut().flatten().zip(counts) {
        let (own, later) = rest.split_at(count.min(rest.len()));
        answer.chance = own.iter().sum::<f32>() / count as f32;
        rest = later;
    }
    Ok(if chances.is_empty() { vec![Vec::new(); windows.len()] } else { answers })
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
