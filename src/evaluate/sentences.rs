//! What is seen in the pictures, in whole sentences: for screen readers, printed reports, and people who would rather
//! read.

use super::trajectory::{Trajectory, TrajectoryStep, practice};

/// Skills told of by name, the most practised.
const NAMED: usize = 4;

/// A share as percent; figure and sign stay on one line.
pub fn percent(share: impl Into<f64>) -> String {
    format!("{:.0}\u{a0}%", share.into() * 100.0)
}

/// A chance as percent with the ends of its band: "61 %, between 48 and 74".
pub fn percent_between(chance: f32, band: Option<[f32; 2]>) -> String {
    match band {
        Some([low, high]) => format!("{}, between {:.0} and {:.0}", percent(chance), 100.0 * low, 100.0 * high),
        None => percent(chance),
    }
}

/// "right" or "wrong".
pub fn outcome_word(response: u8) -> &'static str {
    if response == 1 { "right" } else { "wrong" }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The student as a whole, `auc` being that of the predictions of their answers.
pub fn student_sentences(path: &Trajectory, auc: Option<f64>) -> Vec<String> {
    let steps = &path.steps;
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return vec![format!("Student {} has no answers.", path.student)];
    };
    let practised = path.by_practice();
    let name = |skill: u32| path.skills.get(skill as usize).map_or("?", |s| s.name.as_str());
    let correct = steps.iter().filter(|s| s.response == 1).count();
    let mut sentences = vec![format!(
        "Student {} gave {} to {}; {} were right.",
        path.student,
        counted(steps.len(), "answer"),
        counted(practised.len(), "skill"),
        percent(correct as f64 / steps.len() as f64)
    )];
    if let Some(auc) = auc {
        let how = match auc {
            a if a >= 0.75 => "well",
            a if a >= 0.6 => "fairly well",
            a if a >= 0.5 => "hardly better than chance",
            _ => "worse than chance",
        };
        sentences.push(format!("The model predicted this student's answers {how} (AUC {auc:.2})."));
    }
    if last.drawn().is_empty() {
        sentences.push("This model has no mastery: it only predicts answers.".to_owned());
        return sentences;
    }
    let what = match last.mastery.is_empty() {
        true => "the chance of a right answer",
        false => "mastery",
    };
    for &skill in practised.iter().take(NAMED) {
        let own: Vec<&TrajectoryStep> = steps.iter().filter(|s| s.skill == skill).collect();
        let correct = own.iter().filter(|s| s.response == 1).count();
        let at = |step: &TrajectoryStep| step.drawn().get(skill as usize).copied().unwrap_or_default();
        let before = own.first().map_or(0.0, |s| at(s));
        let mut text = format!(
            "{}: {}, {} right; {what} went from {} to {}",
            name(skill),
            counted(own.len(), "answer"),
            percent(correct as f64 / own.len() as f64),
            percent(before),
            percent_between(at(last), last.drawn_band(skill as usize))
        );
        if let Some(truth) = last.true_mastery.as_ref().and_then(|t| t.get(skill as usize)) {
            text += &format!(" (true mastery of this simulated student: {})", percent(*truth));
        }
        sentences.push(text + ".");
    }
    if practised.len() > NAMED {
        sentences.push(format!("{} were practised less.", counted(practised.len() - NAMED, "other skill")));
    }
    let never = path.skills.len() - practised.len();
    if never > 0 && !last.deviation.is_empty() {
        let were = if never == 1 { "was" } else { "were" };
        sentences.push(format!(
            "{} {were} never practised: their values are guesses from other skills.",
            counted(never, "skill")
        ));
    }
    let most = steps.iter().enumerate().filter_map(|(t, s)| Some((t, s, s.own_gain()?)));
    if let Some((t, step, gain)) = most.max_by(|a, b| a.2.total_cmp(&b.2)).filter(|m| m.2 > 0.0) {
        sentences.push(format!(
            "The largest gain was at answer {}, {}, {}: {gain:.3}.",
            t + 1,
            name(step.skill),
            outcome_word(step.response)
        ));
    }
    if last.window > first.window {
        sentences
            .push(format!("The model read the answers in {} windows and started fresh with each.", last.window + 1));
    }
    sentences
}

/// How hard an item of this difficulty (in logits) is, in words.
pub fn difficulty_words(difficulty: f32) -> &'static str {
    match difficulty {
        d if d > 1.5 => "much harder than an average item of its skill",
        d if d > 0.5 => "harder than an average item of its skill",
        d if d >= -0.5 => "about as hard as an average item of its skill",
        d if d >= -1.5 => "easier than an average item of its skill",
        _ => "much easier than an average item of its skill",
    }
}

/// Chance of a right answer before this one had the item been an average one of its skills.
pub fn chance_on_average_item(step: &TrajectoryStep) -> Option<f32> {
    let (p, difficulty) = (step.prediction?, step.difficulty?);
    Some(p / (p + (1.0 - p) * (-difficulty).exp()))
}

/// One answer to the skill called `name`: what was expected, what came, what the model believes now.
pub fn answer_sentences(step: &TrajectoryStep, name: &str) -> Vec<String> {
    let mut sentences = vec![match (step.prediction, chance_on_average_item(step)) {
        (Some(p), Some(average)) => format!(
            "The model expected a right answer to this item with {}; to an average item of its skill, with {}.",
            percent(p),
            percent(average)
        ),
        (Some(p), None) => format!("The model expected a right answer with {}.", percent(p)),
        (None, _) => "This is the first answer, so the model expected nothing.".to_owned(),
    }];
    if let Some(difficulty) = step.difficulty {
        sentences.push(format!("This item is {} ({difficulty:+.1}).", difficulty_words(difficulty)));
    }
    if let (Some(m), Some(g)) = (step.mastery.get(step.skill as usize), step.own_gain()) {
        sentences.push(format!(
            "Mastery of {name} is now {}; this answer's gain was {g:.3}.",
            percent_between(*m, step.drawn_band(step.skill as usize))
        ));
    } else if let Some(chance) = step.drawn().get(step.skill as usize) {
        let chance = percent_between(*chance, step.drawn_band(step.skill as usize));
        sentences.push(format!("If {name} were asked again, the chance of a right answer would be {chance}."));
    }
    if let Some(truth) = step.true_mastery.as_ref().and_then(|t| t.get(step.skill as usize)) {
        sentences.push(format!("True mastery of this simulated student: {}.", percent(*truth)));
    }
    sentences
}

/// A row of a table of skills.
#[derive(Debug, Clone, PartialEq)]
pub struct SkillRow {
    /// Index of the skill.
    pub skill: u32,
    /// Answers.
    pub answers: u32,
    /// Right ones.
    pub correct: u32,
    /// Mastery after the last answer; none where the model has no heads.
    pub mastery: Option<f32>,
    /// Chance of a right answer were the skill asked now; none where the model cannot be asked.
    pub chance: Option<f32>,
    /// The 80 % band around that chance; none of skills never practised.
    pub band: Option<[f32; 2]>,
}

/// The skills of a path, the most practised first, those never practised last.
pub fn skill_rows(path: &Trajectory) -> Vec<SkillRow> {
    let answers = practice(&path.steps, path.skills.len());
    let correct = practice(path.steps.iter().filter(|s| s.response == 1), path.skills.len());
    let mastery = |skill: usize| path.steps.last().and_then(|s| s.mastery.get(skill)).copied();
    let row = |skill: usize| SkillRow {
        skill: skill as u32,
        answers: answers[skill],
        correct: correct[skill],
        mastery: mastery(skill),
        chance: path.steps.last().and_then(|s| s.chances().get(skill)).copied(),
        band: path.steps.last().and_then(|s| s.chance_band(skill)),
    };
    let mut rows: Vec<SkillRow> = (0..path.skills.len()).map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.answers));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Skill;

    fn step(skill: u32, response: u8, mastery: [f32; 2], gain: [f32; 2]) -> TrajectoryStep {
        TrajectoryStep {
            skill,
            response,
            mastery: mastery.into(),
            gain: gain.into(),
            prediction: Some(0.25),
            ..TrajectoryStep::default()
        }
    }

    #[test]
    fn a_student_is_told_in_sentences() {
        let path = Trajectory {
            student: "ann".to_owned(),
            skills: vec![Skill::unnamed("adding"), Skill::unnamed("dividing")],
            items: Default::default(),
            steps: vec![step(0, 1, [0.25, 0.5], [0.1, 0.0]), step(0, 0, [0.75, 0.5], [0.4, 0.2])],
        };
        let text = student_sentences(&path, Some(0.8)).join("\n").replace('\u{a0}', " ");
        for part in [
            "Student ann gave 2 answers to 1 skill; 50 % were right.",
            "well (AUC 0.80)",
            "adding: 2 answers, 50 % right; mastery went from 25 % to 75 %.",
            "answer 2, adding, wrong: 0.400",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let told = answer_sentences(&path.steps[1], "adding").join(" ").replace('\u{a0}', " ");
        assert_eq!(
            told,
            "The model expected a right answer with 25 %. Mastery of adding is now 75 %; this answer's gain was 0.400."
        );
        let rows = skill_rows(&path);
        assert_eq!((rows[0].answers, rows[0].correct, rows[0].mastery), (2, 1, Some(0.75)));
        assert_eq!((rows[1].skill, rows[1].answers), (1, 0));
        let empty = Trajectory { student: "bob".to_owned(), ..Trajectory::default() };
        assert_eq!(student_sentences(&empty, None), ["Student bob has no answers."]);
    }
}
