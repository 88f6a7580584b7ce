//! config.json: every setting of a run and how it was started, in the groups of the original's record (MODEL §6).

use serde_json::{Map, Value, json};

use super::record::{json_value, pretty};
use crate::config::{Config, ModelKind, evaluation_snapshot, model_config, reproducibility_policy};
use crate::data::SPLIT_SEED;
use crate::error::{Error, Result};
use crate::pyjson;

/// Groups of config.json that hold settings of every model.
const COMMON: [&str; 4] = ["seeds", "training", "data", "model_config"];

/// Those of a kind of model, in the order of the record.
fn model_groups(kind: ModelKind) -> impl Iterator<Item = &'static str> {
    kind.about().groups.iter().map(|(group, _)| *group)
}

/// The model of records that do not say.
const MODEL_OF_OLD: &str = "gainakt2exp";

/// How a run was started: what config.json says beside the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchInfo {
    /// What started the run: the command line as typed, or the window.
    pub launcher: String,
    /// Start in UTC, `YYYYMMDD_HHMMSS`.
    pub started: String,
    /// Short title, the last part of the folder's name.
    pub title: String,
    /// What the run is for; empty: a sentence made from the settings.
    pub purpose: String,
}

/// The device a run computes on, as config.json names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceRecord<'a> {
    /// "cpu" or "gpu".
    pub kind: &'a str,
    /// The adapter's name, or the number of threads.
    pub label: &'a str,
    /// Threads of the machine.
    pub threads: usize,
}

/// The whole command that repeats a run from inside its folder, with nothing left to defaults of this program.
pub fn train_command(title: &str, device: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let title: String = title.chars().map(plain).collect();
    format!("gainakt train --config config.json --device {device} --title={title} --out ..")
}

/// config.json: the groups in canonical order with their MD5s; `id` is the folder's name.
///
/// # Errors
/// Never for a config made by this program.
pub fn config_json(config: &Config, id: &str, about: &LaunchInfo, device: DeviceRecord<'_>) -> Result<String> {
    let (snapshot, shape, kind) = (evaluation_snapshot(config), model_config(config), config.model.kind);
    let settings = json_value(config)?;
    let purpose = match about.purpose.is_empty() {
        true => format!("train and evaluate {} on {}, fold {}", kind.name(), config.data.dataset, config.data.fold),
        false => about.purpose.clone(),
    };
    let seed = config.seeds.seed;
    let mut record = Map::new();
    let groups = [
        (
            "runtime",
            json!({
                "launcher": about.launcher,
                "train_command": train_command(&about.title, device.kind),
                "timestamp": about.started,
                "program": "gainakt",
                "version": env!("CARGO_PKG_VERSION"),
            }),
        ),
        ("hardware", json!({"device": device.kind, "devices": [device.label], "threads": device.threads})),
        ("seeds", json!({"primary": seed, "all": [seed, SPLIT_SEED]})),
        ("training", json_value(&config.training)?),
        ("experiment", json!({"id": id, "model": kind.name(), "short_title": about.title, "purpose": purpose})),
        ("data", json_value(&config.data)?),
    ];
    let of_model = model_groups(kind).map(|group| (group, settings[group].clone()));
    let after = [
        ("evaluation_snapshot", snapshot.clone()),
        ("evaluation_snapshot_md5", pyjson::md5_hex(&snapshot).into()),
        ("model_config", shape.clone()),
        ("model_config_md5", pyjson::md5_hex(&shape).into()),
        ("reproducibility_policy", reproducibility_policy()),
    ];
    for (key, group) in groups.into_iter().chain(of_model).chain(after) {
        record.insert(key.to_owned(), group);
    }
    let md5 = pyjson::md5_hex(&Value::Object(record.clone()));
    record.insert("config_md5".to_owned(), md5.into());
    pretty(&record)
}

/// The settings in a config.json, of this program's present form or of an earlier one.
///
/// # Errors
/// Text that is not JSON, a missing group, or a key this program does not know.
pub fn read_config(name: &str, text: &str) -> Result<Config> {
    let broken = |what: String| Error::Config(format!("{name}: {what}"));
    let record: Map<String, Value> = serde_json::from_str(text).map_err(|e| Error::json(name, e))?;
    let mut settings = Map::new();
    let model = record.get("experiment").and_then(|e| e.get("model")).cloned().unwrap_or_else(|| MODEL_OF_OLD.into());
    let kind: ModelKind = serde_json::from_value(model.clone())
        .map_err(|_| broken(format!("experiment.model is {model}, which this program does not know")))?;
    settings.insert("model".to_owned(), json!({"kind": kind}));
    for key in COMMON.into_iter().chain(model_groups(kind)) {
        let group = record
            .get(key)
            .ok_or_else(|| broken(format!("no group \"{key}\"; is this an experiment's config.json?")))?;
        settings.insert(key.to_owned(), group.clone());
    }
    // Runs from before there were models with items read a row for each skill and told no items apart.
    if let Some(data) = settings.get_mut("data").and_then(Value::as_object_mut) {
        for key in ["items", "whole_answers"] {
            data.entry(key).or_insert(false.into());
        }
    }
    // The record lists all seeds of a run; the setting is the primary one.
    if let Some(primary) = record["seeds"].get("primary") {
        settings.insert("seeds".to_owned(), json!({"seed": primary}));
    }
    if let Some(students) = record.get("evaluation_snapshot").and_then(|s| s.get("max_correlation_students")) {
        settings.insert("evaluation".to_owned(), json!({"max_correlation_students": students}));
    }
    Config::from_json(name, &Value::Object(settings).to_string())
}

/// Settings from a file: a config with any of the settings, or the config.json of an experiment folder.
///
/// # Errors
/// Text that is not JSON, or a key or value that cannot be used.
pub fn settings_from_json(name: &str, text: &str) -> Result<Config> {
    let record = serde_json::from_str::<Map<String, Value>>(text);
    match record.is_ok_and(|record| record.contains_key("config_md5")) {
        true => read_config(name, text),
        false => Config::from_json(name, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: DeviceRecord<'_> = DeviceRecord { kind: "cpu", label: "2 threads", threads: 2 };

    #[test]
    fn config_json_reads_back_and_has_the_canonical_order() {
        let mut config = Config::preset("demo").unwrap();
        config.training.epochs = 3;
        config.evaluation.max_correlation_students = 17;
        let text = config_json(&config, "a", &LaunchInfo::default(), CPU).unwrap();
        assert_eq!(read_config("config.json", &text).unwrap(), config);
        assert_eq!(settings_from_json("config.json", &text).unwrap(), config);
        let record: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let keys: Vec<&str> = record.keys().map(String::as_str).collect();
        let order = "runtime hardware seeds training experiment data interpretability alignment global_alignment refinement \
                     evaluation_snapshot evaluation_snapshot_md5 model_config model_config_md5 reproducibility_policy config_md5";
        assert_eq!(keys, order.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_record_of_an_earlier_version_is_read() {
        let config = Config::preset("demo").unwrap();
        let text = config_json(&config, "a", &LaunchInfo::default(), CPU).unwrap();
        let mut record: Map<String, Value> = serde_json::from_str(&text).unwrap();
        record["seeds"] = json!({"seed": 42});
        let lr = record["training"].as_object_mut().unwrap().remove("lr").unwrap();
        record["training"]["learning_rate"] = lr;
        assert_eq!(read_config("config.json", &Value::Object(record).to_string()).unwrap(), config);
    }
}
