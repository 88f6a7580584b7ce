//! Students × skills as shades: mastery, or the chance of a right answer, after the last answer.

use eframe::egui::{self, Color32, ColorImage, FontId, Rect, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2};

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
            "struggling students first, weakest skills first; faded: never practised; click opens the student",
        );
        ui.horizontal(|ui| {
            let hint = "chance of a right answer were the skill asked now";
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

    fn cell_text(&self, state: &ViewState, student: usize, column: f32) -> String {
        let (Some(opened), Some(summary)) = (&state.opened, &state.summaries[student]) else { return String::new() };
        let id = &opened.students[student].id;
        match self.order.skills.get(column as usize).filter(|_| column >= 0.0) {
            Some(&(skill, _, _)) => format!(
                "{id}: {}\n{} {:.3} after {} attempts",
                opened.skills[skill as usize].name,
                if self.chance || summary.mastery.is_empty() { "chance" } else { "mastery" },
                self.value(summary, skill),
                summary.attempts[skill as usize]
            ),
            None => format!("{id}: {} answers, {} right", summary.answers, theme::percent(summary.share_correct())),
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
                summary.map_or(ground, |s| cell(self.value(s, skill), s.attempts[skill as usize], ground))
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

/// A cell's colour; what was never practised is pale.
fn cell(mastery: f32, attempts: u32, ground: Color32) -> Color32 {
    let colour = theme::scale(mastery);
    if attempts > 0 { colour } else { ground.lerp_to_gamma(colour, 0.25) }
}
