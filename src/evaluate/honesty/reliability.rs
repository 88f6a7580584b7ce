//! Whether chances mean what they say: by opportunity, by prediction and by how often a skill is answered correctly.

use serde::{Deserialize, Serialize};

use super::super::infer::WindowOutcome;
use super::super::metrics::auc;
use crate::data::Window;

/// Opportunities told apart; the last stands for itself and all later ones.
const OPPORTUNITIES: usize = 8;
/// Groups of a reliability.
const TENTHS: usize = 10;

/// An answer that was predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The skill asked.
    pub skill: u32,
    /// How often the skill was asked in the window, this time among them: from 1.
    pub opportunity: usize,
    /// Whether it was answered correctly.
    pub correct: bool,
    /// The chance predicted.
    pub predicted: f64,
    /// Mastery of the skill before the answer, where the model has mastery.
    pub mastery: Option<f64>,
}

impl Answer {
    /// The answers of `windows` but each one's first, with what the model said of them.
    pub(super) fn of(outcomes: &[WindowOutcome], windows: &[&Window]) -> Vec<Self> {
        let mut answers = Vec::new();
        for (outcome, window) in outcomes.iter().zip(windows) {
            let mut asked: std::collections::HashMap<u32, usize> = std::collections::HashMap::new();
            for (t, skill, _) in window.answers.by_skill() {
                let opportunity = asked.entry(skill).or_default();
                *opportunity += 1;
                if let Some(row) = t.checked_sub(1) {
                    answers.push(Self {
                        skill,
                        opportunity: *opportunity,
                        correct: outcome.target[row],
                        predicted: f64::from(outcome.probability[row]),
                        mastery: outcome.heads.next_mastery.get(row).map(|&m| f64::from(m)),
                    });
                }
            }
        }
        answers
    }
}

/// The answers at one opportunity: first, second, third … answer to a skill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Opportunity {
    /// From 1; the last stands for all later ones too.
    pub number: usize,
    /// Whether later ones are among them.
    pub and_later: bool,
    /// Answers.
    pub answers: usize,
    /// Share correct.
    pub correct: f64,
    /// Mean chance predicted.
    pub predicted: f64,
    /// AUC of the prediction.
    pub auc: Option<f64>,
    /// AUC of mastery.
    pub mastery_auc: Option<f64>,
}

impl Opportunity {
    /// "3", or "8+" for the last.
    pub fn name(&self) -> String {
        format!("{}{}", self.number, if self.and_later { "+" } else { "" })
    }
}

/// Answers by opportunity: a model that knows students and not only skills is better at later ones.
pub fn by_opportunity(answers: &[Answer]) -> Vec<Opportunity> {
    let group = |number: usize| {
        let own: Vec<&Answer> = answers.iter().filter(|a| a.opportunity.min(OPPORTUNITIES) == number).collect();
        let count = own.len() as f64;
        let targets: Vec<bool> = own.iter().map(|a| a.correct).collect();
        let predicted: Vec<f64> = own.iter().map(|a| a.predicted).collect();
        let mastery: Option<Vec<f64>> = own.iter().map(|a| a.mastery).collect();
        Opportunity {
            number,
            and_later: number == OPPORTUNITIES,
            answers: own.len(),
            correct: targets.iter().filter(|&&t| t).count() as f64 / count,
            predicted: predicted.iter().sum::<f64>() / count,
            auc: auc(&predicted, &targets),
            mastery_auc: mastery.and_then(|m| auc(&m, &targets)),
        }
    };
    (1..=OPPORTUNITIES).map(group).filter(|o| o.answers > 0).collect()
}

/// Some answers: what was predicted of them and what came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Where the group begins; it is a tenth wide.
    pub from: f64,
    /// Answers.
    pub answers: usize,
    /// Mean chance predicted.
    pub predicted: f64,
    /// Share correct.
    pub correct: f64,
}

/// Answers by tenth of the chance predicted: a model that says 80 % should be right in 80 %.
pub fn by_prediction(predicted: &[f64], targets: &[bool]) -> Vec<Reliability> {
    grouped(predicted, targets, |i| predicted[i])
}

/// Answers by tenth of their skill's share correct: a model should predict neither hard skills too high nor easy ones too low.
pub fn by_observed_rate(predicted: &[f64], targets: &[bool], skills: &[u32]) -> Vec<Reliability> {
    let rates = super::probes::skill_means(targets, skills);
    grouped(predicted, targets, |i| rates[i])
}

fn grouped(predicted: &[f64], targets: &[bool], place: impl Fn(usize) -> f64) -> Vec<Reliability> {
    let mut groups = [(0usize, 0.0, 0usize); TENTHS];
    for (i, (p, &t)) in predicted.iter().zip(targets).enumerate() {
        let group = &mut groups[((place(i) * TENTHS as f64) as usize).min(TENTHS - 1)];
        group.0 += 1;
        group.1 += p;
        group.2 += usize::from(t);
    }
    let of = |(i, (answers, sum, correct)): (usize, (usize, f64, usize))| Reliability {
        from: i as f64 / TENTHS as f64,
        answers,
        predicted: sum / answers as f64,
        correct: correct as f64 / answers as f64,
    };
    groups.into_iter().enumerate().map(of).filter(|g| g.answers > 0).collect()
}
