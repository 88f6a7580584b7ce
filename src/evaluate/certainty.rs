//! How sure a chance is: a band around it, from how far one more answer would move it (MODEL §11).

use super::metrics::correlation;
use crate::data::Answers;
use crate::error::Result;
use crate::model::{Model, ModelConfig, Question};

/// Bands that are judged: the share of true chances that one should hold, and its half width in standard deviations.
pub const BANDS: [(f64, f32); 4] = [(0.5, 0.674), (0.8, SHOWN), (0.9, 1.645), (0.95, 1.96)];

/// Half width of the band that is shown, which holds four of five true chances.
const SHOWN: f32 = 1.2816;

/// Answers never given that a path is asked about, at the most: of models on kernels, in which each is a row.
const ROWS: usize = 8192;

/// Rows read again for a path, at the most: of models on tensors, which read a window again for each question.
const ROWS_AGAIN: usize = 20_000;

/// Low and high end of the 80 % band around a chance.
pub fn band(chance: f32, deviation: f32) -> [f32; 2] {
    [-SHOWN, SHOWN].map(|z| (chance + z * deviation).clamp(0.0, 1.0))
}

/// Whether models of this kind tell how sure they are in about the time of a forward pass.
pub(super) fn is_cheap(model: &ModelConfig) -> bool {
    model.kind.on_kernels()
}

/// The skills of a window that are worth asking about, the most practised first, each with its first answer: as many as can be
/// asked about after every answer from their first on.
fn worth_asking(model: &ModelConfig, answers: &Answers) -> Vec<(u32, usize)> {
    let mut counts = vec![(0usize, 0usize); model.num_c];
    for (t, skill, _) in answers.by_skill() {
        let (count, first) = &mut counts[skill as usize];
        if *count == 0 {
            *first = t;
        }
        *count += 1;
    }
    let mut order: Vec<usize> = (0..counts.len()).filter(|&k| counts[k].0 > 0).collect();
    order.sort_by_key(|&k| std::cmp::Reverse(counts[k].0));
    let mut left = if is_cheap(model) { ROWS / 2 } else { ROWS_AGAIN / answers.len().max(1) };
    let mut found = Vec::new();
    for skill in order {
        let questions = answers.len() - counts[skill].1;
        if questions > left {
            break;
        }
        left -= questions;
        found.push((skill as u32, counts[skill].1));
    }
    found
}

/// Standard deviation of the chance of each skill after each answer of the window that `model` last ran on, `[answers][C]`, of
/// skills that were practised by then; empty where the model cannot be asked.
pub(super) async fn along(model: &mut Model, answers: &Answers) -> Result<Vec<Vec<Option<f32>>>> {
    let worth = worth_asking(model.config(), answers);
    let rows = |&(skill, first): &(u32, usize)| (first..answers.len()).map(move |row| Question { row, skill, item: 0 });
    let questions: Vec<Question> = worth.iter().flat_map(rows).collect();
    let changes = model.what_if(&questions).await?;
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut deviations = vec![vec![None; model.config().num_c]; answers.len()];
    for (question, change) in questions.iter().zip(changes) {
        deviations[question.row][question.skill as usize] = Some(change.deviation());
    }
    Ok(deviations)
}

/// How a band of one share holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BandCoverage {
    /// Share of true chances that it should hold.
    pub share: f64,
    /// Share that it holds.
    pub held: f64,
    /// Mean width.
    pub width: f64,
}

/// Errors beside what the model said of them, of skills practised so often.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ErrorByPractice {
    /// Fewest answers to the skill.
    pub from: u32,
    /// Most answers; `None`: no bound.
    pub to: Option<u32>,
    /// Chances compared.
    pub count: usize,
    /// Root of the mean square distance from the true chance.
    pub error: f64,
    /// Root of the mean variance that the model said.
    pub said: f64,
}

impl ErrorByPractice {
    /// "1 to 2", or "11 and more".
    pub fn name(&self) -> String {
        match self.to {
            Some(to) => format!("{} to {to}", self.from),
            None => format!("{} and more", self.from),
        }
    }
}

/// How chances and their bands meet the true chances of a simulated class, over skills practised at least once.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Coverage {
    /// Chances compared.
    pub count: usize,
    /// Bands of [`BANDS`].
    pub bands: Vec<BandCoverage>,
    /// By answers to the skill.
    pub by_practice: Vec<ErrorByPractice>,
    /// Mean of chance less true chance.
    pub bias: f64,
    /// Correlation of the size of the error with the deviation said.
    pub correlation: Option<f64>,
}

/// A chance with its deviation, the answers to the skill so far, and the true chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    pub chance: f64,
    pub deviation: f64,
    pub answers: u32,
    pub truth: f64,
}

/// Groups of answers to a skill.
const PRACTICE: [(u32, Option<u32>); 4] = [(1, Some(2)), (3, Some(5)), (6, Some(10)), (11, None)];

/// Judges chances and their bands; `None` of none.
pub(super) fn coverage(judged: &[Judged]) -> Option<Coverage> {
    if judged.is_empty() {
        return None;
    }
    let count = judged.len() as f64;
    let mean = |value: &dyn Fn(&Judged) -> f64| judged.iter().map(value).sum::<f64>() / count;
    let error = |j: &Judged| (j.chance - j.truth).abs();
    let bands = BANDS.map(|(share, z)| BandCoverage {
        share,
        held: mean(&|j| f64::from(u8::from(error(j) <= f64::from(z) * j.deviation))),
        width: mean(&|j| 2.0 * f64::from(z) * j.deviation),
    });
    let group = |&(from, to): &(u32, Option<u32>)| {
        let own: Vec<&Judged> =
            judged.iter().filter(|j| j.answers >= from && to.is_none_or(|to| j.answers <= to)).collect();
        let root = |value: &dyn Fn(&Judged) -> f64| {
            (own.iter().map(|j| value(j).powi(2)).sum::<f64>() / own.len().max(1) as f64).sqrt()
        };
        ErrorByPractice { from, to, count: own.len(), error: root(&error), said: root(&|j| j.deviation) }
    };
    let errors: Vec<f64> = judged.iter().map(error).collect();
    let deviations: Vec<f64> = judged.iter().map(|j| j.deviation).collect();
    Some(Coverage {
        count: judged.len(),
        bands: bands.to_vec(),
        by_practice: PRACTICE.iter().map(group).collect(),
        bias: mean(&|j| j.chance - j.truth),
        correlation: correlation(&errors, &deviations),
    })
}

/// What a model said one answer would change, and what came: answers whose skill was asked again later in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WhatIfOutcome {
    /// Answers.
    pub answers: usize,
    /// Mean of p⁺ − p⁻: by how much a correct answer instead of an incorrect one would move the chance.
    pub said: f64,
    /// By how much more often, beyond p, the next answer to the skill was correct after a correct answer than after an incorrect
    /// one.
    pub came: f64,
}

/// One answer: what would have changed, which answer came, and whether the next to the skill was correct.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Followed {
    pub chance: f64,
    pub difference: f64,
    pub correct: bool,
    pub next_correct: bool,
}

/// Groups of like size of what-ifs.
const GROUPS: usize = 4;

/// Whether what-ifs hold: all of them, then by size, the smallest moves first; empty of fewer than 100.
pub(super) fn what_ifs(mut followed: Vec<Followed>) -> Vec<WhatIfOutcome> {
    if followed.len() < 100 {
        return Vec::new();
    }
    followed.sort_by(|a, b| a.difference.total_cmp(&b.difference));
    let of = |some: &[Followed]| {
        let beyond = |correct: bool| {
            let own = some.iter().filter(|f| f.correct == correct);
            let (sum, count) = own.fold((0.0, 0usize), |(sum, count), f| {
                (sum + f64::from(u8::from(f.next_correct)) - f.chance, count + 1)
            });
            sum / count.max(1) as f64
        };
        WhatIfOutcome {
            answers: some.len(),
            said: some.iter().map(|f| f.difference).sum::<f64>() / some.len() as f64,
            came: beyond(true) - beyond(false),
        }
    };
    std::iter::once(of(&followed)).chain(followed.chunks(followed.len().div_ceil(GROUPS)).map(of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_what_lies_inside() {
        let judged = |error: f64, answers| Judged { chance: 0.5 + error, deviation: 0.1, answers, truth: 0.5 };
        let found = coverage(&[judged(0.05, 1), judged(-0.1, 2), judged(0.15, 4), judged(0.3, 20)]).unwrap();
        assert_eq!(found.bands.iter().map(|b| b.held).collect::<Vec<_>>(), [0.25, 0.5, 0.75, 0.75]);
        assert!((found.bands[1].width - 0.25632).abs() < 1e-6 && (found.bias - 0.1).abs() < 1e-9);
        assert_eq!(found.by_practice.iter().map(|p| p.count).collect::<Vec<_>>(), [2, 1, 0, 1]);
        assert!((found.by_practice[3].error - 0.3).abs() < 1e-9 && (found.by_practice[3].said - 0.1).abs() < 1e-9);
        assert_eq!(coverage(&[]), None);
        assert_eq!(band(0.9, 0.2), [0.9 - SHOWN * 0.2, 1.0]);
    }

    #[test]
    fn what_ifs_are_told_beside_what_came() {
        // Of 200 answers half are correct; the next is correct in 70 % after those and in 30 % after the others.
        let followed = |i: usize| {
            let correct = i.is_multiple_of(2);
            let next_correct = if correct { i / 2 % 10 < 7 } else { i / 2 % 10 < 3 };
            Followed { chance: 0.5, difference: 0.3, correct, next_correct }
        };
        let found = what_ifs((0..200).map(followed).collect());
        assert_eq!(found.len(), 1 + GROUPS);
        assert_eq!(found[0].answers, 200);
        assert!((found[0].said - 0.3).abs() < 1e-9 && (found[0].came - 0.4).abs() < 1e-9);
        assert!(what_ifs((0..99).map(followed).collect()).is_empty());
    }
}
