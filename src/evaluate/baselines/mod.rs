//! Baselines: how well the same answers are predicted by methods everyone knows, on the same split. What a transformer
//! adds shows beside them.

mod bkt;
mod ideal_observer;
mod items;
mod pfa;

pub use bkt::SkillTracing;
pub use ideal_observer::observe;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::calibration::calibration_error;
use super::metrics::{accuracy, auc};
use super::scores::{TruthAgreement, cross_entropy, within_items, within_skills};
use crate::data::{Answer, Answers, Corpus, Window};

/// One method's figures on one part of the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What it is.
    pub name: String,
    /// AUC of its predictions.
    pub auc: Option<f64>,
    /// The same within skills ([`within_skills`]).
    pub within_skills: Option<f64>,
    /// The same within items ([`within_items`]), where the data have items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_items: Option<f64>,
    /// Share of predictions that were right at 0.5.
    pub accuracy: Option<f64>,
    /// Mean cross-entropy.
    pub loss: Option<f64>,
    /// Expected calibration error ([`calibration_error`]).
    pub calibration_error: Option<f64>,
    /// How its mastery meets the true one, in a simulated class.
    pub truth: Option<TruthAgreement>,
}

/// The answers of a part that are predicted: every answer of a window but its first.
pub(super) struct Asked {
    pub targets: Vec<bool>,
    pub answers: Answers,
}

impl Asked {
    pub(super) fn new(windows: &[&Window]) -> Self {
        let mut answers = Answers::default();
        for window in windows.iter().filter(|w| !w.is_empty()) {
            answers.extend(&window.answers.slice(1..window.len()));
        }
        Self { targets: answers.responses().iter().map(|&r| r == 1).collect(), answers }
    }
}

/// The windows with a row an answer: where each skill of an answer is a row, the later ones know its outcome.
fn whole<'a>(windows: &[&'a Window]) -> Vec<Cow<'a, Window>> {
    windows.iter().map(|window| window.whole_answers()).collect()
}

/// Learns every method from `train` and measures it on `part`, on whole answers. The ideal observer is there for simulated
/// classes only, the item's mean and Elo where the data have items.
pub fn baselines(corpus: &Corpus, train: &[&Window], part: &[&Window]) -> Vec<Baseline> {
    let (train, part) = (whole(train), whole(part));
    let (train, part): (Vec<&Window>, Vec<&Window>) =
        (train.iter().map(AsRef::as_ref).collect(), part.iter().map(AsRef::as_ref).collect());
    let (train, part) = (train.as_slice(), part.as_slice());
    let asked = Asked::new(part);
    if asked.targets.is_empty() {
        return Vec::new();
    }
    let skills = corpus.skills.len();
    let row = |name: &str, scores: Vec<f64>| Baseline {
        name: name.to_owned(),
        auc: auc(&scores, &asked.targets),
        within_skills: within_skills(&scores, &asked.answers),
        within_items: within_items(&scores, &asked.answers),
        accuracy: accuracy(&scores, &asked.targets),
        loss: cross_entropy(&scores, &asked.targets),
        calibration_error: calibration_error(&scores, &asked.targets),
        truth: None,
    };
    let means = skill_means(train, skills);
    let tracing = SkillTracing::learn(train, skills);
    let (chances, known) = tracing.follow(part);
    let mut rows = vec![
        row("skill mean", of_skills(&asked.answers, &means)),
        row("PFA", pfa::Pfa::learn(train, skills).predict(part)),
        row("BKT", chances),
        row("BKT, P(L)", known),
    ];
    if !corpus.items.is_empty() {
        let items = corpus.items.len();
        rows.push(row("item mean", items::item_means(train, items, &means, &asked.answers)));
        rows.push(row("Elo", items::Elo::learn(train, items, &means).predict(part)));
    }
    if let Some(truth) = &corpus.truth {
        let observed = observe(part, truth, skills);
        rows.push(Baseline { truth: Some(observed.truth), ..row("ideal observer", observed.chances) });
    }
    rows
}

/// Share of correct answers to each skill in `train`; skills nobody answered get that of all answers.
pub(super) fn skill_means(train: &[&Window], skills: usize) -> Vec<f64> {
    let mut counts = vec![[0.0; 2]; skills];
    for (_, k, r) in train.iter().flat_map(|w| w.answers.by_skill()) {
        counts[k as usize][usize::from(r)] += 1.0;
    }
    let all: [f64; 2] = counts.iter().fold([0.0; 2], |[a, b], [w, r]| [a + w, b + r]);
    let share = |[incorrect, correct]: [f64; 2]| correct / (incorrect + correct);
    counts.into_iter().map(|c| if c[0] + c[1] > 0.0 { share(c) } else { share(all) }).collect()
}

/// Of each answer the mean of its skills' values.
pub(super) fn of_skills(answers: &Answers, values: &[f64]) -> Vec<f64> {
    let mean = |a: Answer<'_>| a.skills.iter().map(|&k| values[k as usize]).sum::<f64>() / a.skills.len() as f64;
    answers.iter().map(mean).collect()
}
