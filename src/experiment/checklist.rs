//! The reproducibility checklist: the ten items of the original's record and further statements, each tried on the
//! folder itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config_record::read_config;
use super::folder::{Convention, File, RunFolder};
use super::load::DataChoice;
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
    /// Whether it is one of the ten items of the original's record.
    pub original: bool,
    /// A remark where it does, the reason where it does not.
    pub outcome: std::result::Result<String, String>,
}

/// The ten items of the original's record (README of an experiment), by name and in its order.
const ORIGINAL: [(&str, Test); 10] = [
    ("Folder naming convention followed", naming),
    ("config.json contains all params", all_params),
    ("Shell script lists full command", command),
    ("Best + last checkpoints saved", checkpoints),
    ("Per-epoch metrics CSV present", metrics),
    ("Raw stdout log saved", log),
    ("Git commit & branch recorded", commit),
    ("Seeds documented", seeds),
    ("Environment versions captured", environment),
    ("Correlation / interpretability metrics logged", correlations),
];

/// What this program promises beyond it.
const FURTHER: [(&str, Test); 3] = [
    ("Data are identified by size and SHA-256, or by the simulation's seed", data),
    ("The training state loads and fits the config", state),
    ("Trajectories and plots are there", artifacts),
];

/// Tries every item on `folder`: the original's ten, then the further ones.
pub fn checklist(folder: &RunFolder) -> Vec<Item> {
    let check = FolderCheck { folder };
    let tried = |original: bool| {
        move |(statement, test): (&str, Test)| Item {
            statement: statement.to_owned(),
            original,
            outcome: test(&check).map_err(|e| e.to_string()),
        }
    };
    ORIGINAL.into_iter().map(tried(true)).chain(FURTHER.into_iter().map(tried(false))).collect()
}

/// Looks at a folder: a remark, or why the statement does not hold.
type Test = fn(&FolderCheck<'_>) -> Result<String>;

#[derive(Clone, Copy)]
struct FolderCheck<'a> {
    folder: &'a RunFolder,
}

impl FolderCheck<'_> {
    fn text(&self, file: File) -> Result<String> {
        files::read_text(&self.folder.file(file))
    }

    fn json(&self, file: File) -> Result<Map<String, Value>> {
        serde_json::from_str(&self.text(file)?).map_err(|e| Error::json(file.name(), e))
    }

    /// A text of environment.json that is there and not empty.
    fn environment(&self, group: &str, key: &str) -> Result<String> {
        let record = self.json(File::Environment)?;
        let value = record.get(group).and_then(|g| g[key].as_str()).filter(|v| !v.is_empty());
        value.map(str::to_owned).ok_or_else(|| fail(format!("environment.json: no {group}.{key}")))
    }

    fn config(&self) -> Result<Config> {
        read_config(File::Config.name(), &self.text(File::Config)?)
    }
}

fn fail(what: impl Into<String>) -> Error {
    Error::Folder(what.into())
}

fn naming(check: &FolderCheck<'_>) -> Result<String> {
    let name = check.folder.name();
    let model = Convention::of(&name).ok_or_else(|| {
        fail(format!("the folder is called {name}, expected YYYYMMDD_HHMMSS_MODEL_TITLE with the time in UTC"))
    })?;
    let record = check.json(File::Config)?;
    let experiment = record.get("experiment").unwrap_or(&Value::Null);
    let trained = experiment["model"].as_str().unwrap_or(model.model);
    if trained != model.model {
        return Err(fail(format!("the folder's name says {}, config.json {trained}", model.model)));
    }
    match experiment["id"].as_str() {
        Some(id) if id != name => Ok(format!("renamed, was {id}")),
        _ => Ok(String::new()),
    }
}

fn all_params(check: &FolderCheck<'_>) -> Result<String> {
    check.config()?;
    let mut record = check.json(File::Config)?;
    let written = record.shift_remove("config_md5").ok_or_else(|| fail("config.json: no config_md5"))?;
    let found = pyjson::md5_hex(&Value::Object(record));
    if written != found.as_str() {
        return Err(fail(format!("config.json: config_md5 is {written}, its content has {found}")));
    }
    group_md5(check, "evaluation_snapshot")?;
    group_md5(check, "model_config")?;
    Ok(format!("config_md5 {found}"))
}

fn group_md5(check: &FolderCheck<'_>, group: &str) -> Result<()> {
    let record = check.json(File::Config)?;
    let key = format!("{group}_md5");
    let (Some(content), Some(written)) = (record.get(group), record.get(&key)) else {
        return Err(fail(format!("config.json: no {group} or no {key}")));
    };
    let found = pyjson::md5_hex(content);
    if *written != found.as_str() {
        return Err(fail(format!("config.json: {key} is {written}, its content has {found}")));
    }
    let config = check.config()?;
    let expected = if group == "model_config" {
        crate::config::model_config(&config)
    } else {
        crate::config::evaluation_snapshot(&config)
    };
    if *content != expected {
        return Err(fail(format!("config.json: {group} does not repeat the settings of the other groups")));
    }
    Ok(())
}

fn command(check: &FolderCheck<'_>) -> Result<String> {
    let record = check.json(File::Config)?;
    let runtime = record.get("runtime").unwrap_or(&Value::Null);
    // Earlier versions recorded one command, the one that was typed.
    let command = runtime["train_command"].as_str().or_else(|| runtime["command"].as_str());
    let command = command.ok_or_else(|| fail("config.json: no runtime.train_command"))?;
    if !check.text(File::Script)?.contains(command) {
        return Err(fail("run.sh: another command than config.json's"));
    }
    Ok(command.to_owned())
}

fn log(check: &FolderCheck<'_>) -> Result<String> {
    let lines = check.text(File::Log)?.lines().filter(|line| !line.trim().is_empty()).count();
    match lines {
        0 => Err(fail("stdout.log: empty")),
        lines => Ok(format!("{lines} lines")),
    }
}

fn commit(check: &FolderCheck<'_>) -> Result<String> {
    let commit = check.environment("build", "git_commit")?;
    let branch = check.environment("build", "git_branch")?;
    let dirty = match check.environment("build", "tree_was_dirty")?.as_str() {
        "true" => ", with uncommitted changes",
        _ => "",
    };
    Ok(format!("{commit} on {branch}{dirty}"))
}

fn seeds(check: &FolderCheck<'_>) -> Result<String> {
    let seed = check.config()?.seeds.seed;
    if !check.text(File::SeedInfo)?.contains(&format!("**{seed}**")) {
        return Err(fail(format!("SEED_INFO.md: does not name the seed {seed} of config.json")));
    }
    Ok(format!("seed {seed}"))
}

fn environment(check: &FolderCheck<'_>) -> Result<String> {
    let version = check.environment("program", "version")?;
    let rustc = check.environment("build", "rustc")?;
    let adapter = check.environment("device", "adapter")?;
    let os = check.environment("system", "os")?;
    Ok(format!("gainakt {version}, {rustc}, {adapter}, {os}"))
}

fn correlations(check: &FolderCheck<'_>) -> Result<String> {
    let csv = check.text(File::Metrics)?;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().map_err(|e| fail(format!("metrics_epoch.csv: {e}")))?;
    let results = check.json(File::Results)?;
    let validation = results.get("validation").unwrap_or(&Value::Null);
    for column in ["mastery_correlation", "gain_correlation", "monotonicity_violation_rate"] {
        if !header.iter().any(|name| name == column) {
            return Err(fail(format!("metrics_epoch.csv: no column {column}")));
        }
        if validation.get(column).is_none() {
            return Err(fail(format!("results.json: no validation.{column}")));
        }
    }
    Ok(String::new())
}

fn data(check: &FolderCheck<'_>) -> Result<String> {
    let record = check.json(File::Environment)?;
    let choice = DataChoice::of(&check.config()?);
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

fn metrics(check: &FolderCheck<'_>) -> Result<String> {
    let csv = check.text(File::Metrics)?;
    let results = check.json(File::Results)?;
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

/// The sizes the checkpoint in `file` states, which must be the config's.
fn checkpoint(check: &FolderCheck<'_>, file: File) -> Result<ModelConfig> {
    let (stored, weights) = decode_weights(file.name(), &files::read(&check.folder.file(file))?)?;
    let stored = stored.ok_or_else(|| fail(format!("{}: does not say its model's sizes", file.name())))?;
    if stored != ModelConfig::new(&check.config()?, stored.num_c, stored.num_items.saturating_sub(1)) {
        return Err(fail(format!("{}: a model of other sizes than config.json's", file.name())));
    }
    if weights.values().any(|(_, values)| values.iter().any(|v| !v.is_finite())) {
        return Err(fail(format!("{}: a weight is not a finite number", file.name())));
    }
    Ok(stored)
}

fn checkpoints(check: &FolderCheck<'_>) -> Result<String> {
    let best = checkpoint(check, File::Best)?;
    let last = checkpoint(check, File::Last)?;
    if best != last {
        return Err(fail("best and last checkpoint are models of different sizes"));
    }
    Ok(match best.num_items {
        0 => format!("{} skills", best.num_c),
        items => format!("{} skills, {} items", best.num_c, items - 1),
    })
}

fn state(check: &FolderCheck<'_>) -> Result<String> {
    let shape = checkpoint(check, File::Last)?;
    let state = TrainState::decode(File::State.name(), &files::read(&check.folder.file(File::State))?, &shape)?;
    Ok(format!("after epoch {}", state.run.epoch))
}

fn artifacts(check: &FolderCheck<'_>) -> Result<String> {
    let names = check.folder.names()?;
    for wanted in ["trajectories.json", "trajectories.csv", "loss.svg", "loss.png", "auc.svg", "auc.png"] {
        if !names.iter().any(|n| n == &format!("artifacts/{wanted}")) {
            return Err(fail(format!("artifacts/{wanted}: missing")));
        }
    }
    Ok(String::new())
}
