//! The reproducibility checklist: ten statements about a folder, each tried on the folder itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::folder::{File, RunFolder};
use super::load::DataChoice;
use super::record::read_config;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::ModelConfig;
use crate::platform::files;
use crate::pyjson;
use crate::train::{TrainState, decode_weights};

/// One statement and whether it holds: `Err` says why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What should hold.
    pub statement: String,
    /// A remark where it does, the reason where it does not.
    pub outcome: std::result::Result<String, String>,
}

/// Tries the ten statements on `folder`.
pub fn checklist(folder: &RunFolder) -> Vec<Item> {
    let all: [(&'static str, Test); 10] = [
        ("Every setting is recorded and config_md5 fits", config_md5),
        ("evaluation_snapshot and its MD5 fit", |look| group_md5(look, "evaluation_snapshot")),
        ("model_config and its MD5 fit", |look| group_md5(look, "model_config")),
        ("run.sh holds the full command", command),
        ("Seeds are recorded", seeds),
        ("Program, commit, compiler, device and system are recorded", environment),
        ("Data are identified by size and SHA-256, or by the simulation's seed", data),
        ("metrics_epoch.csv and results.json tell of the same epochs", metrics),
        ("Best, last and resumable checkpoints load and fit the config", checkpoints),
        ("Log, trajectories and plots are there", artifacts),
    ];
    let look = Look { folder };
    all.into_iter()
        .map(|(statement, test)| Item {
            statement: statement.to_owned(),
            outcome: test(&look).map_err(|e| e.to_string()),
        })
        .collect()
}

/// Looks at a folder: a remark, or why the statement does not hold.
type Test = fn(&Look<'_>) -> Result<String>;

struct Look<'a> {
    folder: &'a RunFolder,
}

impl Look<'_> {
    fn text(&self, file: File) -> Result<String> {
        files::read_text(&self.folder.file(file))
    }

    fn json(&self, file: File) -> Result<Map<String, Value>> {
        serde_json::from_str(&self.text(file)?).map_err(|e| fail(format!("{}: {e}", file.name())))
    }

    fn config(&self) -> Result<Config> {
        read_config(File::Config.name(), &self.text(File::Config)?)
    }
}

fn fail(what: impl Into<String>) -> Error {
    Error::Config(what.into())
}

fn config_md5(look: &Look<'_>) -> Result<String> {
    look.config()?;
    let mut record = look.json(File::Config)?;
    let written = record.shift_remove("config_md5").ok_or_else(|| fail("config.json: no config_md5"))?;
    let found = pyjson::md5_hex(&Value::Object(record));
    if written != found.as_str() {
        return Err(fail(format!("config.json: config_md5 is {written}, its content has {found}")));
    }
    Ok(found)
}

fn group_md5(look: &Look<'_>, group: &str) -> Result<String> {
    let record = look.json(File::Config)?;
    let key = format!("{group}_md5");
    let (Some(content), Some(written)) = (record.get(group), record.get(&key)) else {
        return Err(fail(format!("config.json: no {group} or no {key}")));
    };
    let found = pyjson::md5_hex(content);
    if *written != found.as_str() {
        return Err(fail(format!("config.json: {key} is {written}, its content has {found}")));
    }
    let config = look.config()?;
    let expected = if group == "model_config" {
        crate::config::model_config(&config)
    } else {
        crate::config::evaluation_snapshot(&config)
    };
    if *content != expected {
        return Err(fail(format!("config.json: {group} does not repeat the settings of the other groups")));
    }
    Ok(found)
}

fn command(look: &Look<'_>) -> Result<String> {
    let record = look.json(File::Config)?;
    let command = record
        .get("runtime")
        .and_then(|r| r["command"].as_str())
        .ok_or_else(|| fail("config.json: no runtime.command"))?;
    if !look.text(File::Script)?.contains(command) {
        return Err(fail("run.sh: another command than config.json's"));
    }
    Ok(String::new())
}

fn seeds(look: &Look<'_>) -> Result<String> {
    let seed = look.config()?.seeds.seed;
    if !look.text(File::SeedInfo)?.contains(&format!("**{seed}**")) {
        return Err(fail(format!("SEED_INFO.md: does not name the seed {seed} of config.json")));
    }
    Ok(format!("seed {seed}"))
}

fn environment(look: &Look<'_>) -> Result<String> {
    let record = look.json(File::Environment)?;
    let text = |group: &str, key: &str| {
        let value = record.get(group).and_then(|g| g[key].as_str()).filter(|v| !v.is_empty());
        value.map(str::to_owned).ok_or_else(|| fail(format!("environment.json: no {group}.{key}")))
    };
    text("build", "rustc")?;
    text("device", "adapter")?;
    text("system", "os")?;
    let version = text("program", "version")?;
    let commit = text("build", "git_commit")?;
    let dirty = if text("build", "tree_was_dirty")? == "true" { ", tree was dirty" } else { "" };
    Ok(format!("gainakt {version}, commit {commit}{dirty}"))
}

fn data(look: &Look<'_>) -> Result<String> {
    let record = look.json(File::Environment)?;
    let choice = DataChoice::of(&look.config()?);
    let hash = |key: &str| record.get("data").and_then(|d| d[key]["sha256"].as_str()).map(str::to_owned);
    match (choice.path, hash("file")) {
        (Some(_), Some(hash)) if choice.test_path.is_none() || hash_known(&record) => Ok(format!("SHA-256 {hash}")),
        (None, _) if record.get("data").is_some_and(|d| d["simulated"].is_object()) => {
            Ok("the simulated class".to_owned())
        }
        _ => Err(fail("environment.json: the data have no fingerprint")),
    }
}

fn hash_known(record: &Map<String, Value>) -> bool {
    record.get("data").is_some_and(|d| d["test_file"]["sha256"].is_string())
}

fn metrics(look: &Look<'_>) -> Result<String> {
    let csv = look.text(File::Metrics)?;
    let results = look.json(File::Results)?;
    let epochs = results.get("epochs").and_then(Value::as_array).ok_or_else(|| fail("results.json: no epochs"))?;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> =
        reader.records().collect::<std::result::Result<_, _>>().map_err(|e| fail(format!("metrics_epoch.csv: {e}")))?;
    if rows.is_empty() || rows.len() != epochs.len() {
        return Err(fail(format!("metrics_epoch.csv has {} epochs, results.json {}", rows.len(), epochs.len())));
    }
    for (i, (row, epoch)) in rows.iter().zip(epochs).enumerate() {
        let loss: Option<f64> = row.get(1).and_then(|v| v.parse().ok());
        if row.get(0) != Some((i + 1).to_string().as_str()) || loss.is_none() || loss != epoch["train_loss"].as_f64() {
            return Err(fail(format!("epoch {}: metrics_epoch.csv and results.json differ", i + 1)));
        }
    }
    Ok(format!("{} epochs, best {}", rows.len(), results.get("best_epoch").unwrap_or(&Value::Null)))
}

fn checkpoints(look: &Look<'_>) -> Result<String> {
    let config = look.config()?;
    let mut shape = None;
    for file in [File::Best, File::Last] {
        let (stored, weights) = decode_weights(file.name(), &files::read(&look.folder.file(file))?)?;
        let stored = stored.ok_or_else(|| fail(format!("{}: does not say its model's sizes", file.name())))?;
        if stored != ModelConfig::new(&config, stored.num_c) {
            return Err(fail(format!("{}: a model of other sizes than config.json's", file.name())));
        }
        if weights.values().any(|(_, values)| values.iter().any(|v| !v.is_finite())) {
            return Err(fail(format!("{}: a weight is not a finite number", file.name())));
        }
        shape = Some(stored);
    }
    let shape = shape.ok_or_else(|| fail("no checkpoint"))?;
    let state = TrainState::decode(File::State.name(), &files::read(&look.folder.file(File::State))?, &shape)?;
    Ok(format!("{} skills, state after epoch {}", shape.num_c, state.run.epoch))
}

fn artifacts(look: &Look<'_>) -> Result<String> {
    look.text(File::Log)?;
    let names = look.folder.names()?;
    for wanted in ["trajectories.json", "trajectories.csv", "loss.svg", "loss.png", "auc.svg", "auc.png"] {
        if !names.iter().any(|n| n == &format!("artifacts/{wanted}")) {
            return Err(fail(format!("artifacts/{wanted}: missing")));
        }
    }
    Ok(String::new())
}
