//! Bayesian knowledge tracing (Corbett & Anderson 1995): each skill is known or not; what is not known may be learned with
//! every answer, and answers slip and are guessed. Four parameters a skill, by expectation maximisation.

use rayon::prelude::*;

use crate::data::Window;

/// Most a guess or a slip may explain: beyond one half knowing and not knowing change places.
const MAX_GUESS: f64 = 0.5;
/// See [`MAX_GUESS`].
const MAX_SLIP: f64 = 0.3;
/// Rounds of expectation maximisation.
const ROUNDS: usize = 40;
/// Chances stay this far from 0 and 1.
const MARGIN: f64 = 1e-3;

/// Parameters of one skill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracing {
    /// P(L₀): known before the first answer.
    pub known: f64,
    /// P(T): learned with an answer.
    pub learn: f64,
    /// P(G): a correct answer without knowing.
    pub guess: f64,
    /// P(S): an incorrect answer in spite of knowing.
    pub slip: f64,
}

impl Tracing {
    const START: Self = Self { known: 0.4, learn: 0.1, guess: 0.25, slip: 0.1 };

    /// P(answer | known) and P(answer | not known).
    fn likelihood(self, response: u8) -> [f64; 2] {
        match response {
            1 => [1.0 - self.slip, self.guess],
            _ => [self.slip, 1.0 - self.guess],
        }
    }

    /// P(L) after an answer, from that before it.
    fn after(self, known: f64, response: u8) -> f64 {
        let [yes, no] = self.likelihood(response);
        let seen = known * yes / (known * yes + (1.0 - known) * no);
        seen + (1.0 - seen) * self.learn
    }
}

/// Bayesian knowledge tracing of all skills.
#[derive(Debug, Clone, PartialEq)]
pub struct SkillTracing {
    /// Parameters by skill; those of skills nobody answered are the start of the search.
    pub skills: Vec<Tracing>,
}

/// Sums of the expectation step.
#[derive(Default)]
struct Expected {
    sequences: f64,
    known_first: f64,
    /// Steps from not known, and those on which it was learned.
    chances: f64,
    learned: f64,
    /// Answers while known (and incorrect ones), while not known (and correct ones).
    known: f64,
    slips: f64,
    unknown: f64,
    guesses: f64,
}

impl SkillTracing {
    /// Learns from the answers of `train`; every window begins anew.
    pub fn learn(train: &[&Window], skills: usize) -> Self {
        let mut sequences: Vec<Vec<Vec<u8>>> = vec![Vec::new(); skills];
        for window in train {
            let mut of_skill: std::collections::BTreeMap<u32, Vec<u8>> = std::collections::BTreeMap::new();
            for (_, k, r) in window.answers.by_skill() {
                of_skill.entry(k).or_default().push(r);
            }
            of_skill.into_iter().for_each(|(k, answers)| sequences[k as usize].push(answers));
        }
        Self { skills: sequences.par_iter().map(|s| maximise(s)).collect() }
    }

    /// For every answer of the windows but their first: the chance that it is correct, and P(L) of its skill before it; means,
    /// where it has several skills.
    pub fn follow(&self, windows: &[&Window]) -> (Vec<f64>, Vec<f64>) {
        let (mut chances, mut known) = (Vec::new(), Vec::new());
        for window in windows {
            let mut states: std::collections::HashMap<u32, f64> = std::collections::HashMap::new();
            for (t, answer) in window.answers.iter().enumerate() {
                let (mut chance, mut state_sum) = (0.0, 0.0);
                for &k in answer.skills {
                    let skill = self.skills[k as usize];
                    let state = *states.entry(k).or_insert(skill.known);
                    chance += state * (1.0 - skill.slip) + (1.0 - state) * skill.guess;
                    state_sum += state;
                }
                if t > 0 {
                    chances.push(chance / answer.skills.len() as f64);
                    known.push(state_sum / answer.skills.len() as f64);
                }
                for k in answer.skills {
                    states
                        .entry(*k)
                        .and_modify(|state| *state = self.skills[*k as usize].after(*state, answer.response));
                }
            }
        }
        (chances, known)
    }
}

fn maximise(sequences: &[Vec<u8>]) -> Tracing {
    let mut skill = Tracing::START;
    if sequences.is_empty() {
        return skill;
    }
    for _ in 0..ROUNDS {
        let mut sums = Expected::default();
        sequences.iter().for_each(|answers| expect(skill, answers, &mut sums));
        let share = |part: f64, whole: f64, most: f64| {
            if whole > 0.0 { (part / whole).clamp(MARGIN, most) } else { MARGIN }
        };
        skill = Tracing {
            known: share(sums.known_first, sums.sequences, 1.0 - MARGIN),
            learn: share(sums.learned, sums.chances, 1.0 - MARGIN),
            guess: share(sums.guesses, sums.unknown, MAX_GUESS),
            slip: share(sums.slips, sums.known, MAX_SLIP),
        };
    }
    skill
}

/// Adds what `answers` say of a skill: forward and backward pass of a chain with two states, scaled to 1 at each answer.
fn expect(skill: Tracing, answers: &[u8], sums: &mut Expected) {
    let n = answers.len();
    // P(known | answers so far, this one among them).
    let mut filtered = Vec::with_capacity(n);
    let mut prior = skill.known;
    for &r in answers {
        let [yes, no] = skill.likelihood(r);
        let seen = prior * yes / (prior * yes + (1.0 - prior) * no);
        filtered.push(seen);
        prior = seen + (1.0 - seen) * skill.learn;
    }
    // P(known | all answers), from the last back.
    let mut later: Option<f64> = None;
    for t in (0..n).rev() {
        let now = filtered[t];
        let smoothed = match later {
            None => now,
            Some(next) => {
                let predicted = now + (1.0 - now) * skill.learn;
                // From not known, the next state is known with P(T): its share of the next state's chance.
                let learned = (1.0 - now) * skill.learn * next / predicted;
                let stayed =
                    (1.0 - now) * (1.0 - skill.learn) * (1.0 - next) / (1.0 - predicted).max(f64::MIN_POSITIVE);
                sums.chances += learned + stayed;
                sums.learned += learned;
                now * next / predicted
            }
        };
        if answers[t] == 1 {
            sums.guesses += 1.0 - smoothed;
        } else {
            sums.slips += smoothed;
        }
        sums.known += smoothed;
        sums.unknown += 1.0 - smoothed;
        later = Some(smoothed);
    }
    sums.sequences += 1.0;
    sums.known_first += later.unwrap_or(skill.known);
}
