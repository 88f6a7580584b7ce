//! The ideal observer of a simulated class: a particle filter that knows how students of the class come about and learn,
//! but sees only their answers. No model can do better for long.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::super::scores::{TruthAgreement, truth_of};
use crate::data::{SimulatedStudent, Truth, Window};

/// Students imagined at once for each real one; four times as many change the third digit by one.
const PARTICLES: usize = 1000;
/// Noise on the logit of a particle that is copied, so that copies part.
const JITTER: f64 = 0.05;

/// What the observer finds on some windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Chance of a correct answer, for every answer but each window's first.
    pub chances: Vec<f64>,
    /// How the mastery it infers meets the true one.
    pub truth: TruthAgreement,
}

/// Observes `windows` of the simulated class with `skills` skills.
pub fn observe(windows: &[&Window], truth: &Truth, skills: usize) -> Observed {
    let each: Vec<(Vec<f64>, Vec<f32>)> = windows.par_iter().map(|w| follow(w, &truth.difficulty)).collect();
    let inferred = each.iter().map(|(_, mastery)| mastery.as_slice()).collect::<Vec<_>>();
    let truth = truth_of(windows, &inferred, truth, skills);
    Observed { chances: each.iter().flat_map(|(chances, _)| chances.iter().copied()).collect(), truth }
}

/// Chances of the window's answers but the first, and mean mastery after each answer `[answers, C]`; `difficulty` of items is
/// known too.
fn follow(window: &Window, difficulty: &[f32]) -> (Vec<f64>, Vec<f32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(window.student));
    let mut particles: Vec<SimulatedStudent> = (0..PARTICLES).map(|_| SimulatedStudent::draw(&mut rng)).collect();
    let mut weights = vec![1.0 / PARTICLES as f64; PARTICLES];
    let (mut chances, mut mastery) = (Vec::new(), Vec::new());
    for (t, answer) in window.answers.iter().enumerate() {
        let correct = answer.is_correct();
        let of_item = (answer.item as usize).checked_sub(1).and_then(|item| difficulty.get(item));
        let of_item = of_item.map(|&b| f64::from(b));
        let chance_of = |p: &SimulatedStudent| p.chance_on(answer.skills, of_item);
        if t > 0 {
            chances.push(particles.iter().zip(&weights).map(|(p, w)| w * chance_of(p)).sum());
        }
        for (particle, weight) in particles.iter_mut().zip(&mut weights) {
            let chance = chance_of(particle);
            *weight *= if correct { chance } else { 1.0 - chance };
            answer.skills.iter().for_each(|&k| particle.practise(k as usize, correct));
        }
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        for c in 0..particles[0].mastery.len() {
            mastery.push(particles.iter().zip(&weights).map(|(p, w)| w * p.mastery[c]).sum::<f64>() as f32);
        }
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        if effective < PARTICLES as f64 / 3.0 {
            particles = resampled(&particles, &weights, &mut rng);
            weights.fill(1.0 / PARTICLES as f64);
        }
    }
    (chances, mastery)
}

/// Particles drawn by weight, evenly spread, each moved a little.
fn resampled(particles: &[SimulatedStudent], weights: &[f64], rng: &mut ChaCha8Rng) -> Vec<SimulatedStudent> {
    let step = 1.0 / PARTICLES as f64;
    let mut at = rng.random::<f64>() * step;
    let (mut i, mut reached) = (0, weights[0]);
    let mut drawn = Vec::with_capacity(PARTICLES);
    for _ in 0..PARTICLES {
        while reached < at && i + 1 < particles.len() {
            i += 1;
            reached += weights[i];
        }
        drawn.push(particles[i].jittered(JITTER, rng));
        at += step;
    }
    drawn
}
