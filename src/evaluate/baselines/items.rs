//! Baselines that know which item was asked: each item's mean, and Elo ratings of students and items.

use super::of_skills;
use crate::data::{Answer, Answers, Window};

/// How far a rating moves at first, and how fast that shrinks with the answers it has seen (Pelánek 2016).
const STEP: f64 = 1.0;
/// See [`STEP`].
const SHRINKING: f64 = 0.05;
/// Shares of right answers are kept this far from 0 and 1, whose logits are infinite.
const MARGIN: f64 = 0.01;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Share of correct answers to the item of each of the `asked` answers in `train`; of items nobody answered there, the mean
/// of their skills (`skill_means`).
pub(super) fn item_means(train: &[&Window], items: usize, skill_means: &[f64], asked: &Answers) -> Vec<f64> {
    let mut counts = vec![[0.0; 2]; items + 1];
    for answer in train.iter().flat_map(|w| w.answers.iter()) {
        counts[answer.item as usize][usize::from(answer.is_correct())] += 1.0;
    }
    let of_skills = of_skills(asked, skill_means);
    let share = |(answer, of_skills): (Answer<'_>, f64)| match counts[answer.item as usize] {
        [incorrect, correct] if answer.item > 0 && incorrect + correct > 0.0 => correct / (incorrect + correct),
        _ => of_skills,
    };
    asked.iter().zip(of_skills).map(share).collect()
}

/// Elo ratings (Pelánek 2016): p(right) = σ(θ − d), and after every answer the student's θ and the item's d move by K·(r − p)
/// and −K·(r − p), K = 1 / (1 + 0.05·answers seen). Students begin every window at 0.
pub(super) struct Elo<'a> {
    /// Difficulty of each item and answers it has seen.
    items: Vec<Option<(f64, f64)>>,
    skill_means: &'a [f64],
}

impl<'a> Elo<'a> {
    /// Rates the items in one pass over the training answers.
    pub(super) fn learn(train: &[&Window], items: usize, skill_means: &'a [f64]) -> Self {
        let mut elo = Self { items: vec![None; items + 1], skill_means };
        for window in train {
            elo.follow(window, true);
        }
        elo
    }

    /// Chance of a right answer, for every answer of the windows but their first; the items' ratings stay.
    pub(super) fn predict(&mut self, windows: &[&Window]) -> Vec<f64> {
        windows.iter().flat_map(|window| self.follow(window, false).into_iter().skip(1)).collect()
    }

    /// Chances of all answers of a window, each from those before it.
    fn follow(&mut self, window: &Window, learn: bool) -> Vec<f64> {
        let (mut rating, mut seen) = (0.0, 0.0);
        let mut chances = Vec::with_capacity(window.len());
        for answer in window.answers.iter() {
            let (difficulty, answers) = self.item(answer);
            let chance = sigmoid(rating - difficulty);
            let error = f64::from(answer.response) - chance;
            rating += error * STEP / (1.0 + SHRINKING * seen);
            seen += 1.0;
            if learn {
                let moved = difficulty - error * STEP / (1.0 + SHRINKING * answers);
                self.items[answer.item as usize] = Some((moved, answers + 1.0));
            }
            chances.push(chance);
        }
        chances
    }

    /// Difficulty of the answer's item and answers it has seen; an item not seen is as hard as its skills are.
    fn item(&self, answer: Answer<'_>) -> (f64, f64) {
        let unseen = || {
            let share = answer.skills.iter().map(|&k| self.skill_means[k as usize]).sum::<f64>();
            let share = (share / answer.skills.len() as f64).clamp(MARGIN, 1.0 - MARGIN);
            (-(share / (1.0 - share)).ln(), 0.0)
        };
        self.items[answer.item as usize].filter(|_| answer.item > 0).unwrap_or_else(unseen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Fold;

    /// Two items of one skill: the first is always answered right, the second never.
    fn window(student: u32) -> Window {
        let mut answers = Answers::default();
        for t in 0..20 {
            answers.push(&[0], 1 + t % 2, u8::from(t % 2 == 0));
        }
        Window { student, first: 0, fold: Fold::Test, answers, repeats: Vec::new(), further: Vec::new() }
    }

    #[test]
    fn easy_and_hard_items_are_told_apart() {
        let windows = [window(0), window(1)];
        let windows: Vec<&Window> = windows.iter().collect();
        let asked = windows[0].answers.slice(1..20);
        let means = item_means(&windows, 3, &[0.5], &asked);
        assert_eq!(means[..2], [0.0, 1.0]);
        let mut unseen = Answers::default();
        unseen.push(&[0], 3, 1);
        assert_eq!(item_means(&windows, 3, &[0.5], &unseen), [0.5]);
        let chances = Elo::learn(&windows, 3, &[0.5]).predict(&windows[..1]);
        assert_eq!(chances.len(), 19);
        assert!(chances.iter().step_by(2).all(|&p| p < 0.2) && chances.iter().skip(1).step_by(2).all(|&p| p > 0.8));
    }
}
