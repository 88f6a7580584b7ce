//! What a run measured, as plots: loss, AUC, shares of the losses, correlations.

use eframe::egui::{self, Ui};
use egui_plot::{Line, LineStyle, MarkerShape, Plot, PlotPoints, Points};

use super::context::ViewContext;
use super::theme;
use super::view_state::ShownRun;
use crate::experiment::metrics_csv;
use crate::service::Export;
use crate::train::EpochRow;

/// A name and what it is of an epoch.
type Column<'a> = (&'a str, Box<dyn Fn(&EpochRow) -> Option<f64> + 'a>);

fn column<'a>(name: &'a str, value: impl Fn(&EpochRow) -> Option<f64> + 'a) -> Column<'a> {
    (name, Box::new(value))
}

pub(super) fn show(ui: &mut Ui, run: &ShownRun, context: &mut ViewContext<'_>) {
    let folded = theme::narrow(ui);
    let width = if folded { ui.available_width() } else { (ui.available_width() - theme::GAP) / 2.0 };
    let height = ((ui.available_height() - 160.0) / 2.0).clamp(140.0, 300.0);
    beside(ui, folded, |ui| {
        block(ui, width, |ui| loss(ui, run, height));
        block(ui, width, |ui| {
            theme::part(ui, "AUC", "how well right answers are separated from wrong ones; 0.5 is chance");
            by_epoch(
                ui,
                "auc",
                &run.history,
                height,
                &[
                    column("validation", |r| r.validation.headline_auc()),
                    column("validation, mastery alone", |r| r.validation.mastery_auc),
                    column("training, with dropout", |r| r.train_auc),
                ],
            );
        });
    });
    beside(ui, folded, |ui| {
        block(ui, width, |ui| {
            theme::part(ui, "Shares of the loss", "what drives training");
            by_epoch(
                ui,
                "shares",
                &run.history,
                height,
                &[
                    column("prediction", |r| Some(r.main_loss_share)),
                    column("constraints", |r| Some(r.constraint_loss_share)),
                    column("alignment", |r| Some(r.alignment_loss_share)),
                    column("lag", |r| Some(r.lag_loss_share)),
                    column("retention", |r| Some(r.retention_loss_share)),
                ],
            );
        });
        block(ui, width, |ui| {
            theme::part(ui, "Correlations", "of mastery and gain with the answers, on validation students");
            by_epoch(
                ui,
                "correlations",
                &run.history,
                height,
                &[
                    column("mastery", |r| r.validation.mastery_correlation),
                    column("gain", |r| r.validation.gain_correlation),
                    column("mastery with the truth", |r| r.validation.truth_correlation),
                ],
            );
        });
    });
    ui.horizontal(|ui| {
        if ui.add_enabled(!run.history.is_empty(), egui::Button::new("Figures of every epoch, CSV…")).clicked() {
            context.save("metrics_epoch.csv", Export::Text(metrics_csv(&run.history)));
        }
    });
}

/// Blocks beside each other, or below each other where there is no room.
fn beside(ui: &mut Ui, folded: bool, add: impl FnOnce(&mut Ui)) {
    if folded {
        ui.vertical(add);
    } else {
        ui.horizontal(add);
    }
}

fn block(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui)) {
    ui.vertical(|ui| {
        ui.set_width(width);
        add(ui);
    });
}

fn plot<'a>(ui: &Ui, name: &str, height: f32) -> Plot<'a> {
    theme::with_grid(ui, Plot::new(name))
        .height(height)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .y_axis_min_width(44.0)
        .x_grid_spacer(egui_plot::uniform_grid_spacer(|_| [10.0, 5.0, 1.0]))
        .label_formatter(|at| match at {
            egui_plot::HoverPosition::NearDataPoint { plot_name, position, .. } => {
                Some(format!("{plot_name}\nepoch {:.1}: {:.4}", position.x, position.y))
            }
            egui_plot::HoverPosition::Elsewhere { .. } => None,
        })
}

fn loss(ui: &mut Ui, run: &ShownRun, height: f32) {
    theme::part(ui, "Loss", "by step (thin) and by epoch; rises while the constraint weights warm up");
    let (thin, thick, validation) = (theme::line(ui, 0).gamma_multiply(0.5), theme::line(ui, 0), theme::line(ui, 1));
    let rows = |value: &dyn Fn(&EpochRow) -> Option<f64>| -> Vec<[f64; 2]> {
        run.history.iter().filter_map(|r| Some([r.epoch as f64, value(r)?])).collect()
    };
    key(ui, &[("training", thick, 0), ("validation, prediction only", validation, 1)]);
    plot(ui, "loss", height).show(ui, |plot| {
        plot.line(Line::new("steps", PlotPoints::from(run.losses.clone())).color(thin).width(1.0));
        line(plot, "training", rows(&|r| Some(r.train_loss)), thick, 0);
        line(plot, "validation, prediction only", rows(&|r| r.validation.loss), validation, 1);
    });
}

fn by_epoch(ui: &mut Ui, name: &str, history: &[EpochRow], height: f32, columns: &[Column<'_>]) {
    let colours: Vec<_> = (0..columns.len()).map(|i| theme::line(ui, i)).collect();
    let drawn = |value: &dyn Fn(&EpochRow) -> Option<f64>| history.iter().any(|r| value(r).is_some());
    let entries: Vec<_> = columns.iter().enumerate().filter(|(_, (_, value))| drawn(value)).collect();
    key(ui, &entries.iter().map(|&(i, (name, _))| (*name, colours[i], i)).collect::<Vec<_>>());
    plot(ui, name, height).show(ui, |plot| {
        for (i, (name, value)) in columns.iter().enumerate() {
            let points: Vec<[f64; 2]> = history.iter().filter_map(|r| Some([r.epoch as f64, value(r)?])).collect();
            if !points.is_empty() {
                line(plot, name, points, colours[i], i);
            }
        }
    });
}

/// Line styles as text, in the order [`line`] uses them.
const DASHES: [&str; 3] = ["––", "– –", "· · ·"];

/// The lines' names above the plot, where they hide nothing.
fn key(ui: &mut Ui, lines: &[(&str, egui::Color32, usize)]) {
    ui.horizontal_wrapped(|ui| {
        for &(name, colour, i) in lines {
            ui.label(egui::RichText::new(format!("{} {name}", DASHES[i % DASHES.len()])).small().color(colour));
        }
    });
}

/// A line with a mark at every epoch; its dashes tell it apart without colour.
fn line(plot: &mut egui_plot::PlotUi<'_>, name: &str, points: Vec<[f64; 2]>, colour: egui::Color32, i: usize) {
    let style = [LineStyle::Solid, LineStyle::dashed_loose(), LineStyle::dotted_dense()][i % DASHES.len()];
    let marks =
        Points::new(name, PlotPoints::from(points.clone())).shape(MarkerShape::Circle).radius(2.5).color(colour);
    plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(2.0).style(style));
    plot.points(marks);
}
