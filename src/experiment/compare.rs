//! Two or more runs side by side.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config_record::read_config;
use super::folder::{Convention, File, RunFolder};
use super::plot::{Plot, Series};
use super::record::json_value;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::platform::files;
use crate::train::{EpochRow, Results};

/// Settings that may differ between a run and its repetition: where the data files lie.
const IGNORED: [&str; 2] = ["data.path", "data.test_path"];

/// What a finished folder says of its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Folder name.
    pub name: String,
    /// Settings.
    pub config: Config,
    /// config.json as it stands.
    pub record: Map<String, Value>,
    /// The best model's figures.
    pub results: Results,
    /// Every epoch.
    pub history: Vec<EpochRow>,
}

impl RunRecord {
    /// Reads a finished run's folder.
    ///
    /// # Errors
    /// The folder is unfinished, or its files are damaged.
    pub fn read(folder: &RunFolder) -> Result<Self> {
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = |file: File| {
            let path = folder.file(file);
            if !files::is_file(&path) {
                return Err(Error::Folder(format!("{}: missing; the run is not finished", path.display())));
            }
            files::read_text(&path)
        };
        let broken = |file: File| {
            let file = format!("{name}/{}", file.name());
            move |e| Error::json(file, e)
        };
        let config_text = text(File::Config)?;
        let results_text = text(File::Results)?;
        let value: Value = serde_json::from_str(&results_text).map_err(broken(File::Results))?;
        Ok(Self {
            config: read_config(&format!("{name}/config.json"), &config_text)?,
            record: serde_json::from_str(&config_text).map_err(broken(File::Config))?,
            results: serde_json::from_value(value.clone()).map_err(broken(File::Results))?,
            history: serde_json::from_value(value["epochs"].clone()).map_err(broken(File::Results))?,
            name,
        })
    }
}

/// Settings in which runs differ: key and each run's value; places of files are left out.
///
/// # Errors
/// Never for settings of this program.
pub fn config_differences(runs: &[RunRecord]) -> Result<Vec<(String, Vec<String>)>> {
    // The settings, not the records, whose form differs from version to version.
    let flat = runs
        .iter()
        .map(|r| Ok(flatten("", &json_value(&r.config)?)))
        .collect::<Result<Vec<Vec<(String, String)>>>>()?;
    let mut keys: Vec<&String> = flat.iter().flatten().map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    let differing = keys
        .into_iter()
        .filter(|key| !IGNORED.contains(&key.as_str()))
        .map(|key| {
            let of = |run: &Vec<(String, String)>| {
                run.iter().find(|(k, _)| k == key).map_or("–".to_owned(), |(_, v)| v.clone())
            };
            (key.clone(), flat.iter().map(of).collect::<Vec<_>>())
        })
        .filter(|(_, values)| values.iter().any(|v| *v != values[0]))
        .collect();
    Ok(differing)
}

fn flatten(prefix: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                flatten(&if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") }, value)
            })
            .collect(),
        other => vec![(prefix.to_owned(), other.to_string())],
    }
}

/// Columns of metrics_epoch.csv in which two runs differ by more than `tolerance` in their first `epochs` epochs:
/// epoch, column and both values.
///
/// # Errors
/// A file is damaged or has too few epochs.
pub fn metric_differences(
    a: &str,
    b: &str,
    epochs: usize,
    tolerance: f64,
) -> Result<Vec<(usize, String, String, String)>> {
    let read = |text: &str| -> Result<Vec<csv::StringRecord>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let rows: std::result::Result<Vec<_>, _> = reader.records().collect();
        rows.map_err(|e| Error::Folder(format!("metrics_epoch.csv: {e}")))
    };
    let (a, b) = (read(a)?, read(b)?);
    let mut found = Vec::new();
    for epoch in 0..=epochs {
        let (Some(x), Some(y)) = (a.get(epoch), b.get(epoch)) else {
            return Err(Error::Folder(format!("epoch {epoch} is missing in one of the runs")));
        };
        for (column, (x, y)) in x.iter().zip(y).enumerate() {
            let close = match (x.parse::<f64>(), y.parse::<f64>()) {
                (Ok(x), Ok(y)) => (x - y).abs() <= tolerance,
                _ => x == y,
            };
            if x != y && !close {
                let name = a[0].get(column).unwrap_or_default().to_owned();
                found.push((epoch, name, x.to_owned(), y.to_owned()));
            }
        }
    }
    Ok(found)
}

/// Validation AUC of all runs in one plot; the legend has each run's number, as `gainakt compare` counts them, and title.
pub fn overlay(runs: &[RunRecord]) -> Plot {
    let series = runs.iter().enumerate().map(|(i, run)| Series {
        name: format!("{}  {}", i + 1, Convention::of(&run.name).map_or(run.name.as_str(), |c| c.title)),
        points: run.history.iter().filter_map(|row| Some((row.epoch as f64, row.validation.headline_auc()?))).collect(),
        colour: i,
        dash: i % 3,
        marks: Vec::new(),
    });
    Plot {
        title: "Validation AUC by epoch".to_owned(),
        x_label: "epoch".to_owned(),
        y_label: "AUC".to_owned(),
        series: series.collect(),
        ..Plot::default()
    }
}
