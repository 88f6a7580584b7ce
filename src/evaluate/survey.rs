//! Every student in a few figures, for lists and for the class as a whole.

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::certainty::{band, is_cheap};
use super::metrics::{auc, correlation};
use super::trajectory::close;
use crate::config::ModelKind;
use crate::data::{Corpus, Fold, RaggedBatch, Split, Window};
use crate::error::Result;
use crate::model::{Model, Question, RowStat};

/// Fewest steps of a window whose correlation counts.
const MIN_STEPS: usize = 3;
/// Points kept of a student's mastery over time, for a sparkline.
const POINTS: usize = 24;

/// One student in figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StudentSummary {
    /// Index into [`Corpus::students`].
    pub student: u32,
    /// Answers in the windows the model reads.
    pub answers: u32,
    /// Right ones.
    pub correct: u32,
    /// AUC of the predictions of this student's answers.
    pub auc: Option<f64>,
    /// Correlation of mean mastery with the next answers, mean over windows long enough (MODEL §5).
    pub correlation: Option<f64>,
    /// Mean mastery of the skills this student practised, at up to 24 answers evenly apart, the last among them;
    /// empty where the model has no heads.
    pub mastery_over_time: Vec<f32>,
    /// Mastery of every skill after the last answer.
    pub mastery: Vec<f32>,
    /// Chance of a right answer were each skill asked now; empty where it is the mastery (evidence model).
    #[serde(default)]
    pub chance: Vec<f32>,
    /// Standard deviation of the chance of every skill (MODEL §11), of those practised in the last window; empty where the model
    /// tells it only at length.
    #[serde(default)]
    pub deviation: Vec<Option<f32>>,
    /// Answers of every skill.
    pub attempts: Vec<u32>,
    /// Number of the last answer to every skill, from 1; 0 where there is none.
    #[serde(default)]
    pub last_practised: Vec<u32>,
}

impl StudentSummary {
    /// Share of right answers.
    pub fn share_correct(&self) -> f64 {
        f64::from(self.correct) / f64::from(self.answers.max(1))
    }

    /// What is shown of every skill: mastery, or the chance of a right answer where the model has no mastery.
    pub fn drawn(&self) -> &[f32] {
        if self.mastery.is_empty() { &self.chance } else { &self.mastery }
    }

    /// Chance of a right answer were each skill asked now.
    pub fn chances(&self) -> &[f32] {
        if self.chance.is_empty() { &self.mastery } else { &self.chance }
    }

    /// Whether what is shown ([`Self::drawn`]) is a chance, and not a mastery beside it.
    pub fn draws_chances(&self) -> bool {
        self.mastery.is_empty() || self.chance.is_empty()
    }

    /// The 80 % band around the chance of a skill; none where the skill was not practised in the last window.
    pub fn chance_band(&self, skill: usize) -> Option<[f32; 2]> {
        let deviation = self.deviation.get(skill).copied().flatten()?;
        Some(band(*self.chances().get(skill)?, deviation))
    }

    /// The band around what is drawn of a skill: none where that is a mastery that is not a chance.
    pub fn drawn_band(&self, skill: usize) -> Option<[f32; 2]> {
        self.chance_band(skill).filter(|_| self.draws_chances())
    }

    /// Whether a skill is mastered: its chance is at least `threshold`.
    pub fn standing(&self, skill: usize, threshold: f32) -> Option<Standing> {
        Some(Standing::of(self.chance_band(skill)?, threshold))
    }

    /// Mean of what is shown ([`Self::drawn`]) over the skills practised, after the last answer.
    pub fn final_mean(&self) -> Option<f32> {
        self.mastery_over_time.last().copied().or_else(|| {
            let practised = self.drawn().iter().zip(&self.attempts).filter(|(_, attempts)| **attempts > 0);
            let (sum, count) = practised.fold((0.0, 0), |(sum, count), (value, _)| (sum + value, count + 1));
            (count > 0).then(|| sum / count as f32)
        })
    }
}

/// Chance or mastery from which a skill counts as mastered, unless another is chosen.
pub const MASTERED: f32 = 0.8;

/// Whether a skill is mastered, as far as answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The whole band lies below the threshold.
    NotMastered,
    /// The threshold lies within the band.
    Perhaps,
    /// The whole band lies above the threshold.
    Mastered,
}

impl Standing {
    /// Where a band lies.
    pub fn of([low, high]: [f32; 2], threshold: f32) -> Self {
        match (low >= threshold, high < threshold) {
            (true, _) => Self::Mastered,
            (_, true) => Self::NotMastered,
            _ => Self::Perhaps,
        }
    }
}

/// Windows of each student, in time order.
pub fn windows_by_student(corpus: &Corpus) -> Vec<Vec<u32>> {
    let mut windows = vec![Vec::new(); corpus.students.len()];
    for (i, window) in corpus.windows.iter().enumerate() {
        windows[window.student as usize].push(i as u32);
    }
    windows
}

/// The part a window belongs to where `fold` is the validation fold.
pub fn part_of(window: &Window, fold: u8) -> Split {
    match window.fold {
        Fold::Test => Split::Test,
        Fold::Train(k) if k == fold => Split::Validation,
        Fold::Train(_) => Split::Train,
    }
}

/// Figures of some students, each given with their windows (at least one each), in one forward pass. The
/// predictions go into `calibrations`, one a part: training, validation, test.
///
/// # Errors
/// The device fails.
pub async fn survey(
    model: &mut Model,
    students: &[Vec<&Window>],
    fold: u8,
    calibrations: &mut [Calibration; 3],
) -> Result<Vec<StudentSummary>> {
    let skills = model.config().num_c;
    let mut batch = RaggedBatch::default();
    students.iter().flatten().for_each(|w| close(&mut batch, &w.answers));
    let offsets = batch.offsets.clone();
    let (stats, mastery) = model.survey(batch).await?;
    let chances = last_chances(model, students, &offsets).await?;
    let mut deviations = last_deviations(model, students, &offsets).await?.into_iter();
    let mut starts = offsets.iter().copied().map(|o| o as usize);
    let mut summaries = Vec::with_capacity(students.len());
    for windows in students {
        let mut gather = Gather::new(windows, skills);
        for window in windows {
            let rows = starts.next().unwrap_or_default();
            let probability = &stats.column(RowStat::Probability)[rows..rows + window.steps()];
            let mean = &stats.column(RowStat::MeanMastery)[rows..rows + window.steps()];
            let calibration = &mut calibrations[part_of(window, fold) as usize];
            gather.predictions(window, probability, calibration);
            if !mastery.is_empty() {
                gather.mastery(window, mean, &mastery[rows * skills..(rows + window.len()) * skills]);
            }
        }
        let mut summary = gather.summary();
        let at = summaries.len() * skills;
        summary.chance = chances.get(at..at + skills).unwrap_or_default().to_vec();
        summary.deviation = deviations.next().unwrap_or_default();
        summaries.push(summary);
    }
    Ok(summaries)
}

/// Rows of each student's last answer.
fn last_rows(students: &[Vec<&Window>], offsets: &[u32]) -> Vec<usize> {
    let mut windows = 0;
    let last = students.iter().map(|own| {
        windows += own.len();
        offsets[windows] as usize - 1
    });
    last.collect()
}

/// Deviations of the chances of skills practised in each student's last window, after the last answer, `[students][C]`; empty of
/// models that tell them only at length.
async fn last_deviations(
    model: &mut Model,
    students: &[Vec<&Window>],
    offsets: &[u32],
) -> Result<Vec<Vec<Option<f32>>>> {
    if !is_cheap(model.config()) {
        return Ok(Vec::new());
    }
    let mut questions = Vec::new();
    let mut deviations = vec![vec![None; model.config().num_c]; students.len()];
    let mut places = Vec::new();
    for ((student, own), row) in students.iter().enumerate().zip(last_rows(students, offsets)) {
        let window = own.last().expect("every student has a window");
        let practised: std::collections::BTreeSet<u32> = window.answers.by_skill().map(|(_, skill, _)| skill).collect();
        places.extend(practised.iter().map(|&skill| (student, skill as usize)));
        questions.extend(practised.into_iter().map(|skill| Question { row, skill, item: 0 }));
    }
    for ((student, skill), change) in places.into_iter().zip(model.what_if(&questions).await?) {
        deviations[student][skill] = Some(change.deviation());
    }
    Ok(deviations)
}

/// Chances after each student's last answer, `[students, C]`; empty for the evidence model, whose mastery they are.
async fn last_chances(model: &mut Model, students: &[Vec<&Window>], offsets: &[u32]) -> Result<Vec<f32>> {
    if model.config().kind == ModelKind::Evidence {
        return Ok(Vec::new());
    }
    model.chances(&last_rows(students, offsets)).await
}

/// Collects one student's figures.
struct Gather {
    summary: StudentSummary,
    practised: Vec<usize>,
    probabilities: Vec<f64>,
    targets: Vec<bool>,
    correlations: Vec<f64>,
    mastery_over_time: Vec<f32>,
}

impl Gather {
    fn new(windows: &[&Window], skills: usize) -> Self {
        let mut attempts = vec![0; skills];
        let mut last_practised = vec![0; skills];
        for window in windows {
            for (t, c, _) in window.answers.by_skill() {
                attempts[c as usize] += 1;
                last_practised[c as usize] = window.first + t as u32 + 1;
            }
        }
        let answers = || windows.iter().flat_map(|w| w.answers.responses());
        Self {
            practised: (0..skills).filter(|&c| attempts[c] > 0).collect(),
            summary: StudentSummary {
                student: windows.first().map_or(0, |w| w.student),
                answers: answers().count() as u32,
                correct: answers().map(|&r| u32::from(r)).sum(),
                attempts,
                last_practised,
                ..StudentSummary::default()
            },
            probabilities: Vec::new(),
            targets: Vec::new(),
            correlations: Vec::new(),
            mastery_over_time: Vec::new(),
        }
    }

    fn predictions(&mut self, window: &Window, probability: &[f32], calibration: &mut Calibration) {
        for (&p, &r) in probability.iter().zip(&window.answers.responses()[1..]) {
            self.probabilities.push(f64::from(p));
            self.targets.push(r == 1);
            calibration.add(f64::from(p), r == 1);
        }
    }

    fn mastery(&mut self, window: &Window, mean: &[f32], mastery: &[f32]) {
        let skills = self.summary.attempts.len();
        if mean.len() >= MIN_STEPS {
            let mean: Vec<f64> = mean.iter().map(|&m| f64::from(m)).collect();
            let next: Vec<f64> = window.answers.responses()[1..].iter().map(|&r| f64::from(r)).collect();
            self.correlations.extend(correlation(&mean, &next));
        }
        for row in mastery.chunks_exact(skills) {
            let sum: f32 = self.practised.iter().map(|&c| row[c]).sum();
            self.mastery_over_time.push(sum / self.practised.len() as f32);
        }
        self.summary.mastery = mastery[mastery.len() - skills..].to_vec();
    }

    fn summary(mut self) -> StudentSummary {
        self.summary.auc = auc(&self.probabilities, &self.targets);
        let n = self.correlations.len();
        self.summary.correlation = (n > 0).then(|| self.correlations.iter().sum::<f64>() / n as f64);
        let points = self.mastery_over_time.len().min(POINTS);
        let at = |i: usize| if points == 1 { 0 } else { i * (self.mastery_over_time.len() - 1) / (points - 1) };
        self.summary.mastery_over_time = (0..points).map(|i| self.mastery_over_time[at(i)]).collect();
        self.summary
    }
}
