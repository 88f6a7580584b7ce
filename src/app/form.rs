//! Settings as a form: a field for every key of a config, by group, with what it means.

use eframe::egui::{self, Ui};
use serde_json::Value;

use super::theme;
use crate::config::{Config, GROUPS, GroupDocs, ModelKind};
use crate::error::Result;

/// Keys shown first, open; the rest is folded away.
const FIRST: [&str; 3] = ["data", "training", "model_config"];
/// Keys the program does not let anybody change, or that have their own place.
const HIDDEN: [&str; 7] =
    ["path", "test_path", "columns", "optimizer", "mixed_precision", "emb_type", "enhanced_constraints"];

/// A config being edited.
#[derive(Debug)]
pub(super) struct Form {
    value: Value,
    /// The config it stands for, or why it stands for none.
    pub outcome: std::result::Result<Config, String>,
}

impl Form {
    /// A form filled with `config`.
    pub(super) fn new(config: &Config) -> Self {
        Self { value: serde_json::to_value(config).unwrap_or_default(), outcome: Ok(config.clone()) }
    }

    /// Changes the config through a function, if it is one.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Config)) {
        if let Ok(config) = &self.outcome {
            let mut config = config.clone();
            change(&mut config);
            self.value = serde_json::to_value(&config).unwrap_or_default();
            self.check();
        }
    }

    fn check(&mut self) {
        let read: Result<Config> = Config::from_json("settings", &self.value.to_string());
        self.outcome = read.map_err(|e| e.to_string().trim_start_matches("settings: ").to_owned());
    }

    /// Draws the form.
    pub(super) fn show(&mut self, ui: &mut Ui) {
        let before = self.value.clone();
        let kind = self.outcome.as_ref().map_or_else(|_| ModelKind::default(), |config| config.model.kind);
        for (group, docs) in GROUPS.into_iter().filter(|(group, _)| shown(group, kind)) {
            let open = FIRST.contains(&group);
            let Some(fields) = self.value.get_mut(group) else { continue };
            egui::CollapsingHeader::new(title(group)).default_open(open).show(ui, |ui| {
                ui.label(theme::weak(docs.about.trim()).small());
                fields_of(ui, group, fields, &docs);
            });
        }
        if before != self.value {
            self.check();
        }
    }
}

fn fields_of(ui: &mut Ui, group: &str, fields: &mut Value, docs: &GroupDocs) {
    egui::Grid::new(group).num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        for (key, meaning) in docs.keys.iter().filter(|(key, _)| !HIDDEN.contains(key)) {
            let Some(value) = fields.get_mut(key) else { continue };
            let name = ui.label(label(key)).on_hover_text(meaning.trim());
            field(ui, value).labelled_by(name.id).on_hover_text(meaning.trim());
            ui.end_row();
        }
    });
}

/// A key in words.
fn label(key: &str) -> String {
    match key {
        "lr" => "learning rate".to_owned(),
        key => key.replace('_', " "),
    }
}

fn field(ui: &mut Ui, value: &mut Value) -> egui::Response {
    match value {
        Value::Bool(on) => ui.checkbox(on, ""),
        Value::Number(number) if number.is_u64() => {
            let mut whole = number.as_u64().unwrap_or_default();
            let response = ui.add(egui::DragValue::new(&mut whole));
            *value = whole.into();
            response
        }
        Value::Number(number) => {
            let mut real = number.as_f64().unwrap_or_default();
            let speed = if real == 0.0 { 0.001 } else { real.abs() * 0.01 };
            let drag = egui::DragValue::new(&mut real).speed(speed).max_decimals(8);
            let response = ui.add(drag);
            *value = real.into();
            response
        }
        Value::String(text) => ui.add(egui::TextEdit::singleline(text).desired_width(140.0)),
        other => ui.label(other.to_string()),
    }
}

/// Whether a model of this kind has the group, and it has no place of its own.
fn shown(group: &str, kind: ModelKind) -> bool {
    let of = |kind: ModelKind| kind.about().groups.iter().any(|(own, _)| *own == group);
    group != "model" && (of(kind) || !ModelKind::ALL.into_iter().any(of))
}

fn title(group: &str) -> &'static str {
    match group {
        "data" => "Data",
        "training" => "Training",
        "model_config" => "Model",
        "seeds" => "Seed",
        "interpretability" => "Heads and constraints",
        "alignment" => "Alignment",
        "global_alignment" => "Alignment over the class",
        "refinement" => "Retention and lag",
        "evidence" => "Loss",
        _ => "Measuring",
    }
}
