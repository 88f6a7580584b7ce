//! README.md of an experiment folder: the seed's sections, filled from the folder itself.

use std::fmt::Write as _;

use serde_json::Value;

use super::checklist::{Item, checklist};
use super::folder::{File, RunFolder};
use crate::config::{Config, evaluation_snapshot, model_config, reproducibility_policy};
use crate::error::Result;
use crate::pyjson;
use crate::train::Results;

/// The README of `folder`; the checklist is tried on the folder while it is written.
///
/// # Errors
/// Never for a config made by this program.
pub fn readme(folder: &RunFolder, config: &Config, results: &Results) -> Result<String> {
    let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
    let mut out =
        format!("# {name}\n\nGainAKT2Exp on {}, validation fold {}.\n", config.data.dataset, config.data.fold);
    figures(&mut out, results);
    out += "\n## Reproducibility checklist\n\n| | item | remark |\n| --- | --- | --- |\n";
    for item in checklist(folder) {
        let (mark, remark) = marks(&item);
        let _ = writeln!(out, "| {mark} | {} | {} |", item.statement, remark.replace('|', "\\|"));
    }
    out += "\nTried when this page was written; `gainakt check` tries it again and compares every file with manifest.json.\n";
    out += "\n## Configuration provenance\n\n| source | file |\n| --- | --- |\n";
    for (what, file) in [
        ("all settings", File::Config),
        ("full command", File::Script),
        ("program, device, data", File::Environment),
        ("seeds", File::SeedInfo),
        ("figures of every epoch", File::Results),
    ] {
        let _ = writeln!(out, "| {what} | {} |", file.name());
    }
    out += "\n## Semantic flag snapshot\n\n| flag | value |\n| --- | --- |\n";
    let groups = [
        serde_json::to_value(&config.alignment),
        serde_json::to_value(&config.global_alignment),
        serde_json::to_value(&config.refinement),
    ];
    for group in groups {
        rows(&mut out, &group.unwrap_or_default());
    }
    out += "\n## Core interpretability and constraints\n\n| parameter | value |\n| --- | --- |\n";
    let mut core = serde_json::to_value(&config.interpretability).unwrap_or_default();
    if let Some(core) = core.as_object_mut().filter(|_| !config.interpretability.enable_cosine_perf_schedule) {
        // The seed's table has no row for it; it is told only where it is on.
        core.shift_remove("enable_cosine_perf_schedule");
    }
    rows(&mut out, &core);
    let (snapshot, shape) = (evaluation_snapshot(config), model_config(config));
    out += "\n## Evaluation snapshot\n\n| parameter | value |\n| --- | --- |\n";
    rows(&mut out, &snapshot);
    let _ = writeln!(out, "\nMD5: `{}`", pyjson::md5_hex(&snapshot));
    out += "\n## Model config\n\n| parameter | value |\n| --- | --- |\n";
    rows(&mut out, &shape);
    let _ = writeln!(out, "\nMD5: `{}`", pyjson::md5_hex(&shape));
    out += "\n## Reproducibility policy\n\n| rule | value |\n| --- | --- |\n";
    rows(&mut out, &reproducibility_policy());
    let _ = writeln!(out, "\nRepeat and compare: `gainakt reproduce {name}`");
    Ok(out)
}

/// ✅ with the remark, or ❌ with the reason.
pub fn marks(item: &Item) -> (&'static str, &str) {
    match &item.outcome {
        Ok(remark) => ("✅", remark),
        Err(reason) => ("❌", reason),
    }
}

fn figures(out: &mut String, results: &Results) {
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
            figure(m.auc),
            figure(m.accuracy),
            figure(m.loss),
            figure(m.mastery_correlation),
            figure(m.gain_correlation)
        );
    }
    let _ =
        writeln!(out, "\nBest epoch {}; {}.\n\n![AUC by epoch](artifacts/auc.svg)", results.best_epoch, results.ended);
}

/// A row a key, values as Python's JSON writes them.
fn rows(out: &mut String, group: &Value) {
    for (key, value) in group.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| pyjson::dumps(value), str::to_owned);
        let _ = writeln!(out, "| {key} | {text} |");
    }
}
