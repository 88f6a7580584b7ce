//! Two narrow plots below mastery: what was expected against what happened, and what each answer added.

use eframe::egui::{self, Ui};
use egui_plot::{Bar, BarChart, HLine, Line, MarkerShape, PlotPoints, Points};

use super::{Page, Timeline, step_text, visible};
use crate::app::theme;
use crate::data::Skill;

/// p(right) of each answer beforehand; a stem from there to what happened, as long as the surprise.
pub(super) fn predictions(page: &mut Page, ui: &mut Ui, timeline: &Timeline<'_>, skills: &[Skill], height: f32) {
    theme::part(
        ui,
        "Expected and actual",
        "● right  × wrong, at the probability of right the model gave beforehand; the stem is its surprise",
    );
    let plot = page
        .plot(ui, "predictions", timeline, height)
        .show_axes([false, true])
        .default_y_bounds(-0.05, 1.05)
        .y_grid_spacer(egui_plot::uniform_grid_spacer(|_| [1.0, 0.5, 0.25]))
        .y_axis_formatter(|m, _| format!("{:.1}", m.value));
    let cursor = page.cursor_line(ui, timeline);
    let colours = [theme::wrong(ui), theme::right(ui)];
    let weak = ui.visuals().weak_text_color();
    let response = plot.show(ui, |plot| {
        let range = visible(plot.plot_bounds(), timeline.steps.len());
        plot.hline(HLine::new("", 0.5).color(weak.gamma_multiply(0.5)).width(1.0).allow_hover(false));
        for (response, shape) in [(0u8, MarkerShape::Cross), (1, MarkerShape::Circle)] {
            let colour = colours[usize::from(response)];
            let own = range.clone().filter(|&t| timeline.steps[t].response == response);
            let points: Vec<[f64; 2]> =
                own.filter_map(|t| Some([t as f64 + 1.0, f64::from(timeline.steps[t].prediction?)])).collect();
            for &[x, y] in &points {
                let stem = vec![[x, y], [x, f64::from(response)]];
                plot.line(
                    Line::new("", PlotPoints::from(stem))
                        .color(colour.gamma_multiply(0.45))
                        .width(1.5)
                        .allow_hover(false),
                );
            }
            plot.points(
                Points::new("", PlotPoints::from(points)).shape(shape).radius(4.0).color(colour).allow_hover(false),
            );
        }
        plot.vline(cursor);
    });
    if let Some(at) = page.pointed(timeline, &response) {
        response.response.clone().on_hover_text_at_pointer(step_text(timeline, skills, at, None));
    }
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, "Expected and actual, by answer"));
}

/// Gain of the skill answered, upwards, and of all others together, downwards; where gains may be negative, both as they
/// are signed.
pub(super) fn gains(page: &mut Page, ui: &mut Ui, timeline: &Timeline<'_>, skills: &[Skill], height: f32) {
    if !timeline.has_mastery() {
        return;
    }
    let signed = timeline.steps.iter().any(|s| s.gain.iter().any(|&g| g < 0.0));
    let remark = match signed {
        true => "what each answer changed: its own skill's mastery, and behind it the sum over all others",
        false => {
            "what each answer added: up: its own skill; down: the sum over all others (a tenth of it goes into mastery)"
        }
    };
    theme::part(ui, "Gain", remark);
    let plot = page
        .plot(ui, "gains", timeline, height)
        .show_axes([false, true])
        .y_grid_spacer(egui_plot::uniform_grid_spacer(few))
        .y_axis_formatter(move |m, _| format!("{:.1}", if signed { m.value } else { m.value.abs() }));
    let cursor = page.cursor_line(ui, timeline);
    let (own, other) = (theme::accent(ui), ui.visuals().weak_text_color().gamma_multiply(0.6));
    let response = plot.show(ui, |plot| {
        let range = visible(plot.plot_bounds(), timeline.steps.len());
        let bars = |value: &dyn Fn(usize) -> Option<f32>, sign: f64, colour: egui::Color32| -> Vec<Bar> {
            range
                .clone()
                .filter_map(|t| {
                    Some(
                        Bar::new(t as f64 + 1.0, sign * f64::from(value(t)?))
                            .width(0.8)
                            .fill(colour)
                            .stroke(egui::Stroke::NONE),
                    )
                })
                .collect()
        };
        let side = if signed { 1.0 } else { -1.0 };
        plot.bar_chart(
            BarChart::new("other skills", bars(&|t| timeline.steps[t].spill_over(), side, other))
                .color(other)
                .allow_hover(false),
        );
        plot.bar_chart(
            BarChart::new("own skill", bars(&|t| timeline.steps[t].own_gain(), 1.0, own)).color(own).allow_hover(false),
        );
        plot.hline(HLine::new("", 0.0).color(other).width(1.0).allow_hover(false));
        plot.vline(cursor);
    });
    if let Some(at) = page.pointed(timeline, &response) {
        let step = timeline.steps[at];
        let more = format!("\ngain of other skills together {}", theme::figure(step.spill_over(), 3));
        response.response.clone().on_hover_text_at_pointer(step_text(timeline, skills, at, None) + &more);
    }
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, "Gain by answer"));
}

/// Steps between grid lines so that a low plot has about four of them.
fn few(input: egui_plot::GridInput) -> [f64; 3] {
    let range = input.bounds.1 - input.bounds.0;
    let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|step| range / step <= 4.0).unwrap_or(range / 4.0);
    [4.0 * step, 2.0 * step, step]
}
