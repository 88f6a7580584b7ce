//! Whether the predicted chances mean what they say, as a curve.

use eframe::egui::{self, Ui};
use egui_plot::{Line, MarkerShape, Plot, PlotPoints, Points};

use super::ClassView;
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::data::Split;

impl ClassView {
    /// The part shown: the one asked for, else the one the model has seen least of.
    pub(super) fn shown_part(&self, state: &ViewState) -> Option<Split> {
        let all = state.calibration.as_ref()?;
        let filled = |p: &Split| all[*p as usize].error().is_some();
        self.part.filter(filled).or_else(|| [Split::Test, Split::Validation, Split::Train].into_iter().find(filled))
    }

    pub(super) fn calibration(&mut self, ui: &mut Ui, state: &ViewState) {
        theme::part(ui, "Calibration", "are 7 of 10 answers predicted at 70 % right?");
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
        let points: Vec<[f64; 2]> = filled().map(|b| [b.predicted(), b.share_correct()]).collect();
        let most = filled().map(|b| b.count).max().map_or(1.0, f64::from);
        let tenths = || egui_plot::uniform_grid_spacer(|_| [1.0, 0.5, 0.1]);
        theme::with_grid(ui, Plot::new("calibration"))
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
                    let point = PlotPoints::from(vec![[bin.predicted(), bin.share_correct()]]);
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
}
