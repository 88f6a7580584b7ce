//! One student step by step: what the model believed after each answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::certainty;
use crate::config::ModelKind;
use crate::data::{Answers, Corpus, CsvText, RaggedBatch, Skill};
use crate::error::{Error, Result};
use crate::model::Model;

/// Columns of a trajectory as CSV; the last two where items are known.
const COLUMNS: [&str; 17] = [
    "position",
    "window",
    "skill_id",
    "skill_name",
    "response",
    "attempts",
    "prediction",
    "of_skill_id",
    "of_skill_name",
    "mastery",
    "gain",
    "chance",
    "chance_low",
    "chance_high",
    "true_mastery",
    "item_id",
    "difficulty",
];

/// A student's path through all their windows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Student id.
    pub student: String,
    /// Skills by index: columns of mastery and gain.
    pub skills: Vec<Skill>,
    /// Ids of the items that were answered, by [`TrajectoryStep::item`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<u32, String>,
    /// One entry an answer, in time order.
    pub steps: Vec<TrajectoryStep>,
}

/// One answer and what the model made of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryStep {
    /// Position among the student's answers, from 0.
    pub position: u32,
    /// Window the answer lies in; the model starts afresh with each.
    pub window: usize,
    /// Index of the skill answered: the first, where there are several.
    pub skill: u32,
    /// The answer's further skills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_skills: Vec<u32>,
    /// Index of the item answered plus 1; 0 where it is unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub item: u32,
    /// Difficulty of that item, in logits above the average one, of models that know items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<f32>,
    /// 1 right, 0 wrong.
    pub response: u8,
    /// Answers of the (first) skill so far, this one among them: how much evidence there is.
    pub attempts: u32,
    /// p(right) the model gave this answer beforehand; none for a window's first.
    pub prediction: Option<f32>,
    /// Mastery of every skill after the answer; empty where the model has no heads.
    pub mastery: Vec<f32>,
    /// Gain of every skill from the answer; empty where the model has no heads.
    pub gain: Vec<f32>,
    /// Chance of a right answer were each skill asked now; empty where it is the mastery (evidence model).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chance: Vec<f32>,
    /// Standard deviation of the chance of every skill (MODEL §11), of those practised so far; empty where the model cannot be
    /// asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deviation: Vec<Option<f32>>,
    /// Known mastery of every skill after the answer, in a simulated class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_mastery: Option<Vec<f32>>,
}

/// Follows the student `id` through `corpus`.
///
/// # Errors
/// No such student, or the device fails.
pub async fn trajectory(model: &mut Model, corpus: &Corpus, id: &str) -> Result<Trajectory> {
    check_student(corpus, id)?;
    let windows = corpus.student(id);
    let truth = corpus.truth.as_ref().map(|t| &t.mastery[windows[0].student as usize]);
    let mut steps = Vec::new();
    for (w, window) in windows.iter().enumerate() {
        for (t, mut step) in trace_answers(model, &window.answers).await?.into_iter().enumerate() {
            step.position = window.first + t as u32;
            step.window = w;
            let cells =
                step.position as usize * corpus.skills.len()..(step.position as usize + 1) * corpus.skills.len();
            step.true_mastery = truth.and_then(|truth| truth.get(cells)).map(<[f32]>::to_vec);
            steps.push(step);
        }
    }
    count_attempts(&mut steps, corpus.skills.len());
    let items = steps.iter().filter(|s| s.item > 0);
    let items = items.map(|s| (s.item, corpus.items[s.item as usize - 1].clone())).collect();
    Ok(Trajectory { student: id.to_owned(), skills: corpus.skills.clone(), items, steps })
}

/// Checks that the student `id` is in `corpus`.
///
/// # Errors
/// There is no such student; some ids that are there are named.
pub fn check_student(corpus: &Corpus, id: &str) -> Result<()> {
    if !corpus.student(id).is_empty() {
        return Ok(());
    }
    let some: Vec<&str> = corpus.students.iter().take(3).map(String::as_str).collect();
    Err(Error::Request(format!("no student \"{id}\" in {}; ids look like {}", corpus.name, some.join(", "))))
}

/// What the model makes of answers given one after another, in one window; positions count from 0.
///
/// # Errors
/// The device fails.
pub async fn trace_answers(model: &mut Model, answers: &Answers) -> Result<Vec<TrajectoryStep>> {
    let skill_count = model.config().num_c;
    let output = model.forward(closed_window(answers)).await?;
    let difficulties = model.difficulties().await?;
    let every: Vec<usize> = (0..answers.len()).collect();
    let chances = if model.config().kind == ModelKind::Evidence { Vec::new() } else { model.chances(&every).await? };
    let (mastery, gains) = output.heads.map_or_else(Default::default, |h| (h.mastery, h.gains));
    let deviations = certainty::along(model, answers).await?;
    let row =
        |values: &[f32], t: usize| values.get(t * skill_count..(t + 1) * skill_count).unwrap_or_default().to_vec();
    let mut steps: Vec<TrajectoryStep> = answers
        .iter()
        .enumerate()
        .map(|(t, answer)| TrajectoryStep {
            position: t as u32,
            skill: answer.skills[0],
            more_skills: answer.skills[1..].to_vec(),
            item: answer.item,
            difficulty: difficulties.get(answer.item as usize).copied().filter(|_| answer.item > 0),
            response: answer.response,
            prediction: t.checked_sub(1).map(|before| 1.0 / (1.0 + (-output.logits[before]).exp())),
            mastery: row(&mastery, t),
            gain: row(&gains, t),
            chance: row(&chances, t),
            deviation: deviations.get(t).cloned().unwrap_or_default(),
            ..TrajectoryStep::default()
        })
        .collect();
    count_attempts(&mut steps, skill_count);
    Ok(steps)
}

/// A window in which every answer has a row: a placeholder for the unknown next exercise gives the last answer a row too.
pub(super) fn closed_window(answers: &Answers) -> RaggedBatch {
    let mut batch = RaggedBatch::default();
    close(&mut batch, answers);
    batch
}

/// Appends a window as [`closed_window`] makes it.
pub(super) fn close(batch: &mut RaggedBatch, answers: &Answers) {
    let mut closed = answers.clone();
    closed.push(&[0], 0, 0);
    batch.push(&closed);
}

fn is_zero(item: &u32) -> bool {
    *item == 0
}

fn count_attempts(steps: &mut [TrajectoryStep], skills: usize) {
    let mut attempts = vec![0; skills];
    for step in steps {
        step.skills().for_each(|k| attempts[k as usize] += 1);
        step.attempts = attempts[step.skill as usize];
    }
}

impl TrajectoryStep {
    /// Skills of the answer.
    pub fn skills(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.skill).chain(self.more_skills.iter().copied())
    }

    /// What is drawn over time of every skill: mastery, or the chance of a right answer where the model has no mastery.
    pub fn drawn(&self) -> &[f32] {
        if self.mastery.is_empty() { &self.chance } else { &self.mastery }
    }

    /// Chance of a right answer were each skill asked now.
    pub fn chances(&self) -> &[f32] {
        if self.chance.is_empty() { &self.mastery } else { &self.chance }
    }

    /// Whether what is drawn ([`Self::drawn`]) is a chance, and not a mastery beside it.
    pub fn draws_chances(&self) -> bool {
        self.mastery.is_empty() || self.chance.is_empty()
    }

    /// The 80 % band around the chance of a skill; none where the skill was not practised so far or the model cannot be asked.
    pub fn chance_band(&self, skill: usize) -> Option<[f32; 2]> {
        let deviation = self.deviation.get(skill).copied().flatten()?;
        Some(certainty::band(*self.chances().get(skill)?, deviation))
    }

    /// The band around what is drawn of a skill: none where that is a mastery that is not a chance.
    pub fn drawn_band(&self, skill: usize) -> Option<[f32; 2]> {
        self.chance_band(skill).filter(|_| self.draws_chances())
    }

    /// Gain of the skills answered, from this answer (summed up, where there are several); none where the model has no heads.
    pub fn own_gain(&self) -> Option<f32> {
        self.skills().map(|k| self.gain.get(k as usize).copied()).sum()
    }

    /// Sum of the gains of all other skills from this answer.
    pub fn spill_over(&self) -> Option<f32> {
        self.own_gain().map(|own| self.gain.iter().sum::<f32>() - own)
    }
}

/// Answers of each of `skills` skills.
pub fn practice<'a>(steps: impl IntoIterator<Item = &'a TrajectoryStep>, skills: usize) -> Vec<u32> {
    let mut counts = vec![0; skills];
    steps.into_iter().flat_map(TrajectoryStep::skills).for_each(|k| counts[k as usize] += 1);
    counts
}

impl Trajectory {
    /// Skills practised, the most practised first.
    pub fn by_practice(&self) -> Vec<u32> {
        let counts = practice(&self.steps, self.skills.len());
        let mut order: Vec<u32> = (0..counts.len() as u32).filter(|&c| counts[c as usize] > 0).collect();
        order.sort_by_key(|&c| std::cmp::Reverse(counts[c as usize]));
        order
    }

    /// As CSV, one row an answer and skill: step, what was answered, and that skill's mastery and gain. Where items are
    /// known, two more columns have the item answered and its difficulty.
    pub fn to_csv(&self) -> String {
        let columns = columns(self.has_items());
        let mut csv = CsvText::new(&columns);
        self.rows(columns.len(), |row| csv.row(row));
        csv.finish()
    }

    /// Several students as [`Self::to_csv`] writes one, each row beginning with the student.
    pub fn many_to_csv(paths: &[Self]) -> String {
        let columns = columns(paths.iter().any(Self::has_items));
        let mut csv = CsvText::new(std::iter::once("student").chain(columns.iter().copied()));
        for path in paths {
            path.rows(columns.len(), |row| csv.row(std::iter::once(path.student.as_str()).chain(row.iter().copied())));
        }
        csv.finish()
    }

    /// Names of the skills of a step, joined by +.
    pub fn skill_names(&self, step: &TrajectoryStep) -> String {
        let name = |k: u32| self.skills.get(k as usize).map_or("?", |s| s.name.as_str());
        step.skills().map(name).collect::<Vec<_>>().join(" + ")
    }

    /// Whether any item answered is known.
    fn has_items(&self) -> bool {
        self.steps.iter().any(|s| s.item > 0)
    }

    /// Gives the first `columns` fields of each row to `write`.
    fn rows(&self, columns: usize, mut write: impl FnMut(&[&str])) {
        let number = |value: Option<&f32>| value.map_or(String::new(), f32::to_string);
        for step in &self.steps {
            let of_skills = |text: fn(&Skill) -> &str, join: &str| {
                step.skills().map(|k| text(&self.skills[k as usize])).collect::<Vec<_>>().join(join)
            };
            let (own_id, own_name) = (of_skills(|s| &s.id, "_"), of_skills(|s| &s.name, " + "));
            let [position, window, response, attempts] =
                [step.position as usize, step.window, usize::from(step.response), step.attempts as usize]
                    .map(|n| n.to_string());
            let prediction = number(step.prediction.as_ref());
            let item = self.items.get(&step.item).map_or("", String::as_str);
            let difficulty = number(step.difficulty.as_ref());
            for (c, skill) in self.skills.iter().enumerate() {
                let mastery = number(step.mastery.get(c));
                let gain = number(step.gain.get(c));
                let chance = number(step.chances().get(c));
                let [low, high] =
                    step.chance_band(c).map_or_else(Default::default, |band| band.map(|end| end.to_string()));
                let truth = number(step.true_mastery.as_ref().and_then(|t| t.get(c)));
                let row: [&str; COLUMNS.len()] = [
                    &position,
                    &window,
                    &own_id,
                    &own_name,
                    &response,
                    &attempts,
                    &prediction,
                    &skill.id,
                    &skill.name,
                    &mastery,
                    &gain,
                    &chance,
                    &low,
                    &high,
                    &truth,
                    item,
                    &difficulty,
                ];
                write(&row[..columns]);
            }
        }
    }
}

/// Names of the columns, those of items among them or not.
fn columns(items: bool) -> Vec<&'static str> {
    COLUMNS[..COLUMNS.len() - if items { 0 } else { 2 }].to_vec()
}
