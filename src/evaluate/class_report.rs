//! The class as an analyst asks about it: skills with difficulty and slope, learning curves, how far the model may be
//! believed, and what answers to one skill say about another.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::honesty::{Honesty, honesty};
use super::infer::infer;
use super::items::{ItemReport, item_report, item_summary};
use super::metrics::auc;
use super::parts::{final_part, parts};
use crate::config::Config;
use crate::data::{Corpus, Window};
use crate::error::Result;
use crate::model::Model;

/// Opportunities a learning curve has.
pub const OPPORTUNITIES: usize = 10;
/// Windows up to which the curves are of the whole class; beyond, they are of the part the final figures are about.
const WHOLE_CLASS: usize = 3000;
/// Skills up to which the transfer is told.
const MAX_TRANSFER: usize = 300;

/// Answers at one opportunity to practise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// First, second, third … answer to the skill, from 1.
    pub opportunity: usize,
    /// Answers.
    pub answers: usize,
    /// Share of them that were wrong.
    pub incorrect: f64,
    /// 95 % interval of that share (Wilson 1927).
    pub interval: [f64; 2],
    /// Mean chance of a wrong answer that the model gave beforehand, where it gave one.
    pub predicted: Option<f64>,
}

/// One skill, or all of them together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SkillReport {
    /// Answers.
    pub answers: usize,
    /// Share correct.
    pub correct: f64,
    /// Chance of a correct answer before any answer, where the model has a prior (evidence model).
    pub prior: Option<f64>,
    /// Points by which the share correct rises from one opportunity to the next, over the learning curve.
    pub slope: Option<f64>,
    /// AUC of the predictions among answers to this skill.
    pub auc: Option<f64>,
    /// What an answer to another skill says about this one on average, 0 to 1 (evidence model).
    pub transfer_in: Option<f64>,
    /// What an answer to this skill says about another on average.
    pub transfer_out: Option<f64>,
    /// Share wrong by opportunity.
    pub curve: Vec<CurvePoint>,
}

/// The class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Measures of honesty on the part the final figures are about.
    pub honesty: Honesty,
    /// Students the curves are of.
    pub students: usize,
    /// All skills together.
    pub all: SkillReport,
    /// Every skill.
    pub skills: Vec<SkillReport>,
    /// What an answer to the row's skill says about the column's; empty where the model has no transfer.
    pub transfer: Vec<Vec<f32>>,
    /// Every item, those that do not fit first; empty where the data have none.
    #[serde(default)]
    pub items: Vec<ItemReport>,
}

/// Collects the answers of one skill.
#[derive(Default)]
struct Gathered {
    scores: Vec<f64>,
    targets: Vec<bool>,
    /// By opportunity: answers, wrong ones, predicted ones, sum of their chances.
    points: [(usize, usize, usize, f64); OPPORTUNITIES],
}

impl Gathered {
    fn add(&mut self, opportunity: usize, correct: bool, predicted: Option<f64>) {
        if let Some(p) = predicted {
            self.scores.push(p);
            self.targets.push(correct);
        }
        if let Some(point) = self.points.get_mut(opportunity) {
            point.0 += 1;
            point.1 += usize::from(!correct);
            if let Some(p) = predicted {
                point.2 += 1;
                point.3 += p;
            }
        }
    }

    fn report(&self, answers: usize, correct: usize) -> SkillReport {
        let point = |(i, &(n, incorrect, predicted, sum)): (usize, &(usize, usize, usize, f64))| CurvePoint {
            opportunity: i + 1,
            answers: n,
            incorrect: incorrect as f64 / n as f64,
            interval: wilson(incorrect, n),
            predicted: (predicted > 0).then(|| 1.0 - sum / predicted as f64),
        };
        let curve: Vec<CurvePoint> = self.points.iter().enumerate().map(point).filter(|p| p.answers > 0).collect();
        SkillReport {
            answers,
            correct: correct as f64 / answers.max(1) as f64,
            slope: slope(&curve),
            auc: auc(&self.scores, &self.targets),
            curve,
            ..SkillReport::default()
        }
    }
}

/// 95 % interval of a share of `count` in `n` (Wilson 1927).
pub fn wilson(count: usize, n: usize) -> [f64; 2] {
    const Z: f64 = 1.959_964;
    let (n, p) = (n as f64, count as f64 / n as f64);
    let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// Rise of the share correct an opportunity, by least squares weighted by answers; `None` below two opportunities.
fn slope(curve: &[CurvePoint]) -> Option<f64> {
    let weight: f64 = curve.iter().map(|p| p.answers as f64).sum();
    let mean =
        |value: &dyn Fn(&CurvePoint) -> f64| curve.iter().map(|p| p.answers as f64 * value(p)).sum::<f64>() / weight;
    let (x, y) = (mean(&|p| p.opportunity as f64), mean(&|p| 1.0 - p.incorrect));
    let xx = mean(&|p| (p.opportunity as f64 - x).powi(2));
    let xy = mean(&|p| (p.opportunity as f64 - x) * (1.0 - p.incorrect - y));
    (curve.len() >= 2 && xx > 0.0).then(|| xy / xx)
}

/// The report of a class by a model that was trained with this config. Honesty is measured on what the final figures are about.
///
/// # Errors
/// The device fails, or the config's fold leaves nothing to train on.
pub async fn class_report(model: &mut Model, corpus: &Corpus, config: &Config) -> Result<ClassReport> {
    let parts = parts(config, corpus)?;
    let (train, part, batch_size) = (parts[0].as_slice(), final_part(&parts), config.training.batch_size);
    let go_on = async |_| ControlFlow::Continue(());
    let go_on_of = async |_, _| ControlFlow::Continue(());
    let honesty = honesty(model, corpus, train, part, batch_size, go_on_of).await?;
    let items = match corpus.items.is_empty() {
        true => Vec::new(),
        false => item_report(model, corpus, config, go_on_of).await?.unwrap_or_default(),
    };
    let every: Vec<&Window> = corpus.windows.iter().collect();
    let windows = if every.len() <= WHOLE_CLASS { every.as_slice() } else { part };
    let outcomes = infer(model, windows, batch_size, go_on).await?.unwrap_or_default();
    let skills = corpus.skills.len();
    let mut gathered: Vec<Gathered> = (0..skills).map(|_| Gathered::default()).collect();
    let (mut together, mut counts) = (Gathered::default(), vec![[0usize; 2]; skills]);
    // Windows of one student follow one another: opportunities are counted over all of them.
    let (mut student, mut asked) = (None, vec![0usize; skills]);
    let mut students = 0;
    for (window, outcome) in windows.iter().zip(&outcomes) {
        if student != Some(window.student) {
            student = Some(window.student);
            asked.fill(0);
            students += 1;
        }
        for (t, k, r) in window.answers.by_skill() {
            let k = k as usize;
            let predicted = t.checked_sub(1).map(|row| f64::from(outcome.probability[row]));
            gathered[k].add(asked[k], r == 1, predicted);
            together.add(asked[k], r == 1, predicted);
            counts[k][usize::from(r)] += 1;
            asked[k] += 1;
        }
    }
    let transfer = if skills <= MAX_TRANSFER { model.transfer().await? } else { Vec::new() };
    let prior = model.prior().await?;
    let others = skills.saturating_sub(1).max(1) as f64;
    let mean = |values: &mut dyn Iterator<Item = f32>| (values.map(f64::from).sum::<f64>() - 1.0) / others;
    let of = |(k, g): (usize, &Gathered)| SkillReport {
        prior: prior.get(k).map(|&p| f64::from(p)),
        transfer_in: (!transfer.is_empty()).then(|| mean(&mut transfer.iter().map(|row| row[k]))),
        transfer_out: transfer.get(k).map(|row| mean(&mut row.iter().copied())),
        ..g.report(counts[k][0] + counts[k][1], counts[k][1])
    };
    let all: [usize; 2] = counts.iter().fold([0; 2], |[a, b], [w, r]| [a + w, b + r]);
    Ok(ClassReport {
        honesty: Honesty { items: item_summary(&items), ..honesty.unwrap_or_default() },
        items,
        students,
        all: together.report(all[0] + all[1], all[1]),
        skills: gathered.iter().enumerate().map(of).collect(),
        transfer,
    })
}
