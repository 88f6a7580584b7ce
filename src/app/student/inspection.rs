//! The moment under the cursor: what happened, what the model believes, what it would expect next, and where it looked.

use eframe::egui::{self, RichText, Ui};

use super::{Page, Timeline, waterfall};
use crate::app::theme;
use crate::data::Skill;
use crate::evaluate::{Trajectory, answer_sentences, percent_between, practice};
use crate::model::Inspection;

/// Past answers listed, the most looked at.
const LISTED: usize = 6;

pub(super) fn show(
    page: &mut Page,
    ui: &mut Ui,
    timeline: &Timeline<'_>,
    path: &Trajectory,
    moment: Option<&Inspection>,
) {
    let Some(at) = page.at(timeline) else { return };
    let skills = path.skills.as_slice();
    sentence(page, ui, timeline, path, at);
    ui.separator();
    what_if(page, ui, timeline, skills, at);
    ui.separator();
    if let Some(inside) = moment.and_then(|m| m.evidence.as_ref()) {
        waterfall::show(page, ui, timeline, path, at, inside);
        ui.separator();
    }
    beliefs(page, ui, timeline, skills, at, moment);
    ui.separator();
    attention(page, ui, timeline, skills, at, moment);
}

/// What happened, in words.
fn sentence(page: &mut Page, ui: &mut Ui, timeline: &Timeline<'_>, path: &Trajectory, at: usize) {
    let step = timeline.steps[at];
    let name = &path.skill_names(step);
    let imagined = timeline.imagined_from.is_some_and(|from| at >= from);
    ui.horizontal(|ui| {
        if ui.small_button("◀").on_hover_text("one answer back (left arrow)").clicked() {
            page.step(timeline, -1);
        }
        let title = if imagined { "Imagined answer" } else { "Answer" };
        ui.label(RichText::new(format!("{title} {} of {}", at + 1, timeline.steps.len())).strong().size(16.0));
        if ui.small_button("▶").on_hover_text("one answer forward (right arrow)").clicked() {
            page.step(timeline, 1);
        }
    });
    let colour = if step.response == 1 { theme::right(ui) } else { theme::wrong(ui) };
    ui.horizontal_wrapped(|ui| {
        ui.label(
            RichText::new(format!("{} {}", theme::sign(step.response), theme::word(step.response)))
                .strong()
                .color(colour),
        );
        ui.label(RichText::new(name).strong());
        ui.label(theme::weak(format!("attempt {}", step.attempts)));
        if let Some(id) = path.items.get(&step.item) {
            ui.label(theme::weak(format!("item\u{a0}{id}")));
        }
    });
    ui.label(answer_sentences(step, name).join(" "));
}

fn what_if(page: &mut Page, ui: &mut Ui, timeline: &Timeline<'_>, skills: &[Skill], at: usize) {
    theme::part(ui, "What if", "the next answers were…");
    let mut skill = page.try_skill.unwrap_or(timeline.steps[at].skill);
    ui.horizontal(|ui| {
        let name = theme::short(&skills[skill as usize].name, 20);
        theme::chooser(ui, "skill of the imagined answer", name, 140.0, |ui| {
            for (c, s) in skills.iter().enumerate() {
                ui.selectable_value(&mut skill, c as u32, &s.name);
            }
        });
        page.try_skill = Some(skill);
        let button = |ui: &Ui, text: &str, colour| {
            egui::Button::new(RichText::new(text).color(colour))
                .min_size(egui::vec2(58.0, 0.0))
                .fill(ui.visuals().faint_bg_color)
        };
        let right = button(ui, "● right", theme::right(ui));
        if ui.add(right).on_hover_text("add a right answer (R)").clicked() {
            page.imagine(timeline, 1);
        }
        let wrong = button(ui, "× wrong", theme::wrong(ui));
        if ui.add(wrong).on_hover_text("add a wrong answer (W)").clicked() {
            page.imagine(timeline, 0);
        }
    });
    let Some(imagined) = &page.imagined else {
        ui.label(theme::weak("Added after the cursor; not stored.").small());
        return;
    };
    let signs: String = imagined.answers.responses().iter().map(|&r| theme::sign(r)).collect();
    ui.label(format!("{} imagined after answer {}: {signs}", imagined.answers.len(), imagined.from));
    ui.horizontal(|ui| {
        if ui.button("Undo").on_hover_text("remove the last one (U)").clicked() {
            page.undo();
        }
        if ui.button("Back to what happened").clicked() {
            page.imagined = None;
        }
    });
}

/// Mastery of every skill and what would be expected were it asked next, the most practised first.
fn beliefs(
    page: &Page,
    ui: &mut Ui,
    timeline: &Timeline<'_>,
    skills: &[Skill],
    at: usize,
    moment: Option<&Inspection>,
) {
    // The evidence model's mastery is that chance: one bar says both.
    let one = moment.is_some_and(|m| m.evidence.is_some());
    theme::part(
        ui,
        "Every skill now",
        match one {
            _ if !timeline.has_mastery() => "the chance of a right answer if it were asked next",
            true => "mastery: the chance of a right answer if it were asked next",
            false => "mastery, and the chance of a right answer if it were asked next",
        },
    );
    let step = timeline.steps[at];
    if let Some(next) = timeline.steps.get(at + 1).filter(|n| n.prediction.is_some()) {
        let text = format!(
            "Next came {}: expected right with {}, it was {}.",
            skills[next.skill as usize].name,
            next.prediction.map_or_else(String::new, theme::percent),
            theme::word(next.response)
        );
        ui.label(text);
    }
    let rest = (0..skills.len() as u32).filter(|c| !timeline.by_practice.contains(c));
    let bars = if one { 1.0 } else { 2.0 };
    let width = (ui.available_width() * 0.54 / bars).max(60.0);
    let name_width = ui.available_width() - bars * width - 24.0;
    let attempts = practice(timeline.steps[..=at].iter().copied(), skills.len());
    ui.spacing_mut().item_spacing.y = 3.0;
    for skill in timeline.by_practice.iter().copied().chain(rest) {
        ui.horizontal(|ui| {
            let name = &skills[skill as usize].name;
            let length = (name_width / 6.6) as usize;
            let text = RichText::new(theme::short(name, length.max(4))).size(13.0);
            let text = if skill == step.skill { text.strong() } else { text };
            let label = egui::Label::new(text).truncate().selectable(false);
            ui.allocate_ui_with_layout(
                egui::vec2(name_width, 16.0),
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    ui.set_min_width(name_width);
                    ui.add(label).on_hover_text(format!("{name}\n{} attempts so far", attempts[skill as usize]));
                },
            );
            // What was never practised is a guess: pale.
            let practised = attempts[skill as usize] > 0;
            let shade = |colour: egui::Color32| if practised { colour } else { colour.gamma_multiply(0.35) };
            let band = step.chance_band(skill as usize).filter(|_| !page.hide_bands);
            let hint = match band {
                Some(_) if practised => format!("{name}: {}", percent_between(step.chances()[skill as usize], band)),
                _ if practised => name.clone(),
                _ => format!("{name}: never practised, a guess from other skills"),
            };
            if let Some(&m) = step.mastery.get(skill as usize) {
                let (label, colour) = (format!("mastery of {name}"), shade(theme::line(ui, 0)));
                let band = band.filter(|_| one);
                theme::bar_with_band(ui, &label, m, band, &theme::percent(m), width, colour).on_hover_text(&hint);
            }
            if let Some(&p) = moment.filter(|_| !one).and_then(|m| m.next.get(skill as usize)) {
                let (label, colour) = (format!("chance of right at {name}"), shade(theme::line(ui, 3)));
                theme::bar_with_band(ui, &label, p, band, &theme::percent(p), width, colour).on_hover_text(&hint);
            }
        });
    }
}

/// Past answers by how much the model looked at them.
fn attention(
    page: &mut Page,
    ui: &mut Ui,
    timeline: &Timeline<'_>,
    skills: &[Skill],
    at: usize,
    moment: Option<&Inspection>,
) {
    theme::part(ui, "Where the model looked", "attention weights: which past answers were used, not why");
    let Some(moment) = moment else {
        ui.spinner();
        return;
    };
    if moment.attention.is_empty() {
        ui.label(theme::weak("This model has no attention to show."));
        return;
    }
    let blocks = moment.attention.len();
    page.block = page.block.min(blocks - 1);
    let heads = &moment.attention[page.block];
    ui.horizontal(|ui| {
        theme::chooser(ui, "block of the model", format!("block {}", page.block + 1), 90.0, |ui| {
            for b in 0..blocks {
                ui.selectable_value(&mut page.block, b, format!("block {}", b + 1));
            }
        });
        let name = page.head.map_or("all heads (mean)".to_owned(), |h| format!("head {}", h + 1));
        theme::chooser(ui, "head of attention", name, 130.0, |ui| {
            ui.selectable_value(&mut page.head, None, "all heads (mean)");
            for h in 0..heads.len() {
                ui.selectable_value(&mut page.head, Some(h), format!("head {}", h + 1));
            }
        });
    });
    let weights = moment.weights(page.block, page.head);
    let start = timeline.window_of(at);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
    let most = order.first().map_or(1.0, |&t| weights[t]).max(f32::MIN_POSITIVE);
    for &t in order.iter().take(LISTED) {
        let Some(step) = timeline.steps.get(start + t) else { continue };
        ui.horizontal(|ui| {
            let own = if start + t == at { " (this one)" } else { "" };
            let text = format!(
                "{}. {} {}{own}",
                start + t + 1,
                theme::sign(step.response),
                theme::short(&skills[step.skill as usize].name, 22)
            );
            let width = ui.available_width() - 100.0;
            ui.allocate_ui_with_layout(
                egui::vec2(width, 16.0),
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    ui.set_min_width(width);
                    if ui
                        .add(egui::Label::new(text).truncate().sense(egui::Sense::click()))
                        .on_hover_text("go there")
                        .clicked()
                    {
                        page.cursor = Some(start + t).filter(|t| t + 1 < timeline.steps.len());
                    }
                },
            );
            let share = weights[t];
            theme::bar(
                ui,
                &format!("attention to answer {}", start + t + 1),
                share / most,
                &theme::percent(share),
                88.0,
                theme::line(ui, 4),
            );
        });
    }
}
