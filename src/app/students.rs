//! The list of students: search, sort, filter, a sparkline each, and the keyboard.

use eframe::egui::{self, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};
use serde::{Deserialize, Serialize};

use super::theme;
use super::view_state::ViewState;
use crate::data::Split;
use crate::evaluate::{MASTERED, Standing, StudentSummary};

const ROW: f32 = 40.0;

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum SortBy {
    /// As in the file.
    #[default]
    File,
    /// Most answers first.
    Answers,
    /// Smallest share of right answers first.
    Right,
    /// Least mastery first.
    Mastery,
    /// Worst predicted first.
    Auc,
    /// Least correlation of mastery and answers first.
    Correlation,
}

impl SortBy {
    const ALL: [(Self, &'static str); 6] = [
        (Self::File, "file order"),
        (Self::Answers, "most answers"),
        (Self::Right, "fewest right"),
        (Self::Mastery, "least mastery"),
        (Self::Auc, "worst predicted (AUC)"),
        (Self::Correlation, "least correlation"),
    ];
}

/// Bounds a student must lie in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Filter {
    part: Option<Split>,
    answers: (u32, u32),
    right: (f64, f64),
    mastery: (f64, f64),
    auc: (f64, f64),
    correlation: (f64, f64),
}

const MOST: u32 = 100_000;

impl Default for Filter {
    fn default() -> Self {
        let all = (0.0, 1.0);
        Self { part: None, answers: (0, MOST), right: all, mastery: all, auc: all, correlation: (-1.0, 1.0) }
    }
}

/// The list's state.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StudentList {
    order: SortBy,
    filter: Filter,
    #[serde(skip)]
    search: String,
    /// Students shown, and what they were sorted for.
    #[serde(skip)]
    shown: Vec<u32>,
    #[serde(skip)]
    sorted_for: Option<(u64, usize)>,
    #[serde(skip)]
    scroll_to: bool,
}

impl StudentList {
    /// Draws the list; the student clicked, if one was.
    pub(super) fn show(&mut self, ui: &mut Ui, state: &ViewState, selected: Option<u32>) -> Option<u32> {
        let count = state.opened.as_ref()?.students.len();
        self.tools(ui);
        self.sort(state);
        ui.horizontal(|ui| {
            let (done, total) = state.surveyed;
            let text = match (done < total, self.shown.len() == total) {
                (true, _) => format!("{} students, {} looked at", total, theme::percent(done as f64 / total as f64)),
                (false, true) => format!("{total} students"),
                (false, false) => format!("{} of {total} students", self.shown.len()),
            };
            ui.label(theme::weak(text).small());
        });
        if self.shown.is_empty() {
            ui.add_space(theme::GAP);
            ui.label(if count == 0 {
                "No students here."
            } else {
                "No student matches. Change the search or the filter."
            });
            return None;
        }
        self.rows(ui, state, selected)
    }

    fn tools(&mut self, ui: &mut Ui) {
        let before = (self.order, self.filter.clone(), self.search.clone());
        let search = egui::TextEdit::singleline(&mut self.search).hint_text("Search id…").desired_width(f32::INFINITY);
        ui.add(search).widget_info(|| egui::WidgetInfo::labeled(egui::Role::SearchInput, true, "Search students"));
        ui.horizontal(|ui| {
            let name = SortBy::ALL.iter().find(|o| o.0 == self.order).map_or("", |o| o.1);
            theme::chooser(ui, "order of the list", name, 150.0, |ui| {
                for (order, name) in SortBy::ALL {
                    ui.selectable_value(&mut self.order, order, name);
                }
            });
            let filtered = self.filter != Filter::default();
            theme::menu(ui, if filtered { "Filter •" } else { "Filter" }, |ui| self.filter.show(ui));
        });
        if before != (self.order, self.filter.clone(), self.search.clone()) {
            self.sorted_for = None;
        }
    }

    /// Brings the list up to date.
    pub(super) fn sort(&mut self, state: &ViewState) {
        let Some(opened) = &state.opened else { return };
        let now = (state.changes, opened.students.len());
        if self.sorted_for == Some(now) {
            return;
        }
        self.sorted_for = Some(now);
        let search = self.search.trim().to_lowercase();
        let (filter, summaries) = (&self.filter, &state.summaries);
        let whole = *filter == Filter::default();
        let keep = |&s: &u32| {
            let info = &opened.students[s as usize];
            info.answers > 0
                && (search.is_empty() || info.id.to_lowercase().contains(&search))
                && (whole || filter.keeps(info, summaries[s as usize].as_ref()))
        };
        self.shown = (0..opened.students.len() as u32).filter(keep).collect();
        let figure = |s: u32| {
            let info = &opened.students[s as usize];
            let summary = summaries[s as usize].as_ref();
            let value = match self.order {
                SortBy::File => Some(f64::from(s)),
                SortBy::Answers => Some(-f64::from(info.answers)),
                SortBy::Right => Some(f64::from(info.correct) / f64::from(info.answers)),
                SortBy::Mastery => summary.and_then(StudentSummary::final_mean).map(f64::from),
                SortBy::Auc => summary.and_then(|s| s.auc),
                SortBy::Correlation => summary.and_then(|s| s.correlation),
            };
            // What is not known comes last.
            value.unwrap_or(f64::MAX)
        };
        if self.order != SortBy::File {
            self.shown.sort_by(|&a, &b| figure(a).total_cmp(&figure(b)));
        }
    }

    /// The student `by` places below the selected one.
    pub(super) fn neighbour(&mut self, selected: Option<u32>, by: isize) -> Option<u32> {
        self.scroll_to = true;
        let at = self.shown.iter().position(|&s| Some(s) == selected);
        let to = at.map_or(0, |at| at.saturating_add_signed(by).min(self.shown.len().saturating_sub(1)));
        self.shown.get(to).copied()
    }

    fn rows(&mut self, ui: &mut Ui, state: &ViewState, selected: Option<u32>) -> Option<u32> {
        let mut clicked = None;
        let mut area = egui::ScrollArea::vertical().auto_shrink([false, false]);
        if std::mem::take(&mut self.scroll_to)
            && let Some(at) = self.shown.iter().position(|&s| Some(s) == selected)
        {
            let height = ui.available_height();
            area = area.vertical_scroll_offset((at as f32 * ROW - height / 2.0).max(0.0));
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        area.show_rows(ui, ROW, self.shown.len(), |ui, range| {
            for &student in &self.shown[range] {
                if row(ui, state, student, Some(student) == selected).clicked() {
                    clicked = Some(student);
                }
            }
        });
        clicked
    }
}

impl Filter {
    fn keeps(&self, info: &crate::service::StudentInfo, summary: Option<&StudentSummary>) -> bool {
        let all = Self::default();
        let within = |bounds: (f64, f64), all: (f64, f64), value: Option<f64>| {
            bounds == all || value.is_some_and(|v| (bounds.0..=bounds.1).contains(&v))
        };
        self.part.is_none_or(|part| part == info.part)
            && (self.answers.0..=self.answers.1).contains(&info.answers)
            && within(self.right, all.right, Some(f64::from(info.correct) / f64::from(info.answers)))
            && within(self.mastery, all.mastery, summary.and_then(StudentSummary::final_mean).map(f64::from))
            && within(self.auc, all.auc, summary.and_then(|s| s.auc))
            && within(self.correlation, all.correlation, summary.and_then(|s| s.correlation))
    }

    fn show(&mut self, ui: &mut Ui) {
        ui.set_min_width(260.0);
        egui::Grid::new("filter").num_columns(3).show(ui, |ui| {
            ui.label("part");
            ui.horizontal(|ui| {
                let parts = [
                    (None, "all"),
                    (Some(Split::Train), "train"),
                    (Some(Split::Validation), "valid."),
                    (Some(Split::Test), "test"),
                ];
                for (part, name) in parts {
                    ui.selectable_value(&mut self.part, part, name);
                }
            });
            ui.end_row();
            ui.label("answers");
            ui.horizontal(|ui| {
                ui.add(egui::DragValue::new(&mut self.answers.0).range(0..=MOST));
                ui.label("to");
                ui.add(egui::DragValue::new(&mut self.answers.1).range(0..=MOST));
            });
            ui.end_row();
            for (name, bounds, least) in [
                ("share right", &mut self.right, 0.0),
                ("final mastery", &mut self.mastery, 0.0),
                ("AUC", &mut self.auc, 0.0),
                ("correlation", &mut self.correlation, -1.0),
            ] {
                ui.label(name);
                ui.horizontal(|ui| {
                    ui.add(egui::DragValue::new(&mut bounds.0).range(least..=1.0).speed(0.01).fixed_decimals(2));
                    ui.label("to");
                    ui.add(egui::DragValue::new(&mut bounds.1).range(least..=1.0).speed(0.01).fixed_decimals(2));
                });
                ui.end_row();
            }
        });
        if ui.button("Clear filter").clicked() {
            *self = Self::default();
        }
    }
}

/// The part of the data a student belongs to, in a word.
pub(super) fn part_name(part: Split) -> &'static str {
    match part {
        Split::Train => "train",
        Split::Validation => "validation",
        Split::Test => "test",
    }
}

fn row(ui: &mut Ui, state: &ViewState, student: u32, selected: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let Some(info) = state.opened.as_ref().and_then(|s| s.students.get(student as usize)) else { return response };
    let summary = state.summaries.get(student as usize).and_then(Option::as_ref);
    let right = f64::from(info.correct) / f64::from(info.answers.max(1));
    let label = format!("{}, {} answers, {} right", info.id, info.answers, theme::percent(right));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::ListBoxOption, true, selected, &label));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let visuals = ui.visuals();
    if selected || response.hovered() {
        let fill = if selected { visuals.selection.bg_fill } else { visuals.faint_bg_color };
        ui.painter().rect_filled(rect.shrink2(vec2(0.0, 1.0)), 4.0, fill);
    }
    let text = visuals.text_color();
    let weak = visuals.weak_text_color();
    let painter = ui.painter();
    let at = |x, y| pos2(rect.left() + x, rect.top() + y);
    let left = egui::Align2::LEFT_CENTER;
    painter.text(at(8.0, 12.0), left, theme::short(&info.id, 16), egui::FontId::proportional(14.5), text);
    let line = format!("{} answers · {}", info.answers, theme::percent(right));
    painter.text(at(8.0, 28.0), left, line, egui::FontId::proportional(12.0), weak);
    let spark =
        Rect::from_min_max(pos2(rect.right() - 84.0, rect.top() + 6.0), pos2(rect.right() - 42.0, rect.bottom() - 6.0));
    if let Some(mastery_over_time) = summary.map(|s| &s.mastery_over_time) {
        sparkline(ui, spark, mastery_over_time, theme::accent(ui));
    }
    let mastery = summary.and_then(StudentSummary::final_mean).map_or_else(|| "…".to_owned(), theme::percent);
    let right_edge = egui::Align2::RIGHT_CENTER;
    ui.painter().text(
        pos2(rect.right() - 4.0, rect.center().y),
        right_edge,
        mastery,
        egui::FontId::proportional(12.5),
        text,
    );
    response.on_hover_text(hover(info, summary))
}

fn hover(info: &crate::service::StudentInfo, summary: Option<&StudentSummary>) -> String {
    let mut text = format!(
        "{}, {} part\nAUC {}, correlation of mastery with answers {}\nline and figure: mean mastery of the skills practised",
        info.id,
        part_name(info.part),
        theme::figure(summary.and_then(|s| s.auc), 3),
        theme::figure(summary.and_then(|s| s.correlation), 3)
    );
    if let Some(summary) = summary.filter(|s| !s.deviation.is_empty()) {
        let count = |standing| {
            let skills = 0..summary.attempts.len();
            skills.filter(|&k| summary.standing(k, MASTERED) == Some(standing)).count()
        };
        text += &format!(
            "\nchance of a right answer at or above {}: {} skills surely, {} possibly, {} not",
            theme::percent(MASTERED),
            count(Standing::Mastered),
            count(Standing::Perhaps),
            count(Standing::NotMastered)
        );
    }
    text
}

/// A small line of values from 0 to 1.
pub(super) fn sparkline(ui: &Ui, rect: Rect, values: &[f32], colour: Color32) {
    let last = values.len().saturating_sub(1).max(1) as f32;
    let point = |(i, v): (usize, &f32)| {
        pos2(rect.left() + rect.width() * i as f32 / last, rect.bottom() - rect.height() * v.clamp(0.0, 1.0))
    };
    let points: Vec<egui::Pos2> = values.iter().enumerate().map(point).collect();
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, ui.visuals().faint_bg_color));
    ui.painter().add(egui::Shape::line(points, Stroke::new(1.5, colour)));
}
