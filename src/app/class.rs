//! The class: students × skills with final mastery, those in need first, and whether the probabilities can be trusted.

use eframe::egui::{
    self, Color32, ColorImage, FontId, Rect, RichText, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2,
};
use egui_plot::{Line, MarkerShape, Plot, PlotPoints, Points};

use super::context::ViewContext;
use super::theme;
use super::view_state::ViewState;
use crate::data::Split;
use crate::evaluate::ClassOrder;
use crate::experiment::{Grid, Plot as Drawing, Series};
use crate::service::Export;

const ROW: f32 = 16.0;
const HEAD: f32 = 124.0;

/// The view's state.
#[derive(Default)]
pub(super) struct ClassView {
    order: ClassOrder,
    ordered_for: Option<u64>,
    texture: Option<TextureHandle>,
    /// What the texture shows: changes, rows.
    painted: Option<(u64, std::ops::Range<usize>, bool)>,
    part: Option<Split>,
}

impl std::fmt::Debug for ClassView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClassView")
    }
}

impl ClassView {
    /// Students and skills as they were ordered last.
    pub(super) fn order(&self) -> &ClassOrder {
        &self.order
    }

    /// Draws the class; the student clicked, if one was.
    pub(super) fn show(&mut self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) -> Option<u32> {
        let opened = state.opened.as_ref()?;
        // Ordering a large class again with every batch surveyed would cost frames.
        let settled = state.surveyed.0 == state.surveyed.1 || self.ordered_for.is_none_or(|c| state.changes > c + 40);
        if self.ordered_for != Some(state.changes) && settled {
            self.order = ClassOrder::new(&state.summaries, opened.skills.len());
            self.ordered_for = Some(state.changes);
        }
        ui.horizontal_wrapped(|ui| {
            ui.heading("The class");
            ui.label(theme::weak(format!("{} · {}", opened.title, opened.model_about)));
            theme::at_the_end(ui, |ui| {
                ui.menu_button("Export", |ui| self.export(ui, state, context));
            });
        });
        if self.order.students.is_empty() {
            let busy = state.surveyed.0 < state.surveyed.1;
            ui.label(if busy {
                "Looking at every student…"
            } else {
                "This model has no mastery head: there is nothing to show here."
            });
            return None;
        }
        if theme::narrow(ui) {
            return egui::ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    let height = ui.available_height() - 40.0;
                    let clicked = ui.allocate_ui(vec2(ui.available_width(), height), |ui| self.grid(ui, state)).inner;
                    self.calibration(ui, state);
                    ui.add_space(theme::GAP);
                    self.skills(ui, state);
                    clicked
                })
                .inner;
        }
        egui::Panel::right("class side").resizable(true).default_size(300.0).min_size(220.0).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                self.calibration(ui, state);
                ui.add_space(theme::GAP);
                self.skills(ui, state);
            });
        });
        egui::CentralPanel::default()
            .frame(egui::Frame::NONE.inner_margin(egui::Margin::symmetric(10, 4)))
            .show(ui, |ui| self.grid(ui, state))
            .inner
    }

    fn grid(&mut self, ui: &mut Ui, state: &ViewState) -> Option<u32> {
        theme::part(
            ui,
            "Mastery after the last answer",
            "struggling students first, weakest skills first; faded: never practised; click opens the student",
        );
        ui.horizontal(|ui| theme::scale_key(ui, 1.0));
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

    fn cell_text(&self, state: &ViewState, student: usize, column: f32) -> String {
        let (Some(opened), Some(summary)) = (&state.opened, &state.summaries[student]) else { return String::new() };
        let id = &opened.students[student].id;
        match self.order.skills.get(column as usize).filter(|_| column >= 0.0) {
            Some(&(skill, _, _)) => format!(
                "{id}: {}\nmastery {:.3} after {} attempts",
                opened.skills[skill as usize].name, summary.mastery[skill as usize], summary.attempts[skill as usize]
            ),
            None => format!("{id}: {} answers, {} right", summary.answers, theme::percent(summary.share_right())),
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
        let key = (self.ordered_for.unwrap_or_default(), rows.clone(), ui.visuals().dark_mode);
        if let (Some(texture), true) = (&self.texture, self.painted.as_ref() == Some(&key)) {
            return texture.clone();
        }
        let ground = theme::ground(ui.visuals());
        let mut pixels = Vec::with_capacity(rows.len() * self.order.skills.len());
        for &student in &self.order.students[rows.clone()] {
            let summary = state.summaries[student].as_ref();
            pixels.extend(self.order.skills.iter().map(|&(skill, _, _)| {
                summary.map_or(ground, |s| cell(s.mastery[skill as usize], s.attempts[skill as usize], ground))
            }));
        }
        let image = ColorImage::new([self.order.skills.len(), rows.len()], pixels);
        let texture = ui.ctx().load_texture("class", image, TextureOptions::NEAREST);
        self.painted = Some(key);
        self.texture = Some(texture.clone());
        texture
    }

    /// The part shown: the one asked for, else the one the model has seen least of.
    fn shown_part(&self, state: &ViewState) -> Option<Split> {
        let all = state.calibration.as_ref()?;
        let filled = |p: &Split| all[*p as usize].error().is_some();
        self.part.filter(filled).or_else(|| [Split::Test, Split::Validation, Split::Train].into_iter().find(filled))
    }

    fn calibration(&mut self, ui: &mut Ui, state: &ViewState) {
        theme::part(ui, "Calibration", "do 7 of 10 answers given 70 % come out right?");
        let (Some(part), Some(all)) = (self.shown_part(state), &state.calibration) else {
            ui.spinner();
            return;
        };
        ui.horizontal(|ui| {
            for (p, name) in [(Split::Test, "test"), (Split::Validation, "validation"), (Split::Train, "train")] {
                if ui
                    .add_enabled(all[p as usize].error().is_some(), egui::Button::selectable(part == p, name))
                    .clicked()
                {
                    self.part = Some(p);
                }
            }
        });
        let calibration = &all[part as usize];
        let filled = || calibration.bins.iter().filter(|b| b.count > 0);
        let (ink, weak) = (theme::accent(ui), ui.visuals().weak_text_color());
        let points: Vec<[f64; 2]> = filled().map(|b| [b.predicted, b.right]).collect();
        let most = filled().map(|b| b.count).max().map_or(1.0, f64::from);
        let tenths = || egui_plot::uniform_grid_spacer(|_| [1.0, 0.5, 0.1]);
        theme::quiet(ui, Plot::new("calibration"))
            .height(230.0)
            .x_grid_spacer(tenths())
            .y_grid_spacer(tenths())
            .x_axis_formatter(|m, _| format!("{:.1}", m.value))
            .y_axis_formatter(|m, _| format!("{:.1}", m.value))
            .default_x_bounds(0.0, 1.0)
            .default_y_bounds(0.0, 1.0)
            .allow_drag(false)
            .allow_scroll(false)
            .allow_zoom(false)
            .show_x(false)
            .show_y(false)
            .x_axis_label("predicted")
            .y_axis_label("share right")
            .label_formatter(|_| None)
            .show(ui, |plot| {
                plot.line(
                    Line::new("", PlotPoints::from(vec![[0.0, 0.0], [1.0, 1.0]]))
                        .color(weak)
                        .width(1.0)
                        .allow_hover(false),
                );
                plot.line(Line::new("", PlotPoints::from(points)).color(ink).width(2.0).allow_hover(false));
                // A disc's area is its bin's share of the answers: a small one says little.
                for bin in filled() {
                    let radius = (f64::from(bin.count) / most).sqrt() as f32 * 6.0;
                    let point = PlotPoints::from(vec![[bin.predicted, bin.right]]);
                    let disc = Points::new("", point).shape(MarkerShape::Circle).radius(radius.max(1.5));
                    plot.points(disc.color(ink).allow_hover(false));
                }
            });
        let count: u32 = filled().map(|b| b.count).sum();
        ui.label(
            theme::weak(format!(
                "{count} answers; off by {} on average; a disc's area is its share of the answers",
                theme::figure(calibration.error().map(|e| e * 100.0), 1) + " points"
            ))
            .small(),
        );
    }

    fn skills(&self, ui: &mut Ui, state: &ViewState) {
        let Some(opened) = &state.opened else { return };
        theme::part(ui, "Skills", "mean mastery of those who practised them, weakest first");
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
                theme::bar(
                    ui,
                    &format!("mean mastery of {name}"),
                    mean,
                    &theme::percent(mean),
                    bar,
                    theme::line(ui, 0),
                );
            });
        }
    }

    fn export(&self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) {
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
                .map(|(id, s)| (id.to_owned(), self.order.skills.iter().map(|k| s.mastery[k.0 as usize]).collect()))
                .collect(),
        };
        for (text, ending) in [
            ("grid (first 200 students), PNG", "png"),
            ("grid (first 200 students), SVG", "svg"),
            ("all students, CSV", "csv"),
            ("all students, JSON", "json"),
        ] {
            if ui.button(text).clicked() {
                let export = match ending {
                    "png" => Export::Png(grid(200).svg()),
                    "svg" => Export::Text(grid(200).svg()),
                    "csv" => Export::Text(grid(usize::MAX).csv()),
                    _ => Export::Text(
                        crate::experiment::pretty(&students(usize::MAX).collect::<Vec<_>>()).unwrap_or_default(),
                    ),
                };
                context.save(&format!("class.{ending}"), export);
                ui.close();
            }
        }
        if let (Some(part), Some(all)) = (self.shown_part(state), &state.calibration)
            && ui.button("calibration, PNG").clicked()
        {
            let points: Vec<(f64, f64)> =
                all[part as usize].bins.iter().filter(|b| b.count > 0).map(|b| (b.predicted, b.right)).collect();
            let line = |name: &str, points, dash| Series {
                name: name.to_owned(),
                points,
                colour: dash,
                dash,
                marks: Vec::new(),
            };
            let drawing = Drawing {
                title: format!("Calibration, {} part", super::students::part_name(part)),
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

/// Room for the students' ids.
fn name_width(ui: &Ui) -> f32 {
    if theme::narrow(ui) { 52.0 } else { 110.0 }
}

/// A cell's colour; what was never practised is pale.
fn cell(mastery: f32, attempts: u32, ground: Color32) -> Color32 {
    let colour = theme::scale(mastery);
    if attempts > 0 { colour } else { ground.lerp_to_gamma(colour, 0.25) }
}
