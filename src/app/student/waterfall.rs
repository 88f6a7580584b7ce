//! The evidence model's mastery of one skill taken apart: prior, what is left of each past answer, context. The parts add
//! up exactly, in log-odds; in points they are told in the order shown.

use eframe::egui::{self, RichText, Ui};

use super::{Page, Timeline};
use crate::app::theme;
use crate::data::Skill;
use crate::evaluate::Trajectory;
use crate::model::evidence::Explanation;

/// Past answers told one by one; the rest together.
const LISTED: usize = 7;

/// Room for what a part adds, in words.
const TEXT: f32 = 104.0;

/// A part of a skill's logit.
struct Part {
    name: String,
    /// The step it comes from, if it is one answer.
    step: Option<usize>,
    logit: f32,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Prior, answers from the largest effect on, the rest of them, context.
fn parts(inside: &Explanation, timeline: &Timeline<'_>, skills: &[Skill], start: usize, skill: usize) -> Vec<Part> {
    let mut order: Vec<usize> = (0..inside.contributions.len()).collect();
    let of = |i: usize| inside.contributions[i][skill];
    order.sort_by(|&a, &b| of(b).abs().total_cmp(&of(a).abs()));
    let mut parts = vec![Part { name: "before any answer".to_owned(), step: None, logit: inside.prior[skill] }];
    for &i in order.iter().take(LISTED) {
        let Some(step) = timeline.steps.get(start + i) else { continue };
        let name = format!(
            "{}. {} {}",
            start + i + 1,
            theme::sign(step.response),
            theme::short(&skills[step.skill as usize].name, 16)
        );
        parts.push(Part { name, step: Some(start + i), logit: of(i) });
    }
    let rest = &order[order.len().min(LISTED)..];
    if !rest.is_empty() {
        let logit = rest.iter().map(|&i| of(i)).sum();
        parts.push(Part { name: format!("{} other answers", rest.len()), step: None, logit });
    }
    parts.push(Part { name: "context of the answers".to_owned(), step: None, logit: inside.context[skill] });
    parts
}

/// The largest parts of the mastery of the skill answered, in a sentence.
pub(in crate::app) fn sentence(inside: &Explanation, timeline: &Timeline<'_>, skills: &[Skill], at: usize) -> String {
    let skill = timeline.steps[at].skill as usize;
    let mut logit = 0.0;
    let mut told = Vec::new();
    for (i, part) in parts(inside, timeline, skills, timeline.window_of(at), skill).into_iter().enumerate() {
        let before = sigmoid(logit);
        logit += part.logit;
        let points = 100.0 * (sigmoid(logit) - before);
        match i {
            0 => told.push(format!("{} before any answer", theme::percent(sigmoid(logit)))),
            1..=3 => told.push(format!("{points:+.0} points by {}", part.name)),
            _ => {}
        }
    }
    format!("Why: {}; total {}.", told.join(", "), theme::percent(sigmoid(logit)))
}

pub(super) fn show(
    page: &mut Page,
    ui: &mut Ui,
    timeline: &Timeline<'_>,
    path: &Trajectory,
    at: usize,
    inside: &Explanation,
) {
    let skills = path.skills.as_slice();
    theme::part(ui, "Why this mastery", "exact: the parts add up to the prediction");
    let skill = page.explained.unwrap_or(timeline.steps[at].skill);
    let Some(name) = skills.get(skill as usize).map(|s| s.name.as_str()) else { return };
    theme::chooser(ui, "skill that is explained", theme::short(name, 24), 180.0, |ui| {
        for (c, s) in skills.iter().enumerate() {
            if ui.selectable_label(skill == c as u32, &s.name).clicked() {
                page.explained = Some(c as u32);
            }
        }
    });
    if inside.prior.len() <= skill as usize {
        return;
    }
    let start = timeline.window_of(at);
    let mut logit = 0.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    for (i, part) in parts(inside, timeline, skills, start, skill as usize).into_iter().enumerate() {
        // The prior alone is a level, not a change: it begins at one half, where nothing is known.
        let before = sigmoid(logit);
        logit += part.logit;
        let after = sigmoid(logit);
        let text = match i {
            0 => format!("{} ({:+.2})", theme::percent(after), part.logit),
            _ => format!("{:+.0} points ({:+.2})", 100.0 * (after - before), part.logit),
        };
        if row(ui, &part.name, part.step.is_some(), [before, after], &text)
            && let Some(step) = part.step
        {
            page.cursor = Some(step).filter(|t| t + 1 < timeline.steps.len());
        }
    }
    let total = format!("mastery {} ({logit:+.2})", theme::percent(sigmoid(logit)));
    ui.label(RichText::new(total).strong());
    if let Some(text) = next_item(inside, timeline, path, at) {
        ui.label(text);
    }
    ui.label(theme::weak("Points depend on the order listed; log-odds do not.").small());
}

/// How the prediction of the next answer follows from mastery and the item's difficulty: exact, as the rest.
fn next_item(inside: &Explanation, timeline: &Timeline<'_>, path: &Trajectory, at: usize) -> Option<String> {
    let next = timeline.steps.get(at + 1).filter(|_| !timeline.starts_window(at + 1))?;
    let difficulty = next.difficulty?;
    let skills: Vec<u32> = next.skills().collect();
    let logit = skills.iter().map(|&k| inside.logit(k as usize)).sum::<f32>() / skills.len() as f32;
    Some(format!(
        "Next came item {} of {}: {} on an average item; less its difficulty ({difficulty:+.2}), {}.",
        path.items.get(&next.item).map_or("?", String::as_str),
        path.skill_names(next),
        theme::percent(sigmoid(logit)),
        theme::percent(sigmoid(logit - difficulty))
    ))
}

/// One part: its name, a bar from the mastery before it to that after it, and what it says. Whether the name was clicked.
fn row(ui: &mut Ui, name: &str, can_go: bool, [before, after]: [f32; 2], text: &str) -> bool {
    let mut clicked = false;
    ui.horizontal(|ui| {
        let all = ui.available_width();
        let left = (all * 0.38).max(90.0);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(egui::vec2(left, 16.0), layout, |ui| {
            ui.set_min_width(left);
            let label = egui::Label::new(RichText::new(name).size(13.0)).truncate();
            let label = if can_go { label.sense(egui::Sense::click()) } else { label };
            let response = ui.add(label);
            clicked = can_go && response.on_hover_text("go there").clicked();
        });
        let track = (all - left - TEXT - 16.0).max(40.0);
        let (rect, response) = ui.allocate_exact_size(egui::vec2(track, 16.0), egui::Sense::hover());
        let painter = ui.painter();
        painter.rect_filled(rect, 3.0, ui.visuals().faint_bg_color);
        let x = |share: f32| rect.left() + rect.width() * share;
        let colour = if after >= before { theme::right(ui) } else { theme::wrong(ui) };
        let (low, high) = (before.min(after), before.max(after));
        let bar =
            egui::Rect::from_x_y_ranges(x(low)..=x(high).max(x(low) + 1.5), rect.top() + 2.0..=rect.bottom() - 2.0);
        painter.rect_filled(bar, 2.0, colour.gamma_multiply(0.8));
        ui.label(RichText::new(text).size(11.5));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {text}")));
    });
    clicked
}
