//! Skills: how hard they are, how they are learned, who has mastered them, and their learning curves.

use eframe::egui::{self, RichText, Ui, vec2};
use egui_extras::{Column, TableBuilder};
use egui_plot::{FilledArea, Line, LineStyle, MarkerShape, Plot, PlotPoints, Points};

use super::ClassView;
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::evaluate::{ClassReport, MASTERED, SkillReport, Standing};

/// Columns of the table, with what they mean.
const COLUMNS: [(&str, &str); 10] = [
    ("skill", "click to see its learning curve"),
    ("answers", "answers to it"),
    ("right", "share of them that were right"),
    ("prior", "chance of a right answer before any answer (evidence model); lower is harder"),
    ("slope", "how many points the share right rises from one opportunity to the next"),
    ("AUC", "how well its answers are predicted; 0.5 is guessing"),
    ("learns from others", "how much it learns from answers to other skills, on average (evidence model)"),
    ("informs others", "how much an answer to it informs other skills, on average (evidence model)"),
    ("mastered", "share of students who practised it whose mastery is at or above the threshold"),
    ("for sure", "share of students who practised it whose whole 80 % band is at or above the threshold"),
];

impl ClassView {
    /// Table and learning curve.
    pub(super) fn skills(&mut self, ui: &mut Ui, state: &ViewState) {
        let Some(report) = &state.class_report else {
            ui.spinner();
            ui.label("Asking the model about every skill…");
            return;
        };
        let Some(opened) = &state.opened else { return };
        let mut threshold = self.threshold.unwrap_or(MASTERED);
        ui.horizontal_wrapped(|ui| {
            theme::part(ui, "Skills", &format!("of {} students", report.students));
            let label = ui.label("mastered from");
            let slider = egui::Slider::new(&mut threshold, 0.05..=0.99).fixed_decimals(2);
            ui.add(slider).labelled_by(label.id);
            self.threshold = Some(threshold);
        });
        self.table(ui, state, report, threshold);
        ui.add_space(theme::GAP);
        let name = |k: u32| opened.skills.get(k as usize).map_or("?", |s| s.name.as_str());
        let about = self.curve.map_or("all skills together".to_owned(), |k| name(k).to_owned());
        theme::part(
            ui,
            "Learning curve",
            "share wrong by opportunity, with its 95 % interval; dashed: what the model expected",
        );
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(about).strong());
            if self.curve.is_some() && ui.button("all skills").clicked() {
                self.curve = None;
            }
        });
        let shown = self.curve.and_then(|k| report.skills.get(k as usize)).unwrap_or(&report.all);
        curve(ui, shown);
        if !report.transfer.is_empty() {
            ui.add_space(theme::GAP);
            super::transfer::show(ui, opened, &report.transfer);
        }
    }

    fn table(&mut self, ui: &mut Ui, state: &ViewState, report: &ClassReport, threshold: f32) {
        let Some(opened) = &state.opened else { return };
        let mastered = mastered(state, threshold);
        let mut order: Vec<usize> = (0..report.skills.len()).filter(|&k| report.skills[k].answers > 0).collect();
        order.sort_by(|&a, &b| report.skills[a].correct.total_cmp(&report.skills[b].correct));
        let figure = |value: Option<f64>, digits| theme::figure(value, digits);
        egui::ScrollArea::horizontal().id_salt("skills").show(ui, |ui| {
            let table = TableBuilder::new(ui)
                .striped(true)
                .sense(egui::Sense::click())
                .column(Column::initial(190.0).at_least(110.0).clip(true))
                .columns(Column::auto().at_least(64.0), COLUMNS.len() - 1)
                .max_scroll_height(300.0)
                .vscroll(true);
            let table = table.header(22.0, |mut header| {
                for (name, meaning) in COLUMNS {
                    header.col(|ui| {
                        ui.strong(name).on_hover_text(meaning);
                    });
                }
            });
            table.body(|body| {
                body.rows(20.0, order.len(), |mut row| {
                    let k = order[row.index()];
                    let skill = &report.skills[k];
                    row.set_selected(self.curve == Some(k as u32));
                    let cells = [
                        opened.skills[k].name.clone(),
                        skill.answers.to_string(),
                        theme::percent(skill.correct),
                        skill.prior.map_or("–".to_owned(), theme::percent),
                        figure(skill.slope.map(|s| 100.0 * s), 1),
                        figure(skill.auc, 3),
                        skill.transfer_in.map_or("–".to_owned(), theme::percent),
                        skill.transfer_out.map_or("–".to_owned(), theme::percent),
                        mastered[k].share.map_or("–".to_owned(), theme::percent),
                        mastered[k].sure.map_or("–".to_owned(), theme::percent),
                    ];
                    for text in cells {
                        row.col(|ui| {
                            ui.add(egui::Label::new(text).selectable(false).truncate());
                        });
                    }
                    if row.response().clicked() {
                        self.curve = Some(k as u32);
                    }
                });
            });
        });
    }

    pub(super) fn means(&self, ui: &mut Ui, state: &ViewState) {
        let Some(opened) = &state.opened else { return };
        let word = Self::shown_by(state);
        theme::part(ui, "Skills", &format!("mean {word} of those who practised them, weakest first"));
        ui.spacing_mut().item_spacing.y = 3.0;
        for &(skill, mean, count) in self.order.skills.iter().filter(|s| s.2 > 0) {
            let name = &opened.skills[skill as usize].name;
            ui.horizontal(|ui| {
                let bar = (ui.available_width() * 0.4).max(70.0);
                let text = ui.available_width() - bar - 10.0;
                ui.allocate_ui_with_layout(vec2(text, 16.0), egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.set_min_width(text);
                    ui.add(egui::Label::new(RichText::new(name).size(13.0)).truncate())
                        .on_hover_text(format!("{name}\npractised by {count} students"));
                });
                theme::bar(ui, &format!("mean {word} of {name}"), mean, &theme::percent(mean), bar, theme::line(ui, 0));
            });
        }
    }
}

/// Of those who practised a skill, the shares who have mastered it.
#[derive(Default)]
struct MasteredShares {
    /// Whose mastery is at the threshold or above.
    share: Option<f64>,
    /// Whose band is; none where the model does not say how sure it is.
    sure: Option<f64>,
}

/// Who has mastered each skill.
fn mastered(state: &ViewState, threshold: f32) -> Vec<MasteredShares> {
    let skills = state.opened.as_ref().map_or(0, |o| o.skills.len());
    // Those who practised it, those above the threshold, those with a band, those whose band is above.
    let mut counts = vec![[0usize; 4]; skills];
    for summary in state.summaries.iter().flatten() {
        for (k, (&drawn, &attempts)) in summary.drawn().iter().zip(&summary.attempts).enumerate() {
            if attempts > 0 {
                let band = summary.drawn_band(k);
                let sure = band.is_some_and(|band| Standing::of(band, threshold) == Standing::Mastered);
                for (count, counts_here) in counts[k].iter_mut().zip([true, drawn >= threshold, band.is_some(), sure]) {
                    *count += usize::from(counts_here);
                }
            }
        }
    }
    let share = |count: usize, all: usize| (all > 0).then(|| count as f64 / all as f64);
    let shares =
        |[all, above, banded, sure]: [usize; 4]| MasteredShares { share: share(above, all), sure: share(sure, banded) };
    counts.into_iter().map(shares).collect()
}

/// Share wrong by opportunity.
fn curve(ui: &mut Ui, skill: &SkillReport) {
    let (ink, weak) = (theme::accent(ui), ui.visuals().weak_text_color());
    let x = |opportunity: usize| opportunity as f64;
    let points: Vec<[f64; 2]> = skill.curve.iter().map(|p| [x(p.opportunity), p.incorrect]).collect();
    let opportunities: Vec<f64> = skill.curve.iter().map(|p| x(p.opportunity)).collect();
    let [lower, upper] = [0, 1].map(|end| skill.curve.iter().map(|p| p.interval[end]).collect::<Vec<f64>>());
    let model: Vec<[f64; 2]> = skill.curve.iter().filter_map(|p| Some([x(p.opportunity), p.predicted?])).collect();
    let last = skill.curve.last().map_or(1.0, |p| x(p.opportunity));
    let response = theme::with_grid(ui, Plot::new("learning curve"))
        .height(230.0)
        .default_x_bounds(0.5, last + 0.5)
        .default_y_bounds(0.0, 1.0)
        .x_grid_spacer(egui_plot::uniform_grid_spacer(|_| [10.0, 1.0, 1.0]))
        .x_axis_formatter(|m, _| if m.value >= 0.5 { format!("{:.0}", m.value) } else { String::new() })
        .y_grid_spacer(egui_plot::uniform_grid_spacer(|_| [1.0, 0.5, 0.25]))
        .y_axis_formatter(|m, _| format!("{:.2}", m.value))
        .x_axis_label("opportunity: first, second, third … answer to the skill")
        .y_axis_label("share wrong")
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .show_x(false)
        .show_y(false)
        .label_formatter(|_| None)
        .show(ui, |plot| {
            let band = FilledArea::new("", &opportunities, &lower, &upper).fill_color(ink.gamma_multiply(0.18));
            plot.add(band.allow_hover(false));
            plot.line(Line::new("", PlotPoints::from(points.clone())).color(ink).width(2.0).allow_hover(false));
            let discs = Points::new("", PlotPoints::from(points)).shape(MarkerShape::Circle).radius(3.5);
            plot.points(discs.color(ink).allow_hover(false));
            let dashed = Line::new("", PlotPoints::from(model)).style(LineStyle::dashed_dense()).width(2.0);
            plot.line(dashed.color(weak).allow_hover(false));
        });
    if let Some(pointer) = response.response.hover_pos() {
        let at = response.transform.value_from_position(pointer).x.round();
        if let Some(p) = skill.curve.iter().find(|p| x(p.opportunity) == at) {
            let mut text = format!(
                "opportunity {}: {} of {} answers wrong\n95 % interval {} to {}",
                p.opportunity,
                theme::percent(p.incorrect),
                p.answers,
                theme::percent(p.interval[0]),
                theme::percent(p.interval[1])
            );
            if let Some(predicted) = p.predicted {
                text += &format!("\nthe model expected {}", theme::percent(predicted));
            }
            response.response.clone().on_hover_text_at_pointer(text);
        }
    }
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, "Share wrong by opportunity"));
}
