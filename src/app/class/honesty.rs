//! How far the model may be believed: a small table in words, and the figures behind it.

use eframe::egui::{self, RichText, Ui};

use super::ClassView;
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::evaluate::{BandCoverage, Honesty, Reliability};

impl ClassView {
    /// The measures in words, then by opportunity and by prediction.
    pub(super) fn honesty(&mut self, ui: &mut Ui, state: &ViewState) {
        let Some(report) = &state.class_report else {
            ui.spinner();
            ui.label("Asking the model: flipping answers, swapping students…");
            return;
        };
        let honesty = &report.honesty;
        let what = format!("{} answers the model was not trained on", honesty.answers);
        theme::part(ui, "Can it be trusted?", &what);
        egui::Grid::new("honesty").num_columns(2).spacing([14.0, 8.0]).striped(true).show(ui, |ui| {
            for (measure, sentence) in honesty.sentences() {
                ui.label(RichText::new(measure).strong());
                ui.add(egui::Label::new(sentence).wrap());
                ui.end_row();
            }
        });
        ui.add_space(theme::GAP);
        sureness(ui, honesty);
        opportunities(ui, honesty);
        ui.add_space(theme::GAP);
        ui.horizontal_wrapped(|ui| {
            reliability(ui, "By what was predicted", "predicted", &honesty.by_prediction);
            reliability(ui, "By how often the skill is right", "skill's share", &honesty.by_observed_rate);
        });
    }
}

/// How bands and what-ifs hold, where that could be judged.
fn sureness(ui: &mut Ui, honesty: &Honesty) {
    if honesty.coverage.is_none() && honesty.what_ifs.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0 * theme::GAP;
        if let Some(coverage) = &honesty.coverage {
            let points = |x: f64| format!("{:.0} points", 100.0 * x);
            let of_band = |b: &BandCoverage| [theme::percent(b.share), theme::percent(b.held), points(b.width)];
            let rows = coverage.bands.iter().map(of_band);
            table(ui, "Bands of practised skills", ["nominal", "actual", "width"], rows);
            let practised = coverage.by_practice.iter().filter(|g| g.count > 0);
            let rows = practised.map(|g| [g.name(), points(g.error), points(g.said)]);
            table(ui, "Error by answers to the skill", ["answers", "actual", "predicted"], rows);
        }
        let rows = honesty.what_if_groups().map(|(name, group)| {
            let points = |x: f64| format!("{:+.1} points", 100.0 * x);
            [name.to_owned(), points(group.said), points(group.came)]
        });
        table(ui, "What-ifs by size", ["size", "predicted", "actual"], rows);
    });
    ui.add_space(theme::GAP);
}

fn table(ui: &mut Ui, title: &str, heads: [&str; 3], rows: impl Iterator<Item = [String; 3]>) {
    ui.vertical(|ui| {
        theme::part(ui, title, "");
        egui::Grid::new(title).num_columns(3).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
            for head in heads {
                ui.label(theme::weak(head));
            }
            ui.end_row();
            for row in rows {
                row.into_iter().for_each(|text| {
                    ui.label(text);
                });
                ui.end_row();
            }
        });
    });
}

fn opportunities(ui: &mut Ui, honesty: &Honesty) {
    theme::part(ui, "By opportunity", "first, second, third … answer to a skill");
    egui::Grid::new("opportunities").num_columns(6).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
        for head in ["answer", "count", "right", "predicted", "AUC", "AUC of mastery"] {
            ui.label(theme::weak(head));
        }
        ui.end_row();
        for o in &honesty.by_opportunity {
            ui.label(o.name());
            ui.label(o.answers.to_string());
            ui.label(theme::percent(o.correct));
            ui.label(theme::percent(o.predicted));
            ui.label(theme::figure(o.auc, 3));
            ui.label(theme::figure(o.mastery_auc, 3));
            ui.end_row();
        }
    });
}

fn reliability(ui: &mut Ui, title: &str, first: &str, groups: &[Reliability]) {
    ui.vertical(|ui| {
        theme::part(ui, title, "");
        egui::Grid::new(title).num_columns(4).spacing([18.0, 3.0]).striped(true).show(ui, |ui| {
            for head in [first, "count", "predicted", "right"] {
                ui.label(theme::weak(head));
            }
            ui.end_row();
            for g in groups {
                ui.label(format!("{:.0} to {:.0} %", 100.0 * g.from, 100.0 * g.from + 10.0));
                ui.label(g.answers.to_string());
                ui.label(theme::percent(g.predicted));
                ui.label(theme::percent(g.correct));
                ui.end_row();
            }
        });
    });
}
