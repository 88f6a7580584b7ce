//! Small questions on the skills of the embedded class, drawn at random, so that a person can be its next student.

use rand::{Rng, RngExt as _};

use super::simulated::SIMULATED_SKILLS;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercise {
    /// Index of the skill in [`SIMULATED_SKILLS`].
    pub skill: u32,
    /// The question.
    pub text: String,
    /// The answer as it is written.
    pub answer: String,
    /// Four answers to choose from, the right one among them, in no order.
    pub choices: Vec<String>,
}

impl Exercise {
    /// Makes up a question on a skill.
    ///
    /// # Panics
    /// There is no such skill.
    pub fn new(skill: u32, rng: &mut impl Rng) -> Self {
        assert!((skill as usize) < SIMULATED_SKILLS.len(), "the embedded class has no skill {skill}");
        let (text, answer) = question(skill, rng);
        let mut choices = near(&answer, rng);
        choices.insert(rng.random_range(0..=choices.len()), answer.clone());
        Self { skill, text, answer, choices }
    }

    /// Whether what was typed means the answer: 0.5, ,5 and 1/2 are the same.
    pub fn is_answer(&self, typed: &str) -> bool {
        match (value(typed), value(&self.answer)) {
            (Some(typed), Some(answer)) => (typed - answer).abs() < 1e-9,
            _ => false,
        }
    }
}

/// The number a text stands for: whole, decimal or a fraction.
fn value(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '%').collect();
    let plain = plain.replace(',', ".").replace(['−', '–'], "-");
    let plain = plain.strip_prefix("x=").unwrap_or(&plain);
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
    match plain.split_once('/') {
        Some((above, below)) => Some(number(above)? / number(below).filter(|&b| b != 0.0)?),
        None => number(plain),
    }
}

fn greatest_common_factor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_factor(b, a % b) }
}

/// A fraction in lowest terms.
fn fraction(above: i64, below: i64) -> String {
    let common = greatest_common_factor(above, below).max(1);
    match below / common {
        1 => signed(above / common),
        below => format!("{}/{below}", above / common),
    }
}

/// A whole number with a proper minus sign.
fn signed(number: i64) -> String {
    number.to_string().replace('-', "−")
}

/// Hundredths as a decimal number without needless zeros.
fn decimal(hundredths: i64) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn question(skill: u32, rng: &mut impl Rng) -> (String, String) {
    let mut pick = |least: i64, most: i64| rng.random_range(least..=most);
    match skill {
        0 => {
            let (a, b) = (pick(12, 89), pick(12, 89));
            (format!("{a} + {b} = ?"), signed(a + b))
        }
        1 => {
            let (a, b) = (pick(12, 89), pick(6, 59));
            (format!("{} − {b} = ?", a + b), signed(a))
        }
        2 => {
            let (a, b) = (pick(3, 12), pick(3, 12));
            (format!("{a} × {b} = ?"), signed(a * b))
        }
        3 => {
            let (a, b) = (pick(3, 12), pick(3, 12));
            (format!("{} ÷ {b} = ?", a * b), signed(a))
        }
        4 => {
            let (common, a) = (pick(2, 9), pick(2, 5));
            (format!("The greatest common factor of {} and {} is ?", common * a, common * (a + 1)), signed(common))
        }
        5 => {
            let (below, times) = (pick(3, 8), pick(2, 6));
            let above = pick(1, below - 1);
            (format!("{above}/{below} = ?/{}", below * times), signed(above * times))
        }
        6 => {
            let (a, b) = (pick(2, 6), pick(2, 6));
            (format!("1/{a} + 1/{b} = ?"), fraction(a + b, a * b))
        }
        7 => {
            let (below, times) = (pick(3, 6), pick(2, 6));
            let above = pick(2, below - 1);
            (format!("{above}/{below} of {} = ?", below * times), signed(above * times))
        }
        8 => {
            let (a, b) = (pick(2, 19) * 10, pick(11, 89));
            (format!("{} + {} = ?", decimal(a), decimal(b)), decimal(a + b))
        }
        9 => {
            let (percent, tens) = (pick(1, 9) * 10, pick(2, 9));
            (format!("{percent} % of {} = ?", tens * 10), signed(percent * tens / 10))
        }
        10 => {
            let (a, b) = (pick(2, 12), pick(2, 12));
            match pick(0, 1) {
                0 => (format!("−{a} + {b} = ?"), signed(b - a)),
                _ => (format!("{a} − {} = ?", a + b), signed(-b)),
            }
        }
        _ => {
            let (a, b, x) = (pick(2, 5), pick(1, 9), pick(2, 9));
            (format!("{a}x + {b} = {}. What is x?", a * x + b), signed(x))
        }
    }
}

/// Three answers that are near and wrong.
fn near(answer: &str, rng: &mut impl Rng) -> Vec<String> {
    let mut incorrect: Vec<String> = Vec::new();
    while incorrect.len() < 3 {
        let by = i64::from(rng.random_range(1..=4)) * if rng.random::<bool>() { 1 } else { -1 };
        let other = match answer.split_once('/') {
            Some((above, below)) => {
                let (above, below): (i64, i64) = (above.parse().unwrap_or(1), below.parse().unwrap_or(2));
                fraction((above + by).max(1), (below + rng.random_range(0..=2)).max(2))
            }
            None if answer.contains('.') => {
                let hundredths = (value(answer).unwrap_or_default() * 100.0).round() as i64;
                decimal((hundredths + by * if rng.random::<bool>() { 10 } else { 1 }).max(1))
            }
            None => {
                let number = value(answer).unwrap_or_default() as i64;
                signed(if number > 20 && rng.random::<bool>() { number + 10 * by.signum() } else { number + by })
            }
        };
        if value(&other) != value(answer) && !incorrect.contains(&other) {
            incorrect.push(other);
        }
    }
    incorrect
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn every_skill_has_questions_with_one_right_choice() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for skill in 0..SIMULATED_SKILLS.len() as u32 {
            for _ in 0..300 {
                let exercise = Exercise::new(skill, &mut rng);
                assert!(exercise.is_answer(&exercise.answer), "{exercise:?}");
                assert_eq!(exercise.choices.len(), 4, "{exercise:?}");
                let correct = exercise.choices.iter().filter(|c| exercise.is_answer(c)).count();
                assert_eq!(correct, 1, "{exercise:?}");
            }
        }
    }

    #[test]
    fn the_sums_are_right() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for (skill, sign) in [(0, '+'), (1, '−'), (2, '×'), (3, '÷')] {
            let exercise = Exercise::new(skill, &mut rng);
            let (a, rest) = exercise.text.split_once(sign).unwrap();
            let (a, b): (i64, i64) = (a.trim().parse().unwrap(), rest.trim_end_matches("= ?").trim().parse().unwrap());
            let expected = [a + b, a - b, a * b, a / b][skill as usize];
            assert_eq!(exercise.answer, expected.to_string(), "{}", exercise.text);
        }
        assert_eq!(fraction(6, 8), "3/4");
        assert_eq!(decimal(150), "1.5");
    }

    #[test]
    fn an_answer_may_be_written_in_several_ways() {
        let exercise =
            |answer: &str| Exercise { skill: 0, text: String::new(), answer: answer.to_owned(), choices: Vec::new() };
        for typed in ["1/2", "0.5", ",5", " 2 / 4 ", "0,50"] {
            assert!(exercise("1/2").is_answer(typed), "{typed}");
        }
        assert!(exercise("−3").is_answer("-3") && exercise("7").is_answer("x = 7"));
        for typed in ["", "half", "1/0", "NaN", "inf", "1/2/2"] {
            assert!(!exercise("1/2").is_answer(typed), "{typed}");
        }
    }
}
