//! The class as files.

use eframe::egui::Ui;

use super::ClassView;
use crate::app::context::ViewContext;
use crate::app::students;
use crate::app::view_state::ViewState;
use crate::data::CsvText;
use crate::evaluate::{MASTERED, Standing, items_csv};
use crate::experiment::{Grid, Plot as Drawing, Series};
use crate::service::Export;

impl ClassView {
    pub(super) fn export(&self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) {
        let Some(opened) = &state.opened else { return };
        let students = |most: usize| {
            self.order
                .students
                .iter()
                .take(most)
                .filter_map(|&s| Some((opened.students[s].id.as_str(), state.summaries[s].as_ref()?)))
        };
        let grid = |most: usize| Grid {
            title: "Mastery after the last answer".to_owned(),
            columns: self.order.skills.iter().map(|s| opened.skills[s.0 as usize].name.clone()).collect(),
            rows: students(most)
                .map(|(id, s)| {
                    (
                        id.to_owned(),
                        self.order
                            .skills
                            .iter()
                            .map(|k| s.drawn().get(k.0 as usize).copied().unwrap_or_default())
                            .collect(),
                    )
                })
                .collect(),
        };
        for (text, ending) in [
            ("grid (first 200 students), PNG", "png"),
            ("grid (first 200 students), SVG", "svg"),
            ("all students, CSV", "csv"),
            ("roster: student, skill, mastery, chance and its band, standing, answers; CSV", "roster.csv"),
            ("all students, JSON", "json"),
        ] {
            if ui.button(text).clicked() {
                let export = match ending {
                    "png" => Export::Png(grid(200).svg()),
                    "svg" => Export::Text(grid(200).svg()),
                    "csv" => Export::Text(grid(usize::MAX).csv()),
                    "roster.csv" => Export::Text(roster(state, self.threshold.unwrap_or(MASTERED))),
                    _ => Export::Text(
                        crate::experiment::pretty(&students(usize::MAX).collect::<Vec<_>>()).unwrap_or_default(),
                    ),
                };
                context.save(&format!("class.{ending}"), export);
                ui.close();
            }
        }
        if let Some(report) = &state.class_report {
            let items = Some(("items, CSV", "items.csv")).filter(|_| !report.items.is_empty());
            let kinds = [("measures of honesty, CSV", "csv"), ("skills, items, curves and honesty, JSON", "json")];
            for (text, ending) in kinds.into_iter().chain(items) {
                if ui.button(text).clicked() {
                    let content = match ending {
                        "csv" => report.honesty.to_csv(),
                        "items.csv" => items_csv(&report.items, &opened.skills),
                        _ => crate::experiment::pretty(report).unwrap_or_default(),
                    };
                    context.save(&format!("class-report.{ending}"), Export::Text(content));
                    ui.close();
                }
            }
        }
        if let (Some(part), Some(all)) = (self.shown_part(state), &state.calibration)
            && ui.button("calibration, PNG").clicked()
        {
            let points: Vec<(f64, f64)> = all[part as usize]
                .bins
                .iter()
                .filter(|b| b.count > 0)
                .map(|b| (b.predicted(), b.share_correct()))
                .collect();
            let line = |name: &str, points, dash| Series {
                name: name.to_owned(),
                points,
                colour: dash,
                dash,
                marks: Vec::new(),
            };
            let drawing = Drawing {
                title: format!("Calibration, {} part", students::part_name(part)),
                x_label: "predicted probability of right".to_owned(),
                y_label: "share right".to_owned(),
                series: vec![line("model", points, 0), line("perfect", vec![(0.0, 0.0), (1.0, 1.0)], 1)],
                y_range: Some((0.0, 1.0)),
                note: String::new(),
            };
            context.save("calibration.png", Export::Png(drawing.svg()));
            ui.close();
        }
    }
}

/// One row a student and skill: mastery, chance of a right answer with its 80 % band, whether the skill is mastered with a chance of
/// `threshold`, answers, and the number of the last one.
fn roster(state: &ViewState, threshold: f32) -> String {
    let columns = ["student", "skill", "mastery", "chance", "low", "high", "standing", "answers", "last_practised"];
    let mut csv = CsvText::new(columns);
    let Some(opened) = &state.opened else { return csv.finish() };
    for summary in state.summaries.iter().flatten() {
        let id = &opened.students[summary.student as usize].id;
        for (k, skill) in opened.skills.iter().enumerate() {
            let figure = |values: &[f32]| values.get(k).map_or(String::new(), f32::to_string);
            let last = summary.last_practised.get(k).filter(|&&n| n > 0).map_or(String::new(), u32::to_string);
            let [low, high] = summary.chance_band(k).map_or_else(Default::default, |band| band.map(|x| x.to_string()));
            let standing = match summary.standing(k, threshold) {
                Some(Standing::Mastered) => "mastered",
                Some(Standing::Perhaps) => "perhaps",
                Some(Standing::NotMastered) => "not mastered",
                None if summary.attempts[k] == 0 => "never practised",
                None => "",
            };
            csv.row([
                id,
                &skill.name,
                &figure(&summary.mastery),
                &figure(summary.chances()),
                &low,
                &high,
                standing,
                &summary.attempts[k].to_string(),
                &last,
            ]);
        }
    }
    csv.finish()
}
