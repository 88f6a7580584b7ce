//! Answers about the open data: students, the class, and what a data file holds.

use super::opened::OpenedModel;
use super::protocol::{DataReport, Event, FirstAnswer, ItemAnswer, ItemAnswers};
use crate::config::Config;
use crate::data::{Answer, Corpus, Window};
use crate::error::{Error, Result};
use crate::evaluate::{
    Calibration, ClassQuartiles, ClassReport, Trajectory, class_quartiles, class_report, parts, survey, trajectory,
};
use crate::model::Model;
use crate::platform::device::Device;
use crate::platform::{Instant, Task, spawn_task};

/// Rows surveyed at once: little enough that a question never waits long.
const ROWS: usize = 2048;
/// Answers shown of a file before it is trained on.
const FIRST_ANSWERS: usize = 4;
/// Students the class's quartiles are over, drawn evenly.
const QUARTILE_STUDENTS: usize = 600;

/// A walk through all students, a few at a time.
#[derive(Debug)]
pub(super) struct Survey {
    next: usize,
    calibrations: [Calibration; 3],
    total: usize,
    done: usize,
}

impl Survey {
    pub(super) fn new(opened: &OpenedModel) -> Self {
        let total = opened.windows.iter().filter(|w| !w.is_empty()).count();
        Self { next: 0, calibrations: Default::default(), total, done: 0 }
    }

    pub(super) fn done(&self) -> bool {
        self.done == self.total
    }

    /// The next few students.
    pub(super) async fn some(&mut self, opened: &mut OpenedModel) -> Result<Vec<Event>> {
        let mut students: Vec<Vec<&Window>> = Vec::new();
        let mut rows = 0;
        while rows < ROWS && self.next < opened.windows.len() {
            let windows: Vec<&Window> =
                opened.windows[self.next].iter().map(|&w| &opened.corpus.windows[w as usize]).collect();
            self.next += 1;
            if !windows.is_empty() {
                rows += windows.iter().map(|w| w.len()).sum::<usize>();
                students.push(windows);
            }
        }
        let fold = opened.info.config.data.fold;
        let summaries = survey(&mut opened.model, &students, fold, &mut self.calibrations).await?;
        self.done += summaries.len();
        let mut events = vec![Event::Surveyed { summaries, done: self.done, total: self.total }];
        if self.done() {
            events.push(Event::Calibrated(Box::new(self.calibrations)));
        }
        Ok(events)
    }
}

/// The path of the student with this index.
pub(super) async fn student(model: &mut Model, corpus: &Corpus, student: u32) -> Result<Trajectory> {
    let id = corpus.students.get(student as usize);
    let id = id.ok_or_else(|| Error::Request(format!("there is no student number {student}")))?;
    trajectory(model, corpus, id).await
}

/// All answers to the item with this index; of an answer with several rows, the first.
pub(super) fn to_item(corpus: &Corpus, item: u32) -> ItemAnswers {
    let mut answers = Vec::new();
    for window in &corpus.windows {
        let own =
            window.answers.iter().enumerate().filter(|(t, a)| a.item == item + 1 && window.repeats.get(*t) != Some(&1));
        answers.extend(own.map(|(t, a)| ItemAnswer {
            student: window.student,
            answer: window.first + t as u32,
            correct: a.is_correct(),
        }));
    }
    ItemAnswers { item, answers }
}

/// The class's quartiles, by the first windows of up to 600 students evenly apart.
pub(super) async fn quartiles(opened: &mut OpenedModel) -> Result<ClassQuartiles> {
    let firsts: Vec<u32> = opened.windows.iter().filter_map(|w| w.first().copied()).collect();
    let step = firsts.len().div_ceil(QUARTILE_STUDENTS).max(1);
    let windows: Vec<&Window> = firsts.iter().step_by(step).map(|&w| &opened.corpus.windows[w as usize]).collect();
    class_quartiles(&mut opened.model, &windows).await
}

/// What a corpus read since `began` holds.
pub(super) fn report(config: &Config, corpus: &Corpus, began: Instant) -> Result<DataReport> {
    let windows = parts(config, corpus)?;
    Ok(DataReport {
        name: corpus.name.clone(),
        format: corpus.format.unwrap_or_default().to_owned(),
        students: corpus.students.len(),
        skills: corpus.skills.len(),
        items: corpus.items.len(),
        parts: windows.each_ref().map(|w| (w.len(), Corpus::steps(w))),
        seconds: began.elapsed().as_secs_f64(),
        first: first_answers(corpus),
    })
}

/// The first answers of the first student.
fn first_answers(corpus: &Corpus) -> Vec<FirstAnswer> {
    let Some(window) = corpus.windows.iter().find(|w| w.student == 0).or(corpus.windows.first()) else {
        return Vec::new();
    };
    let names = |skills: &[u32]| skills.iter().map(|&k| corpus.skills[k as usize].name.as_str()).collect::<Vec<_>>();
    let first = |answer: Answer<'_>| FirstAnswer {
        student: corpus.students[window.student as usize].clone(),
        skills: names(answer.skills).join(" + "),
        item: (answer.item as usize).checked_sub(1).map_or_else(String::new, |item| corpus.items[item].clone()),
        correct: answer.is_correct(),
    };
    window.answers.iter().take(FIRST_ANSWERS).map(first).collect()
}

/// Makes the class report with a copy of the open model, in a task of its own: the service goes on taking requests.
pub(super) async fn class_report_task(opened: &mut OpenedModel) -> Result<Task<Result<ClassReport>>> {
    let (shape, weights) = (opened.model.config().clone(), opened.model.read_weights().await?);
    let (corpus, config) = (opened.corpus.clone(), opened.info.config.clone());
    spawn_task("gainakt-class", move || async move {
        let mut model = Model::from_weights(&shape, &weights, &Device::Cpu)?;
        class_report(&mut model, &corpus, &config).await
    })
}
