//! The embedded class: students simulated from a known model, so that inferred mastery has a truth to meet.
//!
//! The generative model (also in `docs/DATA.md`), for a student with ability a ~ N(0,1) and pace
//! p = 0.16·exp(0.35·N(0,1)), and for each skill k with difficulty d and prerequisites P(k):
//! - initial mastery m\[k\] = 0.85·σ(1.8·a − d − 0.4 + 0.5·N(0,1));
//! - the student works through the curriculum in blocks of 2–6 answers, mostly on the next skill not yet
//!   mastered, sometimes looking back;
//! - an answer is right with probability guess + (1 − guess − slip)·m\[k\], guess 0.1, slip 0.05;
//! - where the class has items, an answer is to an item of the skill, drawn evenly; one item in five asks the skill's first
//!   prerequisite too. Items have difficulties b ~ N(0,1), and an answer is right with probability σ(mean over the item's skills
//!   of logit of the chance above − b);
//! - practice adds gain = p·(1 − m\[k\])·(0.25 + 0.75·min over P(k) of m), 30 % less after a wrong answer, and a
//!   fifth of that to each prerequisite. So mastery never falls.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::answers::Answers;
use super::corpus::Truth;
use super::students::{Dataset, Skill, Student};

const GUESS: f64 = 0.1;
const SLIP: f64 = 0.05;
const SPILL: f64 = 0.2;

/// Chance of a right answer to a skill, on an average item, of a student whose mastery of it is known.
pub fn simulated_chance(mastery: f64) -> f64 {
    GUESS + (1.0 - GUESS - SLIP) * mastery
}

/// A skill of the simulated curriculum.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedSkill {
    /// What a teacher would call it.
    pub name: &'static str,
    /// Difficulty on the logit scale of initial mastery.
    pub difficulty: f64,
    /// Indices of the skills it builds on.
    pub prerequisites: &'static [usize],
}

const fn skill(name: &'static str, difficulty: f64, prerequisites: &'static [usize]) -> SimulatedSkill {
    SimulatedSkill { name, difficulty, prerequisites }
}

/// The curriculum, in teaching order: prerequisites come first.
pub const SIMULATED_SKILLS: [SimulatedSkill; 12] = [
    skill("Addition", -1.2, &[]),
    skill("Subtraction", -0.8, &[0]),
    skill("Multiplication", -0.3, &[0]),
    skill("Division", 0.2, &[1, 2]),
    skill("Factors and multiples", 0.4, &[2, 3]),
    skill("Equivalent fractions", 0.6, &[4]),
    skill("Adding fractions", 0.9, &[0, 5]),
    skill("Multiplying fractions", 0.8, &[2, 5]),
    skill("Decimals", 0.5, &[3]),
    skill("Percentages", 1.0, &[5, 8]),
    skill("Negative numbers", 0.3, &[1]),
    skill("Linear equations", 1.3, &[3, 10]),
];

/// An item of the simulated class.
#[derive(Debug, Clone, PartialEq)]
struct SimulatedItem {
    skills: Vec<u32>,
    /// In logits.
    difficulty: f64,
}

/// Keeps what is drawn of items apart from what is drawn of students.
const ITEM_STREAM: u64 = 0x17e5;
/// Share of items that ask a second skill.
const TWO_SKILLS: f64 = 0.2;

/// `each` items of every skill, skill by skill.
fn draw_items(each: usize, seed: u64) -> Vec<SimulatedItem> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ITEM_STREAM);
    let mut draw = |k: usize| {
        let second = rng.random::<f64>() < TWO_SKILLS;
        let skills = std::iter::once(k).chain(SIMULATED_SKILLS[k].prerequisites.first().copied().filter(|_| second));
        SimulatedItem { skills: skills.map(|k| k as u32).collect(), difficulty: normal(&mut rng) }
    };
    (0..SIMULATED_SKILLS.len()).flat_map(|k| (0..each).map(|_| draw(k)).collect::<Vec<_>>()).collect()
}

/// Simulates a class without items. The same seed gives the same class on every machine.
pub fn simulate(students: usize, seed: u64) -> (Dataset, Truth) {
    simulate_with_items(students, 0, seed)
}

/// Simulates a class with so many items of each skill; with 0 it is that of [`simulate`].
pub fn simulate_with_items(students: usize, items_per_skill: usize, seed: u64) -> (Dataset, Truth) {
    let items = draw_items(items_per_skill, seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut dataset = Dataset {
        name: "embedded".to_owned(),
        max_skills_per_answer: items.iter().map(|item| item.skills.len()).max().unwrap_or(1),
        joins_skills: items.iter().any(|item| item.skills.len() > 1),
        items: (1..=items.len()).map(|number| format!("Q{number:03}")).collect(),
        skills: SIMULATED_SKILLS
            .iter()
            .enumerate()
            .map(|(i, s)| Skill { id: i.to_string(), name: s.name.to_owned() })
            .collect(),
        ..Dataset::default()
    };
    let difficulty = items.iter().map(|item| item.difficulty as f32).collect();
    let mut truth = Truth { mastery: Vec::with_capacity(students), difficulty };
    for i in 0..students {
        let (student, mastery) = simulate_student(format!("S{:03}", i + 1), &items, &mut rng);
        dataset.rows_read += student.answers.len() as u64;
        dataset.students.push(student);
        truth.mastery.push(mastery);
    }
    (dataset, truth)
}

/// A student of the class: what is known of nobody but a simulated one.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedStudent {
    /// Mastery of each skill, 0 to 1.
    pub mastery: [f64; SIMULATED_SKILLS.len()],
    /// How fast practice brings mastery.
    pub pace: f64,
}

impl SimulatedStudent {
    /// Draws a student before the first answer.
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let ability = normal(rng);
        let pace = 0.16 * (0.35 * normal(rng)).exp();
        let start =
            |s: SimulatedSkill| 0.85 / (1.0 + (-(1.8 * ability - s.difficulty - 0.4 + 0.5 * normal(rng))).exp());
        Self { mastery: SIMULATED_SKILLS.map(start), pace }
    }

    /// Chance of a correct answer to skill `k`.
    pub fn chance(&self, k: usize) -> f64 {
        simulated_chance(self.mastery[k])
    }

    /// Chance of a correct answer to an item of these skills and this difficulty, in logits; without a difficulty to speak of
    /// (`None`) it is that of the one skill.
    pub fn chance_on(&self, skills: &[u32], difficulty: Option<f64>) -> f64 {
        let Some(difficulty) = difficulty else { return self.chance(skills[0] as usize) };
        let logit = |&k: &u32| {
            let p = self.chance(k as usize);
            (p / (1.0 - p)).ln()
        };
        let mean = skills.iter().map(logit).sum::<f64>() / skills.len() as f64;
        1.0 / (1.0 + (difficulty - mean).exp())
    }

    /// Practises skill `k` by one answer.
    pub fn practise(&mut self, k: usize, correct: bool) {
        let skill = &SIMULATED_SKILLS[k];
        let ground = skill.prerequisites.iter().map(|&p| self.mastery[p]).fold(1.0, f64::min);
        let gain = self.pace * (1.0 - self.mastery[k]) * (0.25 + 0.75 * ground) * if correct { 1.0 } else { 0.7 };
        self.mastery[k] += gain;
        for &p in skill.prerequisites {
            self.mastery[p] += SPILL * gain * (1.0 - self.mastery[p]);
        }
    }

    /// The same student with a little noise on the logits of mastery and on the pace.
    pub fn jittered(&self, deviation: f64, rng: &mut ChaCha8Rng) -> Self {
        let moved = self.mastery.map(|m| {
            let m = m.clamp(1e-4, 1.0 - 1e-4);
            1.0 / (1.0 + (-((m / (1.0 - m)).ln() + deviation * normal(rng))).exp())
        });
        Self { mastery: moved, pace: self.pace * (0.6 * deviation * normal(rng)).exp() }
    }
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn simulate_student(id: String, items: &[SimulatedItem], rng: &mut ChaCha8Rng) -> (Student, Vec<f32>) {
    let each = items.len() / SIMULATED_SKILLS.len();
    let mut known = SimulatedStudent::draw(rng);
    let length = (3.5 + 0.6 * normal(rng)).exp().clamp(6.0, 160.0) as usize;
    let mut answers = Answers::default();
    let mut after = Vec::with_capacity(length * SIMULATED_SKILLS.len());
    let mut frontier = 0;
    while answers.len() < length {
        let k = match rng.random::<f64>() {
            x if x < 0.25 => rng.random_range(0..=frontier),
            _ => frontier,
        };
        for _ in 0..rng.random_range(2..=6) {
            if answers.len() == length {
                break;
            }
            let number = (each > 0).then(|| k * each + rng.random_range(0..each));
            let item = number.map(|number| &items[number]);
            let own = [k as u32];
            let skills = item.map_or(own.as_slice(), |item| &item.skills);
            let correct = rng.random::<f64>() < known.chance_on(skills, item.map(|item| item.difficulty));
            answers.push(skills, number.map_or(0, |number| number as u32 + 1), u8::from(correct));
            skills.iter().for_each(|&k| known.practise(k as usize, correct));
            after.extend(known.mastery.iter().map(|&m| m as f32));
        }
        let ready = known.mastery[frontier] > 0.7 || rng.random::<f64>() < 0.2;
        if ready {
            frontier = (frontier + 1) % SIMULATED_SKILLS.len();
        }
    }
    (Student { id, answers, ..Student::default() }, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prerequisites_come_first() {
        for (k, skill) in SIMULATED_SKILLS.iter().enumerate() {
            assert!(skill.prerequisites.iter().all(|&p| p < k), "{}", skill.name);
        }
    }

    #[test]
    fn same_seed_same_class_and_mastery_never_falls() {
        let (a, truth) = simulate(50, 7);
        assert_eq!((&a, &truth), (&simulate(50, 7).0, &simulate(50, 7).1));
        assert_ne!(a, simulate(50, 8).0);
        for (student, mastery) in a.students.iter().zip(&truth.mastery) {
            assert_eq!(mastery.len(), student.answers.len() * SIMULATED_SKILLS.len());
            for (before, after) in mastery.iter().zip(&mastery[SIMULATED_SKILLS.len()..]) {
                assert!(after >= before && (0.0..=1.0).contains(after));
            }
        }
        let share = a.share_correct();
        assert!((0.4..0.85).contains(&share), "share correct {share}");
    }

    #[test]
    fn a_class_with_items_has_hard_and_easy_ones_of_one_skill_or_two() {
        let (class, truth) = simulate_with_items(400, 6, 5);
        assert_eq!((class.items.len(), truth.difficulty.len(), class.max_skills_per_answer), (72, 72, 2));
        let mut counts = vec![[0u32; 2]; 73];
        for answer in class.students.iter().flat_map(|s| s.answers.iter()) {
            assert_eq!((answer.item as usize - 1) / 6, answer.skills[0] as usize, "an item of another skill");
            counts[answer.item as usize][usize::from(answer.is_correct())] += 1;
        }
        assert!(counts[1..].iter().all(|[wrong, right]| wrong + right > 0), "an item nobody answered");
        let share = |[wrong, right]: [u32; 2]| f64::from(right) / f64::from(wrong + right);
        let shares: Vec<f64> = counts[1..].iter().map(|&c| share(c)).collect();
        let difficulty: Vec<f64> = truth.difficulty.iter().map(|&b| f64::from(b)).collect();
        let correlation = crate::evaluate::correlation(&difficulty, &shares).unwrap();
        assert!(correlation < -0.6, "difficulty and share right correlate at {correlation}");
    }

    #[test]
    fn knowing_the_truth_predicts_the_answers() {
        let (class, truth) = simulate(2000, 3);
        let (mut scores, mut targets) = (Vec::new(), Vec::new());
        for (student, mastery) in class.students.iter().zip(&truth.mastery) {
            for (t, answer) in student.answers.iter().enumerate().skip(1) {
                scores.push(f64::from(mastery[(t - 1) * SIMULATED_SKILLS.len() + answer.skills[0] as usize]));
                targets.push(answer.is_correct());
            }
        }
        let auc = crate::evaluate::auc(&scores, &targets).unwrap();
        assert!((0.7..0.85).contains(&auc), "AUC of the truth {auc}");
    }
}
