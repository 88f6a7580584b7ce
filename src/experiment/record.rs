//! metrics_epoch.csv and results.json: what a run measured (MODEL §6).

use serde::Serialize;
use serde_json::{Map, Value};

use crate::data::CsvText;
use crate::error::{Error, Result};
use crate::train::{EpochRow, Results};

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
    let mut record = match json_value(results)? {
        Value::Object(map) => map,
        other => Map::from_iter([("results".to_owned(), other)]),
    };
    record.insert("epochs".to_owned(), json_value(&history)?);
    pretty(&record)
}

/// `value` as indented JSON with a final newline.
///
/// # Errors
/// The value has no JSON form.
pub fn pretty(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::output("JSON", e))?;
    Ok(text + "\n")
}

/// `value` as JSON.
///
/// # Errors
/// The value has no JSON form.
pub fn json_value(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::output("JSON", e))
}
