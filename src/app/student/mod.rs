//! One student: a path through time, a cursor shared by all parts, and what if.

mod header;
mod heat;
mod inspection;
mod mastery;
mod strips;
mod timeline;
pub(super) mod waterfall;

use std::hash::Hash as _;

use eframe::egui::{self, Key, Ui};
use egui_plot::{Plot, PlotBounds, VLine};
use serde::{Deserialize, Serialize};

pub(super) use timeline::Timeline;

use self::heat::HeatMap;
use super::client::Client;
use super::context::ViewContext;
use super::theme;
use super::view_state::ViewState;
use crate::data::Answers;
use crate::data::Skill;
use crate::evaluate::{difficulty_words, student_sentences};
use crate::model::Inspection;
use crate::service::{ModelRole, Request};

/// Height of the headings between the plots.
const HEADINGS: f32 = 196.0;
/// Lines drawn unless others are chosen.
const LINES: usize = 3;

/// Answers that were never given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Imagined {
    /// Real answers before them.
    pub from: usize,
    /// The answers.
    pub answers: Answers,
}

/// What is shown of whom.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    #[serde(skip)]
    pub student: Option<u32>,
    /// Step looked at; none: the last.
    #[serde(skip)]
    pub cursor: Option<usize>,
    /// Skills with a line; none: the most practised.
    #[serde(skip)]
    pub chosen: Option<Vec<u32>>,
    /// Another student to compare with.
    #[serde(skip)]
    pub with: Option<u32>,
    #[serde(skip)]
    find: String,
    show_class: bool,
    hide_truth: bool,
    hide_bands: bool,
    heat: HeatMap,
    /// Block and head of attention; none: all heads' mean.
    #[serde(skip)]
    block: usize,
    #[serde(skip)]
    head: Option<usize>,
    /// Skill whose mastery is taken apart; none: the one answered.
    #[serde(skip)]
    explained: Option<u32>,
    #[serde(skip)]
    pub imagined: Option<Imagined>,
    /// Skill of the next imagined answer.
    #[serde(skip)]
    try_skill: Option<u32>,
    #[serde(skip)]
    asked: Asked,
}

/// What was asked last, so that nothing is asked twice.
#[derive(Debug, Default)]
struct Asked {
    student: Option<(u64, u32, Option<u32>)>,
    quartiles: Option<u64>,
    moment: Option<(u64, Answers)>,
    what_if: Option<(u64, Answers)>,
    tickets: u64,
    moment_ticket: u64,
    what_if_ticket: u64,
}

impl Page {
    /// Looks at another student.
    pub(super) fn select(&mut self, student: u32) {
        if self.student != Some(student) {
            self.student = Some(student);
            self.cursor = None;
            self.chosen = None;
            self.imagined = None;
            self.try_skill = None;
            if self.with == Some(student) {
                self.with = None;
            }
        }
    }

    /// Forgets the student: other data are open.
    pub(super) fn forget(&mut self) {
        self.student = None;
        self.with = None;
    }

    /// Asks the service for what is to be drawn and is not there; whether anything was asked.
    pub(super) fn ask(&mut self, state: &ViewState, client: &Client) -> bool {
        let before = (self.asked.student, self.asked.tickets);
        self.ask_missing(state, client);
        before != (self.asked.student, self.asked.tickets)
    }

    fn ask_missing(&mut self, state: &ViewState, client: &Client) {
        let Some(student) = self.student else { return };
        let wanted = (state.openings, student, self.with);
        if self.asked.student != Some(wanted) {
            self.asked.student = Some(wanted);
            client.send(Request::Student { student, with: self.with });
        }
        if self.show_class && state.quartiles.is_none() && self.asked.quartiles != Some(state.generation) {
            self.asked.quartiles = Some(state.generation);
            client.send(Request::ClassQuartiles);
        }
        if let Some(answers) = self.imagined_answers(state) {
            let wanted = (state.generation, answers);
            if self.asked.what_if.as_ref() != Some(&wanted) {
                self.asked.tickets += 1;
                self.asked.what_if_ticket = self.asked.tickets;
                client.send(Request::WhatIf { ticket: self.asked.tickets, answers: wanted.1.clone() });
                self.asked.what_if = Some(wanted);
            }
        }
        if self.imagining(state) {
            return;
        }
        let Some(answers) = self.timeline(state).and_then(|t| t.answers_until(self.at(&t)?)) else { return };
        let wanted = (state.generation, answers);
        if self.asked.moment.as_ref() != Some(&wanted) {
            self.asked.tickets += 1;
            self.asked.moment_ticket = self.asked.tickets;
            client.send(Request::Inspection {
                ticket: self.asked.tickets,
                answers: wanted.1.clone(),
                deviations: false,
            });
            self.asked.moment = Some(wanted);
        }
    }

    /// The window's answers with the imagined ones behind them, as many of the last as the model reads.
    fn imagined_answers(&self, state: &ViewState) -> Option<Answers> {
        let imagined = self.imagined.as_ref().filter(|i| !i.answers.is_empty())?;
        let path = state.paths.get(&(self.student?, ModelRole::Main))?;
        let limit = state.opened.as_ref()?.model.seq_len;
        Some(timeline::join(&path.steps[..imagined.from.min(path.steps.len())], &imagined.answers, limit))
    }

    /// The student's steps, imagined ones included once they are there.
    pub(super) fn timeline<'a>(&self, state: &'a ViewState) -> Option<Timeline<'a>> {
        let path = state.paths.get(&(self.student?, ModelRole::Main))?;
        let tried = state.what_if.as_ref().filter(|(ticket, _)| *ticket == self.asked.what_if_ticket);
        Some(match (&self.imagined, tried) {
            (Some(imagined), Some((_, steps))) if !imagined.answers.is_empty() => {
                Timeline::branched(path, imagined.from, imagined.answers.len(), steps)
            }
            _ => Timeline::plain(path),
        })
    }

    /// Whether imagined answers wait for the model's result.
    fn imagining(&self, state: &ViewState) -> bool {
        self.imagined.is_some() && state.what_if.as_ref().is_none_or(|(ticket, _)| *ticket != self.asked.what_if_ticket)
    }

    /// The moment at the cursor, once it is there.
    pub(super) fn inspect<'a>(&self, state: &'a ViewState) -> Option<&'a Inspection> {
        if self.imagining(state) {
            return None;
        }
        state.moment.as_ref().filter(|(ticket, _)| *ticket == self.asked.moment_ticket).map(|(_, m)| m)
    }

    /// The step the cursor is at.
    pub(super) fn at(&self, timeline: &Timeline<'_>) -> Option<usize> {
        let last = timeline.steps.len().checked_sub(1)?;
        Some(self.cursor.map_or(last, |at| at.min(last)))
    }

    /// Skills with a line.
    fn lines(&self, timeline: &Timeline<'_>) -> Vec<u32> {
        match &self.chosen {
            Some(chosen) => chosen.clone(),
            None => timeline.by_practice.iter().copied().take(LINES).collect(),
        }
    }

    /// Moves the cursor.
    pub(super) fn step(&mut self, timeline: &Timeline<'_>, by: isize) {
        if let Some(at) = self.at(timeline) {
            let to = at.saturating_add_signed(by).min(timeline.steps.len() - 1);
            self.cursor = (to + 1 < timeline.steps.len()).then_some(to);
        }
    }

    /// Arrow keys, Home and End; U takes an imagined answer back.
    pub(super) fn keys(&mut self, ui: &Ui, state: &ViewState) {
        let Some(timeline) = self.timeline(state) else { return };
        let pressed = |key| ui.input(|i| i.key_pressed(key) && !i.modifiers.command);
        for (key, by) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1), (Key::Home, isize::MIN), (Key::End, isize::MAX)] {
            if pressed(key) {
                self.step(&timeline, by);
            }
        }
        if pressed(Key::U) {
            self.undo();
        }
        for (key, response) in [(Key::R, 1), (Key::W, 0)] {
            if pressed(key) {
                self.imagine(&timeline, response);
            }
        }
    }

    /// Takes the last imagined answer back.
    pub(super) fn undo(&mut self) {
        if let Some(imagined) = &mut self.imagined {
            imagined.answers.pop();
            if imagined.answers.is_empty() {
                self.imagined = None;
            }
        }
    }

    /// Tries out an answer of the chosen skill behind the cursor.
    pub(super) fn imagine(&mut self, timeline: &Timeline<'_>, response: u8) {
        let Some(at) = self.at(timeline) else { return };
        let skill = self.try_skill.unwrap_or(timeline.steps[at].skill);
        let imagined = self.imagined.get_or_insert_with(|| Imagined { from: at + 1, answers: Answers::default() });
        imagined.answers.push(&[skill], 0, response);
        let mut lines = self.lines(timeline);
        if !lines.contains(&skill) {
            lines.push(skill);
            self.chosen = Some(lines);
        }
        self.try_skill = Some(skill);
        self.cursor = None;
    }

    /// Draws the page.
    pub(super) fn show(&mut self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) {
        let Some(opened) = &state.opened else {
            ui.centered_and_justified(Ui::spinner);
            return;
        };
        if self.student.is_none() {
            ui.centered_and_justified(|ui| ui.label("Choose a student in the list on the left."));
            return;
        }
        let skills = &opened.skills;
        let path = self.student.and_then(|student| state.paths.get(&(student, ModelRole::Main)));
        let (Some(timeline), Some(path)) = (self.timeline(state), path) else {
            ui.centered_and_justified(Ui::spinner);
            return;
        };
        header::show(self, ui, state, &timeline, context);
        let moment = self.inspect(state);
        if theme::narrow(ui) {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                mastery::show(self, ui, state, &timeline, skills, 210.0);
                inspection::show(self, ui, &timeline, path, moment);
                ui.separator();
                strips::predictions(self, ui, &timeline, skills, 90.0);
                strips::gains(self, ui, &timeline, skills, 90.0);
                heat::show(self, ui, &timeline, skills, heat::height(skills.len(), 400.0));
                words(ui, state, self.student);
            });
            return;
        }
        let width = (ui.available_width() * 0.3).clamp(260.0, 380.0);
        egui::Panel::right("moment").resizable(true).default_size(width).min_size(240.0).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                inspection::show(self, ui, &timeline, path, moment);
            });
        });
        egui::CentralPanel::default().frame(egui::Frame::NONE.inner_margin(egui::Margin::symmetric(10, 4))).show(
            ui,
            |ui| {
                egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                    let height = ui.available_height().max(600.0) - HEADINGS;
                    let map = heat::height(skills.len(), height * 0.4);
                    let rest = height - map;
                    mastery::show(self, ui, state, &timeline, skills, rest * 0.56);
                    strips::predictions(self, ui, &timeline, skills, rest * 0.22);
                    strips::gains(self, ui, &timeline, skills, rest * 0.22);
                    heat::show(self, ui, &timeline, skills, map);
                    words(ui, state, self.student);
                });
            },
        );
    }

    /// A plot over the student's answers, its horizontal axis and cursor shared with the others.
    fn plot<'a>(&self, ui: &Ui, name: &str, timeline: &Timeline<'_>, height: f32) -> Plot<'a> {
        let mut hasher = std::hash::DefaultHasher::new();
        (self.student, timeline.steps.len()).hash(&mut hasher);
        let group = egui::Id::unique(("time", std::hash::Hasher::finish(&hasher)));
        theme::with_grid(ui, Plot::new(group.with(name)))
            .height(height)
            .link_axis(group, [true, false])
            .link_cursor(group, [true, false])
            .default_x_bounds(0.5, timeline.steps.len() as f64 + 0.5)
            .set_margin_fraction(egui::Vec2::ZERO)
            .y_axis_min_width(names_width(ui))
            .allow_drag(false)
            .allow_scroll(false)
            .allow_zoom([true, false])
            .allow_axis_zoom_drag([true, false])
            .show_y(false)
            .label_formatter(|_| None)
            .x_axis_formatter(|mark, _| if mark.value >= 0.5 { format!("{:.0}", mark.value) } else { String::new() })
            .x_grid_spacer(egui_plot::uniform_grid_spacer(|_| [100.0, 10.0, 1.0]))
    }

    /// The cursor in a plot.
    fn cursor_line(&self, ui: &Ui, timeline: &Timeline<'_>) -> VLine {
        let at = self.at(timeline).map_or(0.0, |at| at as f64 + 1.0);
        VLine::new("cursor", at).color(ui.visuals().weak_text_color()).width(1.5).allow_hover(false)
    }

    /// Moves the cursor where a plot was clicked or is dragged in; the step under the pointer.
    fn pointed(&mut self, timeline: &Timeline<'_>, plot: &egui_plot::PlotResponse<()>) -> Option<usize> {
        let pointer = plot.response.hover_pos()?;
        let x = plot.transform.value_from_position(pointer).x;
        let step = (x.round() as usize).checked_sub(1).filter(|&s| s < timeline.steps.len())?;
        if plot.response.clicked() || plot.response.dragged() {
            self.cursor = Some(step).filter(|s| s + 1 < timeline.steps.len());
        }
        Some(step)
    }
}

/// Room on the left of every plot, the same so that they stand in line; skills are named there.
fn names_width(ui: &Ui) -> f32 {
    if theme::narrow(ui) { 70.0 } else { 112.0 }
}

/// The student in sentences, for those who would rather read.
fn words(ui: &mut Ui, state: &ViewState, student: Option<u32>) {
    let Some(path) = student.and_then(|s| state.paths.get(&(s, ModelRole::Main))) else { return };
    let summary = student.and_then(|s| state.summaries.get(s as usize)).and_then(Option::as_ref);
    egui::CollapsingHeader::new("In words").show(ui, |ui| {
        for sentence in student_sentences(path, summary.and_then(|s| s.auc)) {
            ui.label(sentence);
        }
    });
}

/// What there is to say about a step, for a person who points at it.
fn step_text(timeline: &Timeline<'_>, skills: &[Skill], at: usize, of: Option<u32>) -> String {
    let step = timeline.steps[at];
    let name = |c: u32| skills.get(c as usize).map_or("?", |s| s.name.as_str());
    let imagined = if timeline.imagined_from.is_some_and(|from| at >= from) { " (what if)" } else { "" };
    let mut text = format!(
        "answer {}{imagined}: {}, {} {}\n",
        at + 1,
        name(step.skill),
        theme::sign(step.response),
        theme::word(step.response)
    );
    text += &match step.prediction {
        Some(p) => format!("expected right with {}\n", theme::percent(p)),
        None => "first answer in the window: nothing expected\n".to_owned(),
    };
    let shown = of.unwrap_or(step.skill);
    if let (Some(m), Some(g)) = (step.mastery.get(shown as usize), step.gain.get(shown as usize)) {
        text += &format!("{}: mastery {m:.3}, gain {g:.3}\n", name(shown));
    } else if let Some(chance) = step.drawn().get(shown as usize) {
        text += &format!("{}: chance of a right answer {chance:.3}\n", name(shown));
    }
    match step.drawn_band(shown as usize) {
        Some([low, high]) => text += &format!("80 % band {low:.2} to {high:.2}\n"),
        None if !timeline.practised_by(shown, at) => text += "never practised so far: a guess from other skills\n",
        None => {}
    }
    if let Some(truth) = step.true_mastery.as_ref().and_then(|t| t.get(shown as usize)) {
        text += &format!("true mastery {truth:.3}\n");
    }
    if let Some(difficulty) = step.difficulty {
        text += &format!("the item is {} ({difficulty:+.1})\n", difficulty_words(difficulty));
    }
    text + &format!("attempts at {} so far: {}", name(step.skill), step.attempts)
}

/// Bounds a plot shows, to draw no more.
fn visible(bounds: PlotBounds, steps: usize) -> std::ops::Range<usize> {
    let first = (bounds.min()[0].floor() as isize - 2).clamp(0, steps as isize) as usize;
    let last = (bounds.max()[0].ceil() as isize + 1).clamp(0, steps as isize) as usize;
    first..last.max(first)
}
