//! config.json, metrics_epoch.csv and results.json: what a run writes down, in the seed's order (SPEC §6).

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::{Config, evaluation_snapshot, model_config, reproducibility_policy};
use crate::data::CsvText;
use crate::error::{Error, Result};
use crate::pyjson;
use crate::train::{EpochRow, Results};

/// What config.json says beside the settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Circumstances {
    /// The command line.
    pub command: String,
    /// Start in UTC, `YYYYMMDD_HHMMSS`.
    pub started: String,
    /// Title of the experiment.
    pub title: String,
}

/// config.json: the groups in canonical order with their MD5s; `device` = ("cpu" or "gpu", adapter).
///
/// # Errors
/// Never for a config made by this program.
pub fn config_json(config: &Config, about: &Circumstances, device: (&str, &str)) -> Result<String> {
    let (snapshot, shape) = (evaluation_snapshot(config), model_config(config));
    let mut record = Map::new();
    let groups = [
        (
            "runtime",
            json!({"command": about.command, "timestamp": about.started, "program": "gainakt", "version": env!("CARGO_PKG_VERSION")}),
        ),
        ("hardware", json!({"device": device.0, "adapter": device.1})),
        ("seeds", value(&config.seeds)?),
        ("training", value(&config.training)?),
        ("experiment", json!({"model": "gainakt2exp", "title": about.title})),
        ("data", value(&config.data)?),
        ("interpretability", value(&config.interpretability)?),
        ("alignment", value(&config.alignment)?),
        ("global_alignment", value(&config.global_alignment)?),
        ("refinement", value(&config.refinement)?),
        ("evaluation_snapshot", snapshot.clone()),
        ("evaluation_snapshot_md5", pyjson::md5_hex(&snapshot).into()),
        ("model_config", shape.clone()),
        ("model_config_md5", pyjson::md5_hex(&shape).into()),
        ("reproducibility_policy", reproducibility_policy()),
    ];
    for (key, group) in groups {
        record.insert(key.to_owned(), group);
    }
    let md5 = pyjson::md5_hex(&Value::Object(record.clone()));
    record.insert("config_md5".to_owned(), md5.into());
    pretty(&record)
}

/// The settings in a config.json.
///
/// # Errors
/// Text that is not JSON, a missing group, or a key this program does not know.
pub fn read_config(name: &str, text: &str) -> Result<Config> {
    let broken = |what: String| Error::Config(format!("{name}: {what}"));
    let record: Map<String, Value> = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
    let mut settings = Map::new();
    for key in
        ["seeds", "training", "data", "interpretability", "alignment", "global_alignment", "refinement", "model_config"]
    {
        let group = record
            .get(key)
            .ok_or_else(|| broken(format!("no group \"{key}\"; is this an experiment's config.json?")))?;
        settings.insert(key.to_owned(), group.clone());
    }
    if let Some(students) = record.get("evaluation_snapshot").and_then(|s| s.get("max_correlation_students")) {
        settings.insert("evaluation".to_owned(), json!({"max_correlation_students": students}));
    }
    Config::from_json(name, &Value::Object(settings).to_string())
}

/// metrics_epoch.csv: a header and a row an epoch; undefined figures are empty.
pub fn metrics_csv(history: &[EpochRow]) -> String {
    let mut csv = CsvText::new([
        "epoch",
        "train_loss",
        "train_auc",
        "val_loss",
        "val_auc",
        "val_accuracy",
        "monotonicity_violation_rate",
        "negative_gain_rate",
        "bounds_violation_rate",
        "mastery_correlation",
        "gain_correlation",
        "main_loss_share",
        "constraint_loss_share",
        "alignment_loss_share",
        "lag_loss_share",
        "retention_loss_share",
    ]);
    for row in history {
        let v = &row.validation;
        let figures = [
            Some(row.train_loss),
            row.train_auc,
            v.loss,
            v.auc,
            v.accuracy,
            v.monotonicity_violation_rate,
            v.negative_gain_rate,
            v.bounds_violation_rate,
            v.mastery_correlation,
            v.gain_correlation,
            Some(row.main_loss_share),
            Some(row.constraint_loss_share),
            Some(row.alignment_loss_share),
            Some(row.lag_loss_share),
            Some(row.retention_loss_share),
        ];
        let text = |figure: Option<f64>| figure.map_or_else(String::new, |figure| figure.to_string());
        csv.row(std::iter::once(row.epoch.to_string()).chain(figures.map(text)));
    }
    csv.finish()
}

/// results.json: the best model's figures and everything each epoch measured.
///
/// # Errors
/// Never for results made by this program.
pub fn results_json(results: &Results, history: &[EpochRow]) -> Result<String> {
    let mut record = match value(results)? {
        Value::Object(map) => map,
        other => Map::from_iter([("results".to_owned(), other)]),
    };
    record.insert("epochs".to_owned(), value(&history)?);
    pretty(&record)
}

/// `value` as indented JSON with a final newline.
///
/// # Errors
/// The value has no JSON form.
pub fn pretty(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::Config(format!("cannot write JSON: {e}")))?;
    Ok(text + "\n")
}

fn value(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::Config(format!("cannot write JSON: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_json_reads_back_and_has_the_canonical_order() {
        let mut config = Config::preset("demo").unwrap();
        config.training.epochs = 3;
        config.evaluation.max_correlation_students = 17;
        let text = config_json(&config, &Circumstances::default(), ("cpu", "2 threads")).unwrap();
        assert_eq!(read_config("config.json", &text).unwrap(), config);
        let record: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let keys: Vec<&str> = record.keys().map(String::as_str).collect();
        let order = "runtime hardware seeds training experiment data interpretability alignment global_alignment refinement \
                     evaluation_snapshot evaluation_snapshot_md5 model_config model_config_md5 reproducibility_policy config_md5";
        assert_eq!(keys, order.split_whitespace().collect::<Vec<_>>());
    }
}
