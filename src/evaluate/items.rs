//! Items (questions, problems) one by one: how hard each is, and whether its answers come as the model expects.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::infer::{WindowOutcome, infer};
use super::metrics::correlation;
use crate::config::Config;
use crate::data::{Corpus, CsvText, Split, Window};
use crate::error::Result;
use crate::model::Model;

/// Fewest answers from which an item is judged.
pub const MIN_ANSWERS: usize = 30;
/// Standard errors past which an item is said not to fit: of 1,000 items that do, three are past it by chance.
const SIGNIFICANT: f64 = 3.0;

/// Whether an item's answers come as expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemFit {
    /// They do.
    #[default]
    Fits,
    /// There are fewer than [`MIN_ANSWERS`] of them.
    TooFewAnswers,
    /// Fewer are right than expected.
    TooHard,
    /// More are right than expected.
    TooEasy,
    /// Weak students are right and strong ones wrong more often than expected: a flaw, or another skill than those named.
    Noisy,
    /// It tells weak and strong students apart more sharply than expected.
    Sharp,
}

impl ItemFit {
    /// A few words for a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::TooFewAnswers => "too few answers",
            Self::TooHard => "harder than expected",
            Self::TooEasy => "easier than expected",
            Self::Noisy => "answers surprise",
            Self::Sharp => "sharper than expected",
        }
    }

    /// Whether something is wrong with the item.
    pub fn is_misfit(self) -> bool {
        matches!(self, Self::TooHard | Self::TooEasy | Self::Noisy | Self::Sharp)
    }
}

/// One item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemReport {
    /// Its index among the items.
    pub item: u32,
    /// Its id in the data.
    pub id: String,
    /// Its skills, as most of its answers have them.
    pub skills: Vec<u32>,
    /// Answers in all data.
    pub answers: usize,
    /// Share of them that are right.
    pub correct: f64,
    /// Difficulty in logits above the average item of its skills, of models that learn it.
    pub difficulty: Option<f64>,
    /// Its standard error, from the information in the training answers and the prior.
    pub standard_error: Option<f64>,
    /// The difficulty it was made with, in a simulated class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_difficulty: Option<f64>,
    /// Answers that were predicted and not trained on: what follows is about them.
    pub held_out: usize,
    /// Share right that the model expected.
    pub expected: Option<f64>,
    /// Share right.
    pub observed: Option<f64>,
    /// Mean square of the residuals, each over its variance by the model, weighted by that variance: 1 where answers are as
    /// much of a surprise as expected (Wright and Masters 1982).
    pub infit: Option<f64>,
    /// The same unweighted: more sensitive to single great surprises.
    pub outfit: Option<f64>,
    /// Whether the answers come as expected.
    pub fit: ItemFit,
    /// By how many standard errors they do not.
    pub misfit: Option<f64>,
}

/// Sums over the answers to an item that were predicted: p is the chance, q = 1 − p, r the response.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    answers: usize,
    p: f64,
    r: f64,
    /// Σ p·q.
    variance: f64,
    /// Σ (r − p)².
    square: f64,
    /// Σ (r − p)² / (p·q).
    standard_square: f64,
    /// Σ p·q·(1 − 2p)², the variance of Σ (r − p)².
    square_variance: f64,
}

impl Sums {
    fn add(&mut self, chance: f64, correct: bool) {
        let (p, r) = (chance.clamp(1e-4, 1.0 - 1e-4), f64::from(u8::from(correct)));
        let variance = p * (1.0 - p);
        self.answers += 1;
        self.p += p;
        self.r += r;
        self.variance += variance;
        self.square += (r - p).powi(2);
        self.standard_square += (r - p).powi(2) / variance;
        self.square_variance += variance * (1.0 - 2.0 * p).powi(2);
    }

    /// Whether the answers come as expected, and by how many standard errors they do not.
    fn fit(&self) -> (ItemFit, Option<f64>) {
        if self.answers < MIN_ANSWERS {
            return (ItemFit::TooFewAnswers, None);
        }
        let level = (self.r - self.p) / self.variance.sqrt();
        let surprise = (self.square - self.variance) / self.square_variance.sqrt().max(1e-9);
        let (worst, fit) = match level.abs() >= surprise.abs() {
            true => (level.abs(), if level < 0.0 { ItemFit::TooHard } else { ItemFit::TooEasy }),
            false => (surprise.abs(), if surprise > 0.0 { ItemFit::Noisy } else { ItemFit::Sharp }),
        };
        (if worst > SIGNIFICANT { fit } else { ItemFit::Fits }, Some(worst))
    }
}

/// Sums of every item over the answers of `windows` but their first, as wholes.
fn sums(outcomes: &[WindowOutcome], windows: &[&Window], items: usize) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); items + 1];
    for (outcome, window) in outcomes.iter().zip(windows) {
        let mut add = |row: usize, chance: f32, correct: bool| {
            sums[window.answers.item(row) as usize].add(f64::from(chance), correct);
        };
        if outcome.answers.is_empty() {
            let rows = outcome.probability.iter().zip(&outcome.target).enumerate();
            rows.for_each(|(t, (&chance, &correct))| add(t + 1, chance, correct));
        } else {
            outcome.answers.iter().for_each(|a| add(a.row, a.chance, a.correct));
        }
    }
    sums
}

/// Answers to an item in the data.
#[derive(Debug, Clone, Default)]
struct Counts {
    answers: usize,
    correct: usize,
    training: usize,
    skills: Vec<u32>,
}

fn counts(corpus: &Corpus, fold: u8) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); corpus.items.len() + 1];
    for window in &corpus.windows {
        let training = super::part_of(window, fold) == Split::Train;
        for answer in window.whole_answers().answers.iter() {
            let own = &mut counts[answer.item as usize];
            own.answers += 1;
            own.correct += usize::from(answer.is_correct());
            own.training += usize::from(training);
            if own.skills.is_empty() {
                own.skills = answer.skills.to_vec();
            }
        }
    }
    counts
}

/// Every item of `corpus` that was answered, those that do not fit first. Judged are the answers of the config's validation fold
/// and of the test set, which the model has not learned from. `None` where `progress` (windows done, in all) breaks off.
///
/// # Errors
/// The device fails.
pub async fn item_report(
    model: &mut Model,
    corpus: &Corpus,
    config: &Config,
    mut progress: impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Vec<ItemReport>>> {
    let (fold, spread) = (config.data.fold, config.evidence.item_spread);
    let windows: Vec<&Window> =
        [Split::Validation, Split::Test].into_iter().flat_map(|part| corpus.part(part, fold)).collect();
    let told = async |done| progress(done, windows.len()).await;
    let Some(outcomes) = infer(model, &windows, config.training.batch_size, told).await? else { return Ok(None) };
    let difficulties = model.difficulties().await?;
    let (sums, counts) = (sums(&outcomes, &windows, corpus.items.len()), counts(corpus, fold));
    let all = sums.iter().fold((0.0, 0), |(variance, n), s| (variance + s.variance, n + s.answers));
    let mean_variance = if all.1 > 0 { all.0 / all.1 as f64 } else { 0.25 };
    let of = |(item, (sums, counts)): (usize, (&Sums, &Counts))| {
        let n = sums.answers as f64;
        let some = |value: f64| (sums.answers > 0).then_some(value);
        let (fit, misfit) = sums.fit();
        let variance = if sums.answers > 0 { sums.variance / n } else { mean_variance };
        let difficulty = difficulties.get(item).map(|&b| f64::from(b));
        ItemReport {
            item: item as u32 - 1,
            id: corpus.items[item - 1].clone(),
            skills: counts.skills.clone(),
            answers: counts.answers,
            correct: counts.correct as f64 / counts.answers as f64,
            difficulty,
            standard_error: difficulty.map(|_| (counts.training as f64 * variance + spread.powi(-2)).sqrt().recip()),
            true_difficulty: corpus.truth.as_ref().and_then(|t| t.difficulty.get(item - 1)).map(|&b| f64::from(b)),
            held_out: sums.answers,
            expected: some(sums.p / n),
            observed: some(sums.r / n),
            infit: some(sums.square / sums.variance),
            outfit: some(sums.standard_square / n),
            fit,
            misfit,
        }
    };
    let answered = sums.iter().zip(&counts).enumerate().skip(1).filter(|(_, (_, counts))| counts.answers > 0);
    let mut report: Vec<ItemReport> = answered.map(of).collect();
    let rank = |r: &ItemReport| (!r.fit.is_misfit(), std::cmp::Reverse((1e3 * r.misfit.unwrap_or_default()) as i64));
    report.sort_by_key(rank);
    Ok(Some(report))
}

/// What the items together say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ItemSummary {
    /// Items with answers enough to be judged.
    pub judged: usize,
    /// Those of them that do not fit.
    pub misfits: usize,
    /// Correlation of learned and true difficulty over items with [`MIN_ANSWERS`] training answers or more, in a simulated class.
    pub difficulty_correlation: Option<f64>,
}

/// Sums a report up; `None` where there are no items.
pub fn item_summary(report: &[ItemReport]) -> Option<ItemSummary> {
    let known: Vec<(f64, f64)> = report
        .iter()
        .filter(|r| r.answers >= MIN_ANSWERS)
        .filter_map(|r| Some((r.difficulty?, r.true_difficulty?)))
        .collect();
    let (learned, real): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
    (!report.is_empty()).then(|| ItemSummary {
        judged: report.iter().filter(|r| r.fit != ItemFit::TooFewAnswers).count(),
        misfits: report.iter().filter(|r| r.fit.is_misfit()).count(),
        difficulty_correlation: if learned.is_empty() { None } else { correlation(&learned, &real) },
    })
}

/// The report as CSV, a row an item.
pub fn items_csv(report: &[ItemReport], corpus_skills: &[crate::data::Skill]) -> String {
    let mut csv = CsvText::new([
        "item_id",
        "skill_ids",
        "answers",
        "correct",
        "difficulty",
        "standard_error",
        "held_out_answers",
        "expected",
        "observed",
        "infit",
        "outfit",
        "fit",
        "misfit",
        "true_difficulty",
    ]);
    let number = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
    for r in report {
        let skills: Vec<&str> = r.skills.iter().map(|&k| corpus_skills[k as usize].id.as_str()).collect();
        csv.row([
            r.id.clone(),
            skills.join("_"),
            r.answers.to_string(),
            r.correct.to_string(),
            number(r.difficulty),
            number(r.standard_error),
            r.held_out.to_string(),
            number(r.expected),
            number(r.observed),
            number(r.infit),
            number(r.outfit),
            r.fit.words().to_owned(),
            number(r.misfit),
            number(r.true_difficulty),
        ]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answers: impl IntoIterator<Item = (f64, bool)>) -> Sums {
        let mut sums = Sums::default();
        answers.into_iter().for_each(|(p, correct)| sums.add(p, correct));
        sums
    }

    #[test]
    fn items_that_do_not_fit_are_found_and_named() {
        // As expected: of chances 0.2 and 0.8, one in five surprises.
        let expected = |i: usize| if i.is_multiple_of(2) { (0.8, !i.is_multiple_of(10)) } else { (0.2, i % 10 == 5) };
        assert_eq!(of((0..200).map(expected)).fit().0, ItemFit::Fits);
        assert_eq!(of((0..200).map(|i| (0.8, i % 2 == 0))).fit().0, ItemFit::TooHard);
        assert_eq!(of((0..200).map(|i| (0.2, i % 2 == 0))).fit().0, ItemFit::TooEasy);
        // Weak students right half the time and strong ones no more: surprises without a shift.
        let noisy = |i: usize| (if i.is_multiple_of(2) { 0.9 } else { 0.1 }, i % 4 < 2);
        assert_eq!(of((0..200).map(noisy)).fit().0, ItemFit::Noisy);
        let sharp = |i: usize| (if i.is_multiple_of(2) { 0.7 } else { 0.3 }, i.is_multiple_of(2));
        assert_eq!(of((0..400).map(sharp)).fit().0, ItemFit::Sharp);
        let few = of((0..MIN_ANSWERS - 1).map(|_| (0.9, false)));
        assert_eq!(few.fit(), (ItemFit::TooFewAnswers, None));
    }
}
