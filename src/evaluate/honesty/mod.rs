//! Whether a model's mastery may be believed: measures that cannot be had by predicting well alone. Each is one function;
//! [`honesty`] takes all of them on one part of the data.

mod across;
mod probes;
mod reliability;
mod sentences;
mod sureness;

pub use across::{Agreement, agreement};
pub use reliability::{Opportunity, Reliability, by_observed_rate, by_opportunity, by_prediction};

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use self::reliability::Answer;
use super::baselines::{Asked, of_skills, skill_means};
use super::calibration::calibration_error;
use super::certainty::{Coverage, WhatIfOutcome};
use super::infer::{WindowOutcome, infer};
use super::items::ItemSummary;
use super::metrics::auc;
use super::scores::{TruthAgreement, within_items, within_skills};
use crate::data::{Answers, Corpus, CsvText, Window};
use crate::error::Result;
use crate::model::Model;

/// How good a score of answers is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// AUC over all answers.
    pub auc: Option<f64>,
    /// AUC within skills ([`within_skills`]).
    pub within_skills: Option<f64>,
    /// AUC within items ([`within_items`]), where the data have items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_items: Option<f64>,
    /// Expected calibration error ([`calibration_error`]).
    pub calibration_error: Option<f64>,
}

impl Score {
    fn new(scores: &[f64], targets: &[bool], asked: &Answers) -> Self {
        Self {
            auc: auc(scores, targets),
            within_skills: within_skills(scores, asked),
            within_items: within_items(scores, asked),
            calibration_error: calibration_error(scores, targets),
        }
    }
}

/// Every measure of honesty on one part of the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Honesty {
    /// Answers predicted.
    pub answers: usize,
    /// The prediction as a score of the answers.
    pub prediction: Score,
    /// Mastery of the skill asked as a score of the answers; `None` where the model has no mastery.
    pub mastery: Option<Score>,
    /// By first, second, third … answer to a skill in a window.
    pub by_opportunity: Vec<Opportunity>,
    /// Answers by tenth of the predicted chance.
    pub by_prediction: Vec<Reliability>,
    /// Answers by tenth of their skill's share correct.
    pub by_observed_rate: Vec<Reliability>,
    /// Flip test: share of last answers whose flip moves the asked skill's mastery the right way.
    pub flip: Option<f64>,
    /// Swap test: AUC of mastery where each answer gets another student's mastery of the same skill.
    pub swapped_auc: Option<f64>,
    /// AUC of knowing only each skill's share correct in training, which a swapped mastery may hardly beat.
    pub skill_mean_auc: Option<f64>,
    /// Mean absolute change, in one answer, of the mastery of skills that were not answered.
    pub drift: Option<f64>,
    /// How mastery meets the true one, in a simulated class.
    pub truth: Option<TruthAgreement>,
    /// How bands around chances hold, in a simulated class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Whether what-ifs hold: all, then by size; empty where the model cannot be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what_ifs: Vec<WhatIfOutcome>,
    /// How many items do not fit, and how learned difficulties meet the true ones; where the data have items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemSummary>,
}

/// Takes all measures of `model` on `windows`; `train` tells how hard each skill is. `progress` is told steps done and in all; where it breaks off, there are
/// none.
///
/// # Errors
/// The device fails.
pub async fn honesty(
    model: &mut Model,
    corpus: &Corpus,
    train: &[&Window],
    windows: &[&Window],
    batch_size: usize,
    mut progress: impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Honesty>> {
    let probes = probes::Probes::new(windows, corpus, model.config());
    let sureness = sureness::SurenessProbe::new(windows, model.config());
    let interpretable = model.config().interpretable();
    let before_sureness = windows.len() + if interpretable { probes.steps() } else { 0 };
    let total = before_sureness + sureness.steps();
    let Some(outcomes) = infer(model, windows, batch_size, async |done| progress(done, total).await).await? else {
        return Ok(None);
    };
    let mut honesty = scored(&outcomes, windows, &skill_means(train, corpus.skills.len()));
    if interpretable {
        let after = async |done| progress(windows.len() + done, total).await;
        let Some(probed) = probes.run(model, corpus, after).await? else { return Ok(None) };
        (honesty.flip, honesty.drift, honesty.truth) = (probed.flip, probed.drift, probed.truth);
    }
    let after = async |done| progress(before_sureness + done, total).await;
    let Some(found) = sureness.run(model, corpus, after).await? else { return Ok(None) };
    (honesty.coverage, honesty.what_ifs) = (found.coverage, found.what_ifs);
    Ok(Some(honesty))
}

/// The measures that need only what the model said of the answers.
fn scored(outcomes: &[WindowOutcome], windows: &[&Window], means: &[f64]) -> Honesty {
    let asked = Asked::new(windows);
    let (answers, targets) = (&asked.answers, &asked.targets);
    let wide = |column: fn(&WindowOutcome) -> &Vec<f32>| -> Vec<f64> {
        outcomes.iter().flat_map(|o| column(o).iter().map(|&x| f64::from(x))).collect()
    };
    let (predicted, mastery) = (wide(|o| &o.probability), wide(|o| &o.heads.next_mastery));
    let mastery = (mastery.len() == answers.len() && !mastery.is_empty()).then_some(mastery);
    // An answer to several skills stands once for each of them where skills are told apart.
    let by_skill = Answer::of(outcomes, windows);
    let skills: Vec<u32> = by_skill.iter().map(|a| a.skill).collect();
    let targets_by_skill: Vec<bool> = by_skill.iter().map(|a| a.correct).collect();
    let predicted_by_skill: Vec<f64> = by_skill.iter().map(|a| a.predicted).collect();
    let mastery_by_skill: Option<Vec<f64>> = by_skill.iter().map(|a| a.mastery).collect();
    let mastery_by_skill = mastery_by_skill.filter(|m| !m.is_empty());
    Honesty {
        answers: answers.len(),
        prediction: Score::new(&predicted, targets, answers),
        mastery: mastery.as_ref().map(|m| Score::new(m, targets, answers)),
        by_opportunity: by_opportunity(&by_skill),
        by_prediction: by_prediction(&predicted, targets),
        by_observed_rate: by_observed_rate(&predicted_by_skill, &targets_by_skill, &skills),
        swapped_auc: mastery_by_skill.and_then(|m| auc(&probes::swapped(&m, &skills), &targets_by_skill)),
        skill_mean_auc: auc(&of_skills(answers, means), targets),
        ..Honesty::default()
    }
}

impl Honesty {
    /// What-ifs by name: all of them, then the quarters of like size.
    pub fn what_if_groups(&self) -> impl Iterator<Item = (&'static str, &WhatIfOutcome)> {
        ["all", "smallest", "small", "large", "largest"].into_iter().zip(&self.what_ifs)
    }

    /// Every measure as a row: measure, group, value.
    pub fn to_csv(&self) -> String {
        let mut csv = CsvText::new(["measure", "group", "value"]);
        let mut row = |measure: &str, group: &str, value: Option<f64>| {
            csv.row([measure, group, &value.map_or(String::new(), |v| v.to_string())]);
        };
        row("answers", "", Some(self.answers as f64));
        for (name, score) in [("prediction", Some(self.prediction)), ("mastery", self.mastery)] {
            let score = score.unwrap_or_default();
            row("auc", name, score.auc);
            row("within_skills", name, score.within_skills);
            if score.within_items.is_some() {
                row("within_items", name, score.within_items);
            }
            row("calibration_error", name, score.calibration_error);
        }
        row("flip", "", self.flip);
        row("swapped_auc", "mastery", self.swapped_auc);
        row("skill_mean_auc", "", self.skill_mean_auc);
        row("drift", "", self.drift);
        let truth = self.truth.unwrap_or_default();
        row("truth_correlation", "", truth.correlation);
        row("truth_along_curves", "", truth.along_curves);
        row("truth_rmse", "", truth.rmse);
        for (name, of) in [("practised", truth.practised), ("never_practised", truth.never_practised)] {
            row("truth_correlation", name, of.correlation);
            row("truth_rmse", name, of.rmse);
            row("truth_bias", name, of.bias);
        }
        if let Some(coverage) = &self.coverage {
            for band in &coverage.bands {
                let group = format!("{:.2}", band.share);
                row("band_held", &group, Some(band.held));
                row("band_width", &group, Some(band.width));
            }
            for group in &coverage.by_practice {
                row("chance_error", &group.name(), Some(group.error));
                row("chance_error_said", &group.name(), Some(group.said));
            }
            row("chance_bias", "practised", Some(coverage.bias));
        }
        for (group, what_if) in self.what_if_groups() {
            row("what_if_answers", group, Some(what_if.answers as f64));
            row("what_if_said", group, Some(what_if.said));
            row("what_if_came", group, Some(what_if.came));
        }
        if let Some(items) = self.items {
            row("items_judged", "", Some(items.judged as f64));
            row("items_misfitting", "", Some(items.misfits as f64));
            row("item_difficulty_correlation", "", items.difficulty_correlation);
        }
        for o in &self.by_opportunity {
            let group = o.name();
            row("opportunity_answers", &group, Some(o.answers as f64));
            row("opportunity_correct", &group, Some(o.correct));
            row("opportunity_predicted", &group, Some(o.predicted));
            row("opportunity_auc", &group, o.auc);
            row("opportunity_mastery_auc", &group, o.mastery_auc);
        }
        for (name, bins) in [("by_prediction", &self.by_prediction), ("by_observed_rate", &self.by_observed_rate)] {
            for bin in bins {
                let group = format!("{:.1}", bin.from);
                row(&format!("{name}_answers"), &group, Some(bin.answers as f64));
                row(&format!("{name}_predicted"), &group, Some(bin.predicted));
                row(&format!("{name}_correct"), &group, Some(bin.correct));
            }
        }
        csv.finish()
    }
}
