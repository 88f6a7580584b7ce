//! Performance factors analysis (Pavlik, Cen & Koedinger 2009): logit of a correct answer to skill k after w correct and f
//! incorrect answers to it = β + γ·w + ρ·f, a logistic regression a skill.

use rayon::prelude::*;

use crate::data::Window;

/// Strength of the pull of every coefficient towards 0: it matters only where a skill has few answers.
const RIDGE: f64 = 0.1;
/// Newton steps at most; six digits are there after about six.
const STEPS: usize = 25;

/// Coefficients (β, γ, ρ) of every skill.
pub(super) struct Pfa {
    skills: Vec<[f64; 3]>,
}

/// Calls `each` with (skill, correct and incorrect answers to it before) of each skill of every answer, the answer's response
/// and its index in the window.
fn histories(windows: &[&Window], mut each: impl FnMut(&[(usize, [f64; 2])], u8, usize)) {
    for window in windows {
        let mut seen: std::collections::HashMap<u32, [f64; 2]> = std::collections::HashMap::new();
        for (t, answer) in window.answers.iter().enumerate() {
            let before = |k: &u32| (*k as usize, seen.get(k).copied().unwrap_or_default());
            let own: Vec<(usize, [f64; 2])> = answer.skills.iter().map(before).collect();
            each(&own, answer.response, t);
            for k in answer.skills {
                seen.entry(*k).or_default()[usize::from(!answer.is_correct())] += 1.0;
            }
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Pfa {
    pub(super) fn learn(train: &[&Window], skills: usize) -> Self {
        let mut rows = vec![Vec::new(); skills];
        histories(train, |own, r, _| {
            own.iter().for_each(|&(k, [w, f])| rows[k].push(([1.0, w, f], f64::from(r))));
        });
        Self { skills: rows.par_iter().map(|rows| newton(rows)).collect() }
    }

    /// Chance of a correct answer, for every answer of the windows but their first: the mean over its skills.
    pub(super) fn predict(&self, windows: &[&Window]) -> Vec<f64> {
        let mut chances = Vec::new();
        histories(windows, |own, _, t| {
            let chance = |&(k, [w, f]): &(usize, [f64; 2])| {
                let [b, g, r] = self.skills[k];
                sigmoid(b + g * w + r * f)
            };
            if t > 0 {
                chances.push(own.iter().map(chance).sum::<f64>() / own.len() as f64);
            }
        });
        chances
    }
}

/// The coefficients that make `rows` (features, response) most likely, less the ridge.
fn newton(rows: &[([f64; 3], f64)]) -> [f64; 3] {
    let mut beta = [0.0; 3];
    for _ in 0..STEPS {
        let mut gradient = beta.map(|b| -RIDGE * b);
        let mut hessian = [[0.0; 3]; 3];
        for (x, y) in rows {
            let p = sigmoid((0..3).map(|i| beta[i] * x[i]).sum());
            for i in 0..3 {
                gradient[i] += (y - p) * x[i];
                for j in 0..3 {
                    hessian[i][j] += p * (1.0 - p) * x[i] * x[j];
                }
            }
        }
        for (i, row) in hessian.iter_mut().enumerate() {
            row[i] += RIDGE;
        }
        let step = solve(hessian, gradient);
        (0..3).for_each(|i| beta[i] += step[i].clamp(-5.0, 5.0));
        if step.iter().all(|s| s.abs() < 1e-6) {
            break;
        }
    }
    beta
}

/// x of A·x = b for a positive definite A, by Gauss's elimination.
fn solve(mut a: [[f64; 3]; 3], mut b: [f64; 3]) -> [f64; 3] {
    for i in 0..3 {
        for j in i + 1..3 {
            let (factor, pivot) = (a[j][i] / a[i][i], a[i]);
            a[j].iter_mut().zip(pivot).for_each(|(x, p)| *x -= factor * p);
            b[j] -= factor * b[i];
        }
    }
    for i in (0..3).rev() {
        for j in i + 1..3 {
            b[i] -= a[i][j] * b[j];
        }
        b[i] /= a[i][i];
    }
    b
}
