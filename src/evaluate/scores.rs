//! How good a score is beyond its AUC: within skills, and against a known mastery.

use serde::{Deserialize, Serialize};

use super::metrics::{auc, correlation};
use crate::data::{Answers, Truth, Window};

/// Fewest answers of a window whose curves count.
const MIN_CURVE: usize = 8;

/// Mean over skills of the AUC among answers to that skill, weighted by its rarer answer (MODEL §9): it cannot be had by
/// knowing which skills are easy. An answer to several skills counts in each of them. `None` where no skill has both answers.
pub fn within_skills(scores: &[f64], answers: &Answers) -> Option<f64> {
    within(scores, answers.by_skill())
}

/// The same within items instead of skills; answers whose item is unknown are left out.
pub fn within_items(scores: &[f64], answers: &Answers) -> Option<f64> {
    within(scores, answers.iter().enumerate().filter(|(_, a)| a.item > 0).map(|(t, a)| (t, a.item, a.response)))
}

/// Mean over groups of the AUC within each, weighted by its rarer answer; `members`: index of the score, group and response.
fn within(scores: &[f64], members: impl Iterator<Item = (usize, u32, u8)>) -> Option<f64> {
    let mut groups: std::collections::BTreeMap<u32, (Vec<f64>, Vec<bool>)> = std::collections::BTreeMap::new();
    for (t, group, response) in members {
        let (own, targets) = groups.entry(group).or_default();
        own.push(scores[t]);
        targets.push(response == 1);
    }
    let (mut sum, mut weight) = (0.0, 0.0);
    for (scores, targets) in groups.values() {
        let correct = targets.iter().filter(|&&t| t).count();
        let rarer = correct.min(targets.len() - correct) as f64;
        if let Some(auc) = auc(scores, targets) {
            sum += rarer * auc;
            weight += rarer;
        }
    }
    (weight > 0.0).then(|| sum / weight)
}

/// Mean binary cross-entropy of `probability`; `None` of nothing.
pub fn cross_entropy(probability: &[f64], target: &[bool]) -> Option<f64> {
    // A probability rounded to 0 or 1 in 32 bits would give an infinite loss.
    const TINY: f64 = 1e-12;
    let loss = |(p, t): (&f64, &bool)| -(if *t { *p } else { 1.0 - *p }).max(TINY).ln();
    (!target.is_empty()).then(|| probability.iter().zip(target).map(loss).sum::<f64>() / target.len() as f64)
}

/// How inferred mastery meets the true one, in a simulated class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthAgreement {
    /// Correlation over all answers and skills.
    pub correlation: Option<f64>,
    /// Mean correlation along the curves of skills a student practised, in windows of eight answers or more.
    pub along_curves: Option<f64>,
    /// Root of the mean square difference over all answers and skills.
    pub rmse: Option<f64>,
    /// The same of skills the student had practised by then.
    #[serde(default)]
    pub practised: TruthOf,
    /// The same of skills the student had not practised by then.
    #[serde(default)]
    pub never_practised: TruthOf,
}

/// How inferred mastery meets the true one, over some skills and answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthOf {
    /// Correlation.
    pub correlation: Option<f64>,
    /// Root of the mean square difference.
    pub rmse: Option<f64>,
    /// Mean of inferred less true.
    pub bias: Option<f64>,
}

/// Mastery, inferred and known.
#[derive(Default)]
struct Pairs {
    inferred: Vec<f64>,
    known: Vec<f64>,
}

impl Pairs {
    fn compare(&self) -> TruthOf {
        let Self { inferred, known } = self;
        let some = !inferred.is_empty();
        let mean = |value: &dyn Fn(f64) -> f64| {
            let sum: f64 = inferred.iter().zip(known).map(|(a, b)| value(a - b)).sum();
            some.then(|| sum / inferred.len() as f64)
        };
        TruthOf {
            correlation: if some { correlation(inferred, known) } else { None },
            rmse: mean(&|difference| difference.powi(2)).map(f64::sqrt),
            bias: mean(&|difference| difference),
        }
    }
}

/// Compares `inferred`, mastery after each answer `[answers, C]` of each window, with what is known.
pub fn truth_of(windows: &[&Window], inferred: &[&[f32]], truth: &Truth, skills: usize) -> TruthAgreement {
    // Inferred and known: of all skills, of those practised by then, of the others.
    let (mut all, mut practised, mut never) = (Pairs::default(), Pairs::default(), Pairs::default());
    let mut curves = Vec::new();
    for (window, inferred) in windows.iter().zip(inferred) {
        let answers = window.len();
        let first = window.first as usize * skills;
        let Some(real) = truth.mastery[window.student as usize].get(first..first + answers * skills) else { continue };
        let mut seen = vec![false; skills];
        for (t, (inferred, real)) in inferred.chunks_exact(skills).zip(real.chunks_exact(skills)).enumerate() {
            window.answers.skills(t).iter().for_each(|&k| seen[k as usize] = true);
            for k in 0..skills {
                for pairs in [&mut all, if seen[k] { &mut practised } else { &mut never }] {
                    pairs.inferred.push(f64::from(inferred[k]));
                    pairs.known.push(f64::from(real[k]));
                }
            }
        }
        if answers < MIN_CURVE {
            continue;
        }
        for k in (0..skills).filter(|&k| seen[k]) {
            let curve =
                |values: &[f32]| -> Vec<f64> { values.iter().skip(k).step_by(skills).map(|&m| f64::from(m)).collect() };
            curves.extend(correlation(&curve(inferred), &curve(real)));
        }
    }
    let [all, practised, never_practised] = [&all, &practised, &never].map(Pairs::compare);
    TruthAgreement {
        correlation: all.correlation,
        along_curves: (!curves.is_empty()).then(|| curves.iter().sum::<f64>() / curves.len() as f64),
        rmse: all.rmse,
        practised,
        never_practised,
    }
}
