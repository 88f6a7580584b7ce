//! Trajectories and plots of a finished run.

use std::ops::ControlFlow;

use super::folder::RunFolder;
use super::load::load_model;
use super::plot::{Plot, Series, png};
use super::record::pretty;
use crate::config::Config;
use crate::data::{Corpus, Fold};
use crate::error::Result;
use crate::evaluate::{Trajectory, item_report, items_csv, trajectory};
use crate::platform::device::Device;
use crate::train::EpochRow;

/// Most rows of trajectories.csv, one an answer and skill.
const MAX_CELLS: usize = 2_000_000;
/// Skills drawn for a student: the most practised.
const DRAWN: usize = 4;

/// Writes `artifacts/`: trajectories of the first students of the test set (or of the validation fold where there
/// is none), a row for each item where the data have items, and plots of losses, AUC and one student.
///
/// # Errors
/// The device fails or a file cannot be written.
pub async fn write_artifacts(
    folder: &RunFolder,
    config: &Config,
    corpus: &Corpus,
    history: &[EpochRow],
    device: &Device,
) -> Result<()> {
    let mut model = load_model(folder, config, corpus, device)?;
    let mut paths = Vec::new();
    for student in shown_students(config, corpus) {
        paths.push(trajectory(&mut model, corpus, &corpus.students[student]).await?);
    }
    folder.write_artifact("trajectories.json", pretty(&paths)?.as_bytes())?;
    folder.write_artifact("trajectories.csv", Trajectory::many_to_csv(&paths).as_bytes())?;
    if !corpus.items.is_empty() {
        let report = item_report(&mut model, corpus, config, async |_, _| ControlFlow::Continue(())).await?;
        let items = items_csv(&report.unwrap_or_default(), &corpus.skills);
        folder.write_artifact("items.csv", items.as_bytes())?;
    }
    let mut plots = vec![("loss", loss_plot(history)), ("auc", auc_plot(history))];
    // A student with a history long enough to see something.
    let told =
        paths.iter().filter(|p| p.steps.iter().any(|s| !s.drawn().is_empty())).max_by_key(|p| p.steps.len().min(60));
    plots.extend(told.map(|p| ("trajectory", student_plot(p, None))));
    for (name, plot) in plots {
        let svg = plot.svg();
        folder.write_artifact(&format!("{name}.svg"), svg.as_bytes())?;
        folder.write_artifact(&format!("{name}.png"), &png(&svg)?)?;
    }
    Ok(())
}

fn shown_students(config: &Config, corpus: &Corpus) -> Vec<usize> {
    let of = |fold: Fold| {
        let mut students: Vec<usize> =
            corpus.windows.iter().filter(|w| w.fold == fold).map(|w| w.student as usize).collect();
        students.dedup();
        students
    };
    let test = of(Fold::Test);
    let mut students = if test.is_empty() { of(Fold::Train(config.data.fold)) } else { test };
    students.truncate(config.interpretability.max_semantic_students);
    // The first of them always; of thousands of skills, not gigabytes.
    let mut cells = 0;
    let answers = |student: usize| -> usize {
        corpus.windows.iter().filter(|w| w.student as usize == student).map(crate::data::Window::len).sum()
    };
    let fit = students.iter().take_while(|&&student| {
        let before = cells;
        cells += answers(student) * corpus.skills.len();
        before == 0 || cells <= MAX_CELLS
    });
    let fit = fit.count();
    students.truncate(fit);
    students
}

fn line(
    name: &str,
    colour: usize,
    dash: usize,
    history: &[EpochRow],
    value: impl Fn(&EpochRow) -> Option<f64>,
) -> Series {
    Series {
        name: name.to_owned(),
        points: history.iter().filter_map(|row| Some((row.epoch as f64, value(row)?))).collect(),
        colour,
        dash,
        marks: Vec::new(),
    }
}

fn loss_plot(history: &[EpochRow]) -> Plot {
    let term = |name: &'static str| move |row: &EpochRow| row.terms.get(name).copied();
    Plot {
        title: "Loss by epoch".to_owned(),
        x_label: "epoch".to_owned(),
        y_label: "loss (nats)".to_owned(),
        series: vec![
            line("total, training", 0, 0, history, |row| Some(row.train_loss)),
            line("bce, training", 1, 1, history, term("bce")),
            line("bce, validation", 2, 2, history, |row| row.validation.loss),
        ],
        ..Plot::default()
    }
}

fn auc_plot(history: &[EpochRow]) -> Plot {
    Plot {
        title: "AUC by epoch".to_owned(),
        x_label: "epoch".to_owned(),
        y_label: "AUC".to_owned(),
        series: vec![
            line("training (with dropout)", 0, 1, history, |row| row.train_auc),
            line("validation", 1, 0, history, |row| row.validation.auc),
            line("validation, mastery alone", 2, 2, history, |row| row.validation.mastery_auc),
        ],
        ..Plot::default()
    }
}

/// Mastery of `skills` over time, with a mark at each answer of the skill; with no skills given, of those the
/// student practised most.
pub fn student_plot(path: &Trajectory, skills: Option<&[u32]>) -> Plot {
    let practised = path.by_practice();
    let drawn = skills.unwrap_or(&practised[..practised.len().min(DRAWN)]);
    let mut series = Vec::new();
    let known = path.steps.iter().any(|s| s.true_mastery.is_some());
    for (colour, skill) in drawn.iter().map(|&c| c as usize).enumerate() {
        let at = |values: Option<&[f32]>| values.and_then(|v| v.get(skill)).map(|&m| f64::from(m));
        let points = |value: &dyn Fn(usize) -> Option<f64>| {
            (0..path.steps.len()).filter_map(|t| Some((t as f64 + 1.0, value(t)?))).collect::<Vec<_>>()
        };
        let inferred = points(&|t| at(Some(path.steps[t].drawn())));
        let marks = path.steps.iter().zip(&inferred).filter(|(s, _)| s.skill as usize == skill);
        series.push(Series {
            name: path.skills[skill].name.clone(),
            marks: marks.map(|(s, p)| (p.0, p.1, s.response == 1)).collect(),
            points: inferred,
            colour,
            dash: 0,
        });
        if known {
            let points = points(&|t| at(path.steps[t].true_mastery.as_deref()));
            series.push(Series {
                name: format!("{}, true", path.skills[skill].name),
                points,
                colour,
                dash: 1,
                marks: Vec::new(),
            });
        }
    }
    let what = match path.steps.iter().all(|s| s.mastery.is_empty()) {
        true => "chance of a right answer",
        false => "mastery",
    };
    Plot {
        title: match skills {
            None => format!("Student {}: {what} of the skills practised most", path.student),
            Some(_) => format!("Student {}: {what} over time", path.student),
        },
        x_label: "answers given".to_owned(),
        y_label: format!("{what} (0 to 1)"),
        series,
        y_range: Some((0.0, 1.0)),
        note: "dot: right answer of that skill\ncross: wrong answer".to_owned(),
    }
}
