//! Mastery over time: a line a skill, a mark at each of its answers.

use eframe::egui::{self, Color32, Stroke, Ui};
use egui_plot::{FilledArea, Line, LineStyle, MarkerShape, PlotPoints, PlotUi, Points, Span, VLine};

use super::{Page, Timeline, step_text, visible};
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::config::ModelKind;
use crate::data::Skill;
use crate::evaluate::TrajectoryStep;
use crate::service::ModelRole;

pub(super) fn show(
    page: &mut Page,
    ui: &mut Ui,
    state: &ViewState,
    timeline: &Timeline<'_>,
    skills: &[Skill],
    height: f32,
) {
    let lines = page.lines(timeline);
    let (title, remark) = match state.opened.as_ref().map(|o| o.model.kind) {
        _ if !timeline.has_mastery() => {
            ("Chance of a right answer", "if the skill were asked, 0 to 1; this model has no mastery of its own")
        }
        Some(ModelKind::Evidence) => {
            ("Mastery", "the chance of a right answer if the skill were asked, 0 to 1; it falls after wrong answers")
        }
        _ => ("Mastery", "how well the model thinks the student knows it, 0 to 1; it never falls within a window"),
    };
    theme::part(ui, title, remark);
    chips(page, ui, timeline, skills, &lines);
    if timeline.steps.iter().all(|s| s.drawn().is_empty()) {
        ui.label("This model only predicts the skill that is asked; it says nothing about other skills.");
        return;
    }
    key(page, ui, state, timeline);
    let plot = page
        .plot(ui, "mastery", timeline, height)
        .default_y_bounds(-0.03, 1.03)
        .y_grid_spacer(egui_plot::uniform_grid_spacer(|_| [1.0, 0.5, 0.25]))
        .y_axis_formatter(|m, _| format!("{:.2}", m.value));
    let cursor = page.cursor_line(ui, timeline);
    let (weak, faint) = (ui.visuals().weak_text_color(), ui.visuals().faint_bg_color);
    let colours: Vec<Color32> = (0..lines.len()).map(|i| theme::line(ui, i)).collect();
    let response = plot.show(ui, |plot| {
        let range = visible(plot.plot_bounds(), timeline.steps.len());
        if let Some(from) = timeline.imagined_from {
            let span = Span::new("", from as f64 + 0.5..=timeline.steps.len() as f64 + 0.5);
            plot.span(span.fill(faint).border_color(weak));
        }
        for at in range.clone().filter(|&t| timeline.starts_window(t)) {
            plot.vline(VLine::new("", at as f64 + 0.5).color(weak).style(LineStyle::dotted_dense()).allow_hover(false));
        }
        if let (true, Some(first)) = (page.show_class, lines.first()) {
            class_band(plot, state, *first, colours[0]);
        }
        for (&skill, &colour) in lines.iter().zip(&colours) {
            others(page, plot, state, skill, colour);
            if !page.hide_bands {
                bands(plot, timeline, range.clone(), skill, colour);
            }
            model_line(plot, timeline, range.clone(), skill, colour);
            marks(plot, timeline, range.clone(), skill, colour);
        }
        plot.vline(cursor);
    });
    let nearest = response.response.hover_pos().map(|pointer| {
        let at = response.transform.value_from_position(pointer);
        nearest_line(timeline, &lines, at.x, at.y)
    });
    if let Some(at) = page.pointed(timeline, &response) {
        let text = step_text(timeline, skills, at, nearest.flatten());
        response.response.clone().on_hover_text_at_pointer(text);
    }
    let label = format!(
        "{title} over {} answers of {} skills; left and right arrow move the cursor",
        timeline.steps.len(),
        lines.len()
    );
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, &label));
}

/// The skills with a line: names in their colours, to be taken away or added to.
fn chips(page: &mut Page, ui: &mut Ui, timeline: &Timeline<'_>, skills: &[Skill], lines: &[u32]) {
    let mut chosen = lines.to_vec();
    ui.horizontal_wrapped(|ui| {
        for (i, &skill) in lines.iter().enumerate() {
            let colour = theme::line(ui, i);
            let name = theme::short(&skills[skill as usize].name, 26);
            let chip = egui::Button::new(egui::RichText::new(format!("{name}  ×")).color(colour))
                .stroke(Stroke::new(1.0, colour))
                .fill(Color32::TRANSPARENT);
            if ui.add(chip).on_hover_text("take this line away").clicked() {
                chosen.retain(|&c| c != skill);
            }
        }
        theme::menu(ui, "Skills", |ui| {
            egui::ScrollArea::vertical().max_height(340.0).show(ui, |ui| {
                let rest = (0..skills.len() as u32).filter(|c| !timeline.by_practice.contains(c));
                for skill in timeline.by_practice.iter().copied().chain(rest) {
                    let mut on = chosen.contains(&skill);
                    if ui.checkbox(&mut on, &skills[skill as usize].name).changed() {
                        if on { chosen.push(skill) } else { chosen.retain(|&c| c != skill) }
                    }
                }
            });
        });
        if has_bands(timeline) {
            let mut show = !page.hide_bands;
            let hint = "where the true chance is with 80 % probability, according to the model: based on how far one more answer would move it";
            ui.toggle_value(&mut show, "Bands").on_hover_text(hint);
            page.hide_bands = !show;
        }
        if page.chosen.is_some() && ui.button("Most practised").clicked() {
            page.chosen = None;
            chosen = page.lines(timeline);
        }
    });
    if chosen != lines {
        page.chosen = Some(chosen);
    }
}

/// What the signs mean, of those that are drawn.
fn key(page: &mut Page, ui: &mut Ui, state: &ViewState, timeline: &Timeline<'_>) {
    let has_truth = state.opened.as_ref().is_some_and(|s| s.has_truth);
    let mut text = "● right  × wrong answer of that skill   · · ·  not practised yet".to_owned();
    if has_bands(timeline) && !page.hide_bands {
        text += "   shade  80 % band";
    }
    if has_truth && !page.hide_truth {
        text += "   – –  true mastery";
    }
    if let Some(other) = &state.other {
        text += &format!("   - - -  {}", theme::short(other, 30));
    }
    if let Some(with) = page.with.and_then(|w| state.opened.as_ref()?.students.get(w as usize)) {
        text += &format!("   thin  {}", with.id);
    }
    if page.imagined.is_some() {
        text += "   grey  what if";
    }
    if page.show_class {
        text += "   paler shade  the class's middle half";
    }
    ui.label(theme::weak(text).small());
}

/// The skill whose line is nearest to a point.
fn nearest_line(timeline: &Timeline<'_>, lines: &[u32], x: f64, y: f64) -> Option<u32> {
    let step = timeline.steps.get((x.round() as usize).checked_sub(1)?)?;
    let away = |c: &u32| step.drawn().get(*c as usize).map_or(f64::MAX, |m| (f64::from(*m) - y).abs());
    lines.iter().copied().min_by(|a, b| away(a).total_cmp(&away(b)))
}

/// Points of a value over steps; a window's first step begins a new line.
fn pieces<'s>(
    steps: impl Iterator<Item = (usize, &'s TrajectoryStep, bool)>,
    value: impl Fn(&TrajectoryStep) -> Option<f32>,
) -> Vec<Vec<[f64; 2]>> {
    let mut pieces: Vec<Vec<[f64; 2]>> = vec![Vec::new()];
    for (t, step, afresh) in steps {
        if afresh {
            pieces.push(Vec::new());
        }
        if let (Some(v), Some(piece)) = (value(step), pieces.last_mut()) {
            piece.push([t as f64 + 1.0, f64::from(v)]);
        }
    }
    pieces
}

/// Whether the model says how sure it is of what is drawn.
fn has_bands(timeline: &Timeline<'_>) -> bool {
    timeline.steps.iter().any(|step| step.draws_chances() && !step.deviation.is_empty())
}

/// The model's line, dotted before the skill was practised.
fn model_line(
    plot: &mut PlotUi<'_>,
    timeline: &Timeline<'_>,
    range: std::ops::Range<usize>,
    skill: u32,
    colour: Color32,
) {
    let first = timeline.first_practice(skill);
    let guess = (LineStyle::dotted_dense(), range.start..range.end.min(first + 1));
    for (style, part) in [guess, (LineStyle::Solid, range.start.max(first)..range.end)] {
        let steps = part.map(|t| (t, timeline.steps[t], timeline.starts_window(t)));
        for piece in pieces(steps, |s| s.drawn().get(skill as usize).copied()) {
            let line = Line::new("", PlotPoints::from(piece)).color(colour).width(2.2).style(style);
            plot.line(line.allow_hover(false));
        }
    }
}

/// The 80 % band around the model's line, where there is one.
fn bands(plot: &mut PlotUi<'_>, timeline: &Timeline<'_>, range: std::ops::Range<usize>, skill: u32, colour: Color32) {
    let mut ends: Vec<(f64, [f32; 2])> = Vec::new();
    let mut draw = |ends: &mut Vec<(f64, [f32; 2])>| {
        let xs: Vec<f64> = ends.iter().map(|e| e.0).collect();
        let ys = |end: usize| -> Vec<f64> { ends.iter().map(|e| f64::from(e.1[end])).collect() };
        if xs.len() > 1 {
            let area = FilledArea::new("", &xs, &ys(0), &ys(1)).fill_color(colour.gamma_multiply(0.16));
            plot.add(area.stroke(Stroke::NONE).allow_hover(false));
        }
        ends.clear();
    };
    for t in range {
        let band = timeline.steps[t].drawn_band(skill as usize);
        if band.is_none() || timeline.starts_window(t) {
            draw(&mut ends);
        }
        ends.extend(band.map(|band| (t as f64 + 1.0, band)));
    }
    draw(&mut ends);
}

/// Everything the model's line is compared with.
fn others(page: &Page, plot: &mut PlotUi<'_>, state: &ViewState, skill: u32, colour: Color32) {
    let (Some(student), c) = (page.student, skill as usize) else { return };
    let mut draw = |key: (u32, ModelRole), style: LineStyle, width: f32, truth: bool| {
        let Some(path) = state.paths.get(&key) else { return };
        // Behind imagined answers what really came has no place.
        let until = page.imagined.as_ref().map_or(usize::MAX, |i| i.from);
        let steps = path
            .steps
            .iter()
            .take(until)
            .enumerate()
            .map(|(t, s)| (t, s, t > 0 && s.window != path.steps[t - 1].window));
        let value = |s: &TrajectoryStep| match truth {
            true => s.true_mastery.as_ref().and_then(|m| m.get(c)).copied(),
            false => s.drawn().get(c).copied(),
        };
        for piece in pieces(steps.map(|(t, s, afresh)| (t, s, afresh && !truth)), value) {
            plot.line(
                Line::new("", PlotPoints::from(piece)).color(colour).width(width).style(style).allow_hover(false),
            );
        }
    };
    if !page.hide_truth {
        draw((student, ModelRole::Main), LineStyle::dashed_dense(), 1.2, true);
    }
    draw((student, ModelRole::Other), LineStyle::dashed_loose(), 1.8, false);
    if let Some(with) = page.with {
        draw((with, ModelRole::Main), LineStyle::Solid, 0.9, false);
    }
}

fn marks(plot: &mut PlotUi<'_>, timeline: &Timeline<'_>, range: std::ops::Range<usize>, skill: u32, colour: Color32) {
    let of = |response: u8| -> Vec<[f64; 2]> {
        let own = range.clone().filter(|&t| timeline.steps[t].skill == skill && timeline.steps[t].response == response);
        own.filter_map(|t| Some([t as f64 + 1.0, f64::from(*timeline.steps[t].drawn().get(skill as usize)?)])).collect()
    };
    let points = |response, shape, radius| {
        Points::new("", PlotPoints::from(of(response))).shape(shape).radius(radius).color(colour).allow_hover(false)
    };
    plot.points(points(1, MarkerShape::Circle, 4.0));
    plot.points(points(0, MarkerShape::Cross, 5.0));
}

fn class_band(plot: &mut PlotUi<'_>, state: &ViewState, skill: u32, colour: Color32) {
    let Some(quartiles) = &state.quartiles else { return };
    let rows: Vec<[f32; 3]> = quartiles.quartiles.iter().filter_map(|row| row.get(skill as usize)).copied().collect();
    let xs: Vec<f64> = (1..=rows.len()).map(|x| x as f64).collect();
    let ys = |q: usize| -> Vec<f64> { rows.iter().map(|r| f64::from(r[q])).collect() };
    plot.add(
        FilledArea::new("", &xs, &ys(0), &ys(2))
            .fill_color(colour.gamma_multiply(0.13))
            .stroke(Stroke::NONE)
            .allow_hover(false),
    );
    let median: Vec<[f64; 2]> = xs.iter().zip(ys(1)).map(|(&x, y)| [x, y]).collect();
    plot.line(Line::new("", PlotPoints::from(median)).color(colour.gamma_multiply(0.5)).width(1.5).allow_hover(false));
}
