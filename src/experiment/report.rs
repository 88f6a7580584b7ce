//! README.md of an experiment folder: the original's document, filled from the folder itself.

use std::fmt::Write as _;

use serde_json::Value;

use super::checklist::{Item, checklist};
use super::folder::{Convention, File, RunFolder};
use super::record::json_value;
use crate::config::{Config, ModelKind, evaluation_snapshot, model_config, reproducibility_policy};
use crate::error::Result;
use crate::pyjson;
use crate::train::Results;

/// Groups of config.json in the original's order, and what each holds (the original's table, word for word).
const PROVENANCE: [(&str, &str); 6] = [
    ("runtime", "launcher + train commands, timestamp"),
    ("hardware", "device list, thread count"),
    ("seeds", "primary + all seeds"),
    ("training", "epochs, batch_size, lr, optimizer, mixed_precision, gradient_clip"),
    ("experiment", "id, model, short_title, purpose"),
    ("data", "dataset, fold"),
];

/// The README of `folder`: the original's document (`MODEL §6`), filled in, then what this program adds. The
/// checklist is tried on the folder while it is written.
///
/// # Errors
/// Never for a config made by this program.
pub fn readme(folder: &RunFolder, config: &Config, results: &Results) -> Result<String> {
    let name = folder.name();
    let (model, title) =
        Convention::of(&name).map_or((config.model.kind.name(), name.as_str()), |c| (c.model, c.title));
    let items = checklist(folder);
    let mut out = format!("# Experiment {name}\n\nModel: {model}\nShort title: {title}\n");
    out += "\n## Reproducibility Checklist\n\n| Item | Status |\n|------|--------|\n";
    for item in items.iter().filter(|item| item.original) {
        let status = match &item.outcome {
            Ok(_) => "✅".to_owned(),
            Err(reason) => format!("❌ {}", cell(reason)),
        };
        let _ = writeln!(out, "| {} | {status} |", item.statement);
    }
    out += "\n## Configuration Provenance\n\
            The `config.json` groups appear in the following canonical order ensuring reproducibility of parameter resolution:\n\n\
            \n| Group | Key Highlights |\n|-------|----------------|\n";
    for (group, highlights) in PROVENANCE.iter().chain(config.model.kind.about().groups) {
        let _ = writeln!(out, "| {group} | {highlights} |");
    }
    match config.model.kind {
        ModelKind::GainAkt2Exp => gainakt_settings(&mut out, config)?,
        kind if kind.about().groups.is_empty() => {}
        kind => {
            let settings = json_value(config)?;
            out += "\n### Core Interpretability & Constraints\n| Key | Value |\n|-----|-------|\n";
            kind.about().groups.iter().for_each(|(group, _)| rows(&mut out, group, &settings[*group]));
        }
    }
    let snapshot = evaluation_snapshot(config);
    out += "\n### Evaluation Snapshot\n| Key | Value |\n|-----|-------|\n";
    rows(&mut out, "evaluation", &snapshot);
    let _ = writeln!(out, "\nSnapshot MD5: `{}`", pyjson::md5_hex(&snapshot));
    out += "\n### Reproducibility Policy\n";
    let policy = reproducibility_policy();
    for (words, key) in [
        ("Ignored evaluation flags", "ignored_eval_flags"),
        ("Ignored training flags", "ignored_training_flags"),
        ("Schema version", "schema_version"),
        ("Policy last updated", "policy_last_updated"),
    ] {
        let _ = writeln!(out, "{words}: {}", pyjson::shown(&policy[key]));
    }
    figures(&mut out, config, results);
    further(&mut out, config, &items);
    let _ = writeln!(out, "\nRepeat and compare: `gainakt reproduce {name}`");
    Ok(out)
}

/// The settings of GainAKT2Exp, in the original's two tables.
fn gainakt_settings(out: &mut String, config: &Config) -> Result<()> {
    *out += "\n### Semantic Flag Snapshot\n| Flag | Value |\n|------|-------|\n";
    rows(out, "alignment", &json_value(&config.alignment)?);
    rows(out, "global_alignment", &json_value(&config.global_alignment)?);
    rows(out, "refinement", &json_value(&config.refinement)?);
    *out += "\n### Core Interpretability & Constraints\n| Key | Value |\n|-----|-------|\n";
    let mut core = json_value(&config.interpretability)?;
    if let Some(core) = core.as_object_mut().filter(|_| !config.interpretability.enable_cosine_perf_schedule) {
        // The original's table has no row for it; it is told only where it is on.
        core.shift_remove("enable_cosine_perf_schedule");
    }
    rows(out, "interpretability", &core);
    Ok(())
}

/// What this program states beyond the original's document.
fn further(out: &mut String, config: &Config, items: &[Item]) {
    *out += "\n## Further Statements\n\n| Item | Status | Remark |\n|------|--------|--------|\n";
    for item in items {
        let (mark, remark) = marks(item);
        let _ = writeln!(out, "| {} | {mark} | {} |", item.statement, cell(remark));
    }
    let shape = model_config(config);
    *out += "\nTried when this page was written; `gainakt check` tries all of it again and compares every file with \
             manifest.json.\n\n### Model Config\n| Key | Value |\n|-----|-------|\n";
    rows(out, "model_config", &shape);
    let _ = writeln!(out, "\nModel config MD5: `{}`", pyjson::md5_hex(&shape));
    *out += "\n### Files\n| File | What it holds |\n|------|---------------|\n";
    for (file, what) in [
        (File::Config, "all settings"),
        (File::Script, "the full command"),
        (File::Environment, "program, device, data"),
        (File::SeedInfo, "what each use of randomness is drawn from"),
        (File::Results, "figures of every epoch"),
    ] {
        let _ = writeln!(out, "| {} | {what} |", file.name());
    }
}

/// Text for a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// ✅ with the remark, or ❌ with the reason.
pub fn marks(item: &Item) -> (&'static str, &str) {
    match &item.outcome {
        Ok(remark) => ("✅", remark),
        Err(reason) => ("❌", reason),
    }
}

fn figures(out: &mut String, config: &Config, results: &Results) {
    let _ = writeln!(out, "\n## Results\n\nOn {}, validation fold {}.", config.data.dataset, config.data.fold);
    *out += "\n| part | windows | steps | AUC | accuracy | loss | mastery correlation | gain correlation |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";
    let parts =
        [("train", Some(&results.train)), ("validation", Some(&results.validation)), ("test", results.test.as_ref())];
    let figure = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.4}"));
    for (part, m) in parts.into_iter().filter_map(|(part, m)| Some((part, m?))) {
        let _ = writeln!(
            out,
            "| {part} | {} | {} | {} | {} | {} | {} | {} |",
            m.windows,
            m.steps,
            figure(m.headline_auc()),
            figure(m.headline_accuracy()),
            figure(m.loss),
            figure(m.mastery_correlation),
            figure(m.gain_correlation)
        );
    }
    let tested = results.test.as_ref().unwrap_or(&results.validation);
    if tested.rows_are_parts() {
        let _ = writeln!(
            out,
            "\nAUC and accuracy are of whole answers. By row, one for each skill of an answer, of which later ones know its \
             outcome, they are {} and {} on the {} part.",
            figure(tested.auc),
            figure(tested.accuracy),
            if results.test.is_some() { "test" } else { "validation" }
        );
    }
    baseline_table(out, results);
    let _ =
        writeln!(out, "\nBest epoch {}; {}.\n\n![AUC by epoch](artifacts/auc.svg)", results.best_epoch, results.ended);
}

/// The best model beside simpler methods, on the same answers.
fn baseline_table(out: &mut String, results: &Results) {
    let own = results.test.as_ref().unwrap_or(&results.validation);
    let figure = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.4}"));
    *out += "\n| same answers | AUC | within skills | accuracy | loss | calibration error |\n| --- | --- | --- | --- | --- | --- |\n";
    let mut row = |name: &str, values: [Option<f64>; 5]| {
        let _ = writeln!(out, "| {name} | {} |", values.map(figure).join(" | "));
    };
    let (auc, accuracy) = (own.headline_auc(), own.headline_accuracy());
    row("this model", [auc, own.within_skills, accuracy, own.loss, own.calibration_error]);
    row("its mastery", [own.mastery_auc, own.mastery_within_skills, None, None, None]);
    for y in &results.baselines {
        row(&y.name, [y.auc, y.within_skills, y.accuracy, y.loss, y.calibration_error]);
    }
}

/// A row a key with its group, values as Python prints them.
fn rows(out: &mut String, group: &str, values: &Value) {
    for (key, value) in values.as_object().into_iter().flatten() {
        let _ = writeln!(out, "| {group}.{key} | {} |", cell(&pyjson::shown(value)));
    }
}
