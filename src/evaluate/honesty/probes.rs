//! Questions put to the model: what if the last answer had been another, what if mastery were another student's, what
//! happens to skills nobody asked about, and what is true.

use std::ops::ControlFlow;

use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use super::super::scores::{TruthAgreement, truth_of};
use super::super::trajectory::close;
use crate::data::{Answers, Corpus, RaggedBatch, Window};
use crate::error::Result;
use crate::model::{Model, ModelConfig, RowStat};

/// Windows whose last answer is flipped, at the most.
const FLIPS: usize = 1500;
/// Flipped windows in a batch.
const FLIP_BATCH: usize = 32;
/// Windows whose whole mastery is read, at the most; all of a simulated class.
const WHOLE: usize = 300;
/// Values of mastery read at once.
const CELLS: usize = 2 << 20;

/// Which windows are asked what.
pub(super) struct Probes<'a> {
    /// A window and how many of its answers are kept; the last of them is flipped.
    flips: Vec<(&'a Window, usize)>,
    whole: Vec<Vec<&'a Window>>,
}

/// What the probes found.
#[derive(Debug, Default)]
pub(super) struct Probed {
    pub flip: Option<f64>,
    pub drift: Option<f64>,
    pub truth: Option<TruthAgreement>,
}

/// Up to `count` of `windows`, evenly spread.
pub(super) fn evenly<'a>(windows: &[&'a Window], count: usize) -> Vec<&'a Window> {
    let count = count.min(windows.len());
    (0..count).map(|i| windows[i * windows.len() / count]).collect()
}

impl<'a> Probes<'a> {
    pub(super) fn new(windows: &[&'a Window], corpus: &Corpus, model: &ModelConfig) -> Self {
        // A place in the window that differs from window to window and is the same every time.
        let place = |(i, w): (usize, &'a Window)| (w, 1 + (i * 7919 + 13) % (w.len() - 1));
        let whole = if corpus.truth.is_some() { windows.len() } else { WHOLE };
        let mut batches: Vec<Vec<&Window>> = Vec::new();
        let mut cells = usize::MAX;
        for window in evenly(windows, whole) {
            let own = window.len() * model.num_c;
            if cells.saturating_add(own) > CELLS {
                batches.push(Vec::new());
                cells = 0;
            }
            cells += own;
            if let Some(batch) = batches.last_mut() {
                batch.push(window);
            }
        }
        let long = evenly(windows, FLIPS).into_iter().filter(|w| w.len() > 1);
        Self { flips: long.enumerate().map(place).collect(), whole: batches }
    }

    /// Steps of progress.
    pub(super) fn steps(&self) -> usize {
        self.flips.len().div_ceil(FLIP_BATCH) + self.whole.len()
    }

    /// Asks the model; `None` where `progress` breaks off.
    pub(super) async fn run(
        &self,
        model: &mut Model,
        corpus: &Corpus,
        mut progress: impl AsyncFnMut(usize) -> ControlFlow<()>,
    ) -> Result<Option<Probed>> {
        let (mut correct, mut done) = (0, 0);
        for some in self.flips.chunks(FLIP_BATCH) {
            correct += flipped(model, some).await?;
            done += 1;
            if progress(done).await.is_break() {
                return Ok(None);
            }
            crate::platform::yield_now().await;
        }
        let skills = model.config().num_c;
        let (mut windows, mut values) = (Vec::new(), Vec::new());
        let (mut moved, mut moves) = (0.0, 0usize);
        for some in &self.whole {
            let mut batch = RaggedBatch::default();
            some.iter().for_each(|w| close(&mut batch, &w.answers));
            let (_, mastery) = model.survey(batch).await?;
            let mut rest = mastery.as_slice();
            for window in some {
                let (own, later) = rest.split_at(window.len() * skills);
                let (sum, count) = unpractised(own, &window.answers, skills);
                moved += sum;
                moves += count;
                if corpus.truth.is_some() {
                    windows.push(*window);
                    values.push(own.to_vec());
                }
                rest = later;
            }
            done += 1;
            if progress(done).await.is_break() {
                return Ok(None);
            }
            crate::platform::yield_now().await;
        }
        let inferred: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
        Ok(Some(Probed {
            flip: (!self.flips.is_empty()).then(|| correct as f64 / self.flips.len() as f64),
            drift: (moves > 0).then(|| moved / moves as f64),
            truth: corpus.truth.as_ref().map(|truth| truth_of(&windows, &inferred, truth, skills)),
        }))
    }
}

/// How many of the windows, cut after their kept answers, have a higher mastery of the skill last answered where that
/// answer is correct than where it is incorrect.
async fn flipped(model: &mut Model, windows: &[(&Window, usize)]) -> Result<usize> {
    let mut batch = RaggedBatch::default();
    for (window, kept) in windows {
        let mut answers = window.answers.slice(0..*kept);
        for last in [1, 0] {
            answers.set_response(kept - 1, last);
            close(&mut batch, &answers);
        }
    }
    let ends: Vec<usize> = batch.offsets[1..].iter().map(|&end| end as usize - 1).collect();
    let stats = model.row_stats(batch).await?;
    let own = stats.column(RowStat::OwnMastery);
    Ok(ends.as_chunks().0.iter().filter(|[correct, incorrect]| own[*correct] > own[*incorrect]).count())
}

/// Sum of the absolute changes of mastery of skills not answered, and how many there are, in one window.
fn unpractised(mastery: &[f32], answers: &Answers, skills: usize) -> (f64, usize) {
    let rows: Vec<&[f32]> = mastery.chunks_exact(skills).collect();
    let (mut sum, mut count) = (0.0, 0);
    for (t, pair) in rows.windows(2).enumerate() {
        let own = answers.skills(t + 1);
        let change = |k: usize| f64::from((pair[1][k] - pair[0][k]).abs());
        sum += (0..skills).map(change).sum::<f64>() - own.iter().map(|&k| change(k as usize)).sum::<f64>();
        count += skills - own.len();
    }
    (sum, count)
}

/// Each answer's mastery, exchanged for that of another answer to the same skill, drawn at random (always the same way).
pub(super) fn swapped(mastery: &[f64], skills: &[u32]) -> Vec<f64> {
    let mut places: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    skills.iter().enumerate().for_each(|(i, &k)| places.entry(k).or_default().push(i));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut out = vec![0.0; mastery.len()];
    for places in places.values() {
        let mut others = places.clone();
        others.shuffle(&mut rng);
        places.iter().zip(others).for_each(|(&to, from)| out[to] = mastery[from]);
    }
    out
}

/// For each answer, the share correct among all answers to its skill.
pub(super) fn skill_means(targets: &[bool], skills: &[u32]) -> Vec<f64> {
    let mut counts: std::collections::HashMap<u32, [usize; 2]> = std::collections::HashMap::new();
    for (&t, &k) in targets.iter().zip(skills) {
        let [all, correct] = counts.entry(k).or_default();
        *all += 1;
        *correct += usize::from(t);
    }
    let share = |k: &u32| counts.get(k).map_or(0.0, |[all, correct]| *correct as f64 / *all as f64);
    skills.iter().map(share).collect()
}
