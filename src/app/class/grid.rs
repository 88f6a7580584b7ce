//! Students × skills as shades: mastery, or the chance of a right answer, after the last answer.

use eframe::egui::{self, ColorImage, FontId, Rect, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2};

use super::ClassView;
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::evaluate::StudentSummary;

const ROW: f32 = 16.0;
const HEAD: f32 = 124.0;

impl ClassView {
    pub(super) fn grid(&mut self, ui: &mut Ui, state: &ViewState) -> Option<u32> {
        theme::part(
            ui,
            "After the last answer",
            "struggling students and weakest skills first; paler: less certain; dot: never practised; click to open the student",
        );
        ui.horizontal(|ui| {
            let hint = "chance of a right answer if the skill were asked now";
            if Self::shown_by(state) == "mastery" {
                ui.selectable_value(&mut self.chance, false, "mastery").on_hover_text("what the model calls mastery");
                ui.selectable_value(&mut self.chance, true, "chance").on_hover_text(hint);
            } else {
                ui.label(theme::weak(hint));
            }
            theme::scale_key(ui, 1.0);
        });
        let opened = state.opened.as_ref()?;
        let columns = self.order.skills.len();
        let name = name_width(ui);
        let width = ((ui.available_width() - name - 14.0) / columns as f32).clamp(7.0, 110.0);
        let mut clicked = None;
        egui::ScrollArea::horizontal().auto_shrink([false, false]).show(ui, |ui| {
            let named = width >= 14.0;
            self.heads(ui, state, width, named);
            ui.spacing_mut().item_spacing.y = 0.0;
            egui::ScrollArea::vertical().auto_shrink([false, false]).show_rows(
                ui,
                ROW,
                self.order.students.len(),
                |ui, range| {
                    let texture = self.texture(ui, state, range.clone());
                    let size = vec2(name + width * columns as f32, ROW * range.len() as f32);
                    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                    let cells = Rect::from_min_max(pos2(rect.left() + name, rect.top()), rect.max);
                    egui::Image::new((texture.id(), cells.size())).paint_at(ui, cells);
                    self.dots(ui, state, range.clone(), cells, width);
                    for (i, &student) in self.order.students[range.clone()].iter().enumerate() {
                        let y = rect.top() + ROW * (i as f32 + 0.5);
                        let id = theme::short(&opened.students[student].id, 14);
                        let at = pos2(rect.left() + name - 8.0, y);
                        ui.painter().text(
                            at,
                            egui::Align2::RIGHT_CENTER,
                            id,
                            FontId::proportional(12.0),
                            ui.visuals().text_color(),
                        );
                    }
                    let label = format!(
                        "{} students by {columns} skills; struggling students and weakest skills first",
                        self.order.students.len()
                    );
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                    let pointer = response.hover_pos().or(response.interact_pointer_pos());
                    if let Some(pointer) = pointer {
                        let row = range.start + ((pointer.y - rect.top()) / ROW).max(0.0) as usize;
                        let column = (pointer.x - cells.left()) / width;
                        if let Some(&student) = self.order.students.get(row) {
                            if response.clicked() {
                                clicked = Some(student as u32);
                            }
                            response.on_hover_text_at_pointer(self.cell_text(state, student, column));
                        }
                    }
                },
            );
        });
        clicked
    }

    /// What a cell shows of a skill.
    fn value(&self, summary: &StudentSummary, skill: u32) -> f32 {
        let chances = if self.chance && !summary.chance.is_empty() { &summary.chance } else { summary.drawn() };
        chances.get(skill as usize).copied().unwrap_or_default()
    }

    /// How much of its colour a cell keeps.
    fn sureness(&self, summary: &StudentSummary, skill: usize) -> f32 {
        let is_chance = self.chance || summary.draws_chances();
        match summary.deviation.get(skill).copied().flatten() {
            _ if summary.attempts[skill] == 0 => theme::sureness(None),
            Some(deviation) if is_chance => theme::sureness(Some(deviation)),
            // Practised, and nothing is known of how sure it is.
            _ => 1.0,
        }
    }

    fn cell_text(&self, state: &ViewState, student: usize, column: f32) -> String {
        let (Some(opened), Some(summary)) = (&state.opened, &state.summaries[student]) else { return String::new() };
        let id = &opened.students[student].id;
        match self.order.skills.get(column as usize).filter(|_| column >= 0.0) {
            Some(&(skill, _, _)) => {
                let (name, attempts) = (&opened.skills[skill as usize].name, summary.attempts[skill as usize]);
                let what = if self.chance || summary.mastery.is_empty() { "chance" } else { "mastery" };
                let mut text =
                    format!("{id}: {name}\n{what} {:.3} after {attempts} attempts", self.value(summary, skill));
                if attempts == 0 {
                    text += "\nnever practised: a guess from other skills";
                } else if let Some([low, high]) = summary.chance_band(skill as usize) {
                    text += &format!("\nchance, 80 % band: {low:.2} to {high:.2}");
                }
                text
            }
            None => format!("{id}: {} answers, {} right", summary.answers, theme::percent(summary.share_correct())),
        }
    }

    /// Marks what was never practised with a dot, where cells are large enough to see it.
    fn dots(&self, ui: &Ui, state: &ViewState, rows: std::ops::Range<usize>, cells: Rect, width: f32) {
        if width < 9.0 {
            return;
        }
        let ink = ui.visuals().weak_text_color();
        for (i, &student) in self.order.students[rows].iter().enumerate() {
            let Some(summary) = &state.summaries[student] else { continue };
            for (k, &(skill, _, _)) in self.order.skills.iter().enumerate() {
                if summary.attempts[skill as usize] == 0 {
                    let at = cells.left_top() + vec2(width * (k as f32 + 0.5), ROW * (i as f32 + 0.5));
                    ui.painter().circle_filled(at, 1.5, ink);
                }
            }
        }
    }

    fn heads(&self, ui: &mut Ui, state: &ViewState, width: f32, named: bool) {
        let (Some(opened), true) = (&state.opened, named) else { return };
        let columns = self.order.skills.len();
        let before = name_width(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(before + width * columns as f32, HEAD), Sense::hover());
        for (i, &(skill, _, _)) in self.order.skills.iter().enumerate() {
            let name = theme::short(&opened.skills[skill as usize].name, 20);
            let galley = ui.painter().layout_no_wrap(name, FontId::proportional(12.5), ui.visuals().text_color());
            let at = pos2(rect.left() + before + width * (i as f32 + 0.5) - galley.size().y / 2.0, rect.bottom() - 4.0);
            let text = egui::epaint::TextShape::new(at, galley, ui.visuals().text_color())
                .with_angle(-std::f32::consts::FRAC_PI_2);
            ui.painter().add(text);
        }
    }

    fn texture(&mut self, ui: &Ui, state: &ViewState, rows: std::ops::Range<usize>) -> TextureHandle {
        let key = (self.ordered_for.unwrap_or_default(), rows.clone(), ui.visuals().dark_mode, self.chance);
        if let (Some(texture), true) = (&self.texture, self.painted.as_ref() == Some(&key)) {
            return texture.clone();
        }
        let ground = theme::background(ui.visuals());
        let mut pixels = Vec::with_capacity(rows.len() * self.order.skills.len());
        for &student in &self.order.students[rows.clone()] {
            let summary = state.summaries[student].as_ref();
            pixels.extend(self.order.skills.iter().map(|&(skill, _, _)| {
                summary.map_or(ground, |s| {
                    ground.lerp_to_gamma(theme::scale(self.value(s, skill)), self.sureness(s, skill as usize))
                })
            }));
        }
        let image = ColorImage::new([self.order.skills.len(), rows.len()], pixels);
        let texture = ui.ctx().load_texture("class", image, TextureOptions::NEAREST);
        self.painted = Some(key);
        self.texture = Some(texture.clone());
        texture
    }
}

/// Room for the students' ids.
fn name_width(ui: &Ui) -> f32 {
    if theme::narrow(ui) { 52.0 } else { 110.0 }
}
