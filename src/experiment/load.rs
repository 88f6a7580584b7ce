//! From files to a corpus and a model.

use std::path::PathBuf;

use super::config_record::read_config;
use super::data_files::read_data;
use super::folder::{File, RunFolder};
use crate::config::Config;
use crate::data::{ColumnNames, Corpus, DataFile, read_sequences, simulate_with_items};
use crate::error::{Error, Result};
use crate::model::{Model, ModelConfig};
use crate::platform::device::Device;
use crate::platform::files;
use crate::train::decode_weights;

/// Where data come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataChoice {
    /// A raw interaction file or pykt's training sequences; none: the simulated class.
    pub path: Option<PathBuf>,
    /// pykt's test sequences, beside training sequences.
    pub test_path: Option<PathBuf>,
    /// Columns of a raw file.
    pub columns: ColumnNames,
}

impl DataChoice {
    /// The data a config names.
    pub fn of(config: &Config) -> Self {
        Self {
            path: config.data.path.as_ref().map(PathBuf::from),
            test_path: config.data.test_path.as_ref().map(PathBuf::from),
            columns: config.data.columns.clone(),
        }
    }
}

/// The settings of a run.
///
/// # Errors
/// Its config.json is missing or unusable.
pub fn load_config(folder: &RunFolder) -> Result<Config> {
    let file = folder.file(File::Config);
    read_config(&file.display().to_string(), &files::read_text(&file)?)
}

/// Reads the corpus a config names, or makes the simulated class.
///
/// # Errors
/// Unreadable or unusable files.
pub fn load_corpus(config: &Config) -> Result<Corpus> {
    let choice = DataChoice::of(config);
    let (seq_len, rows) = (config.model_config.seq_len, config.row_kind());
    let Some(path) = &choice.path else {
        let (dataset, truth) =
            simulate_with_items(config.data.simulated_students, config.data.simulated_items, config.seeds.seed);
        return Ok(Corpus::simulated(&dataset, truth, seq_len, rows));
    };
    let name = path.display().to_string();
    match (read_data(path, &choice.columns)?, &choice.test_path) {
        (DataFile::Raw(_), Some(test)) => Err(Error::Config(format!(
            "{}: a test file goes with pykt's training sequences only; {name} holds raw interactions, whose test set is split off by pykt's rule",
            test.display()
        ))),
        (DataFile::Raw(dataset), None) => Ok(Corpus::from_dataset(&dataset, seq_len, rows)),
        (DataFile::Sequences(train), test) => {
            let test_rows = match test {
                Some(test) => read_sequences(&test.display().to_string(), files::open(test)?)?,
                None => Vec::new(),
            };
            Corpus::from_sequences(&config.data.dataset, &train, &test_rows, seq_len, rows)
        }
    }
}

/// The best model of a run on `device`, for `corpus`.
///
/// # Errors
/// The checkpoint is missing, damaged, or of another shape than config and data ask for.
pub fn load_model(folder: &RunFolder, config: &Config, corpus: &Corpus, device: &Device) -> Result<Model> {
    let path = folder.file(File::Best);
    if !files::is_file(&path) {
        return Err(Error::Folder(format!("{}: no epoch of this run is finished; continue it", path.display())));
    }
    let name = path.display().to_string();
    let (stored, weights) = decode_weights(&name, &files::read(&path)?)?;
    let expected = ModelConfig::new(config, corpus.skills.len(), corpus.items.len());
    let sizes = |model: &ModelConfig| match model.num_items {
        0 => format!("{} skills", model.num_c),
        items => format!("{} skills and {} items", model.num_c, items - 1),
    };
    if let Some(stored) = stored.filter(|s| (s.num_c, s.num_items) != (expected.num_c, expected.num_items)) {
        return Err(Error::Checkpoint(format!(
            "{name}: the model knows {}, the data have {}; use the data it was trained on",
            sizes(&stored),
            sizes(&expected)
        )));
    }
    Model::from_weights(&expected, &weights, device).map_err(|e| match e {
        Error::Checkpoint(problem) => Error::Checkpoint(format!("{name}: {problem}")),
        other => other,
    })
}
