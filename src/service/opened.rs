//! What is open: a corpus, a model to look through, and the one it is compared with.

use std::path::Path;
use std::sync::Arc;

use super::protocol::{OpenedInfo, Source, StudentInfo};
use crate::config::{Config, ModelKind};
use crate::data::Corpus;
use crate::error::{Error, Result};
use crate::evaluate::{part_of, windows_by_student};
use crate::experiment::{RunFolder, load_config, load_corpus, load_model};
use crate::model::{Model, ModelConfig};
use crate::platform::{device::Device, files};
use crate::train::decode_weights;

/// The models that come with the program: `configs/demo.json` and `configs/evidence.json` trained on the embedded class.
fn embedded(kind: ModelKind) -> Result<&'static [u8]> {
    match kind {
        ModelKind::GainAkt2Exp => Ok(include_bytes!("../../web/demo.safetensors")),
        ModelKind::Evidence => Ok(include_bytes!("../../web/evidence.safetensors")),
        other => {
            Err(Error::Request(format!("the program carries no trained {}; train one and open its run", other.title())))
        }
    }
}

/// A corpus and the models it is looked at through.
#[derive(Debug)]
pub(super) struct OpenedModel {
    pub info: OpenedInfo,
    pub corpus: Arc<Corpus>,
    pub model: Model,
    pub other: Option<Model>,
    /// Windows of each student.
    pub windows: Vec<Vec<u32>>,
}

impl OpenedModel {
    /// Opens the embedded class or a run's folder.
    pub(super) fn open(source: &Source) -> Result<Self> {
        match source {
            Source::Embedded(kind) => {
                let config = Config::preset(Config::preset_for(*kind, false))?;
                let corpus = Arc::new(load_corpus(&config)?);
                let model = checkpoint_model("the embedded model", embedded(*kind)?, corpus.skills.len())?;
                let about = format!("{}, as it comes with the program, trained on this class", kind.title());
                Ok(Self::new("Embedded class", about, None, config, corpus, model))
            }
            Source::Run(path) => {
                let (folder, config) = open_folder(path)?;
                let corpus = Arc::new(load_corpus(&config)?);
                let model = load_model(&folder, &config, corpus.skills.len(), &Device::Cpu)?;
                let name = folder_name(path);
                let about = "the run's best model".to_owned();
                Ok(Self::new(&name, about, Some(path), config, corpus, model))
            }
            Source::Checkpoint(path) => Err(Error::Request(format!(
                "{}: a checkpoint needs data to look at; open a run or the embedded class first",
                path.display()
            ))),
        }
    }

    /// Data and a model to look at them through.
    pub(super) fn new(
        title: &str,
        model_about: String,
        folder: Option<&Path>,
        config: Config,
        corpus: Arc<Corpus>,
        model: Model,
    ) -> Self {
        let windows = windows_by_student(&corpus);
        let info = OpenedInfo {
            title: title.to_owned(),
            model_about,
            folder: folder.map(Path::to_owned),
            model: model.config().clone(),
            skills: corpus.skills.clone(),
            students: students(&corpus, &windows, config.data.fold),
            has_truth: corpus.truth.is_some(),
            config,
        };
        Self { info, corpus, model, other: None, windows }
    }

    /// A model for the open data from `source`, and what to call it.
    pub(super) fn other_model(&self, source: &Source) -> Result<(Model, String)> {
        let skills = self.corpus.skills.len();
        match source {
            Source::Embedded(kind) => {
                let name = format!("the embedded {}", kind.title());
                Ok((checkpoint_model(&name, embedded(*kind)?, skills)?, name))
            }
            Source::Run(path) => {
                let (folder, config) = open_folder(path)?;
                let model = load_model(&folder, &config, skills, &Device::Cpu)?;
                Ok((model, folder_name(path)))
            }
            Source::Checkpoint(path) => {
                let name = path.display().to_string();
                Ok((checkpoint_model(&name, &files::read(path)?, skills)?, folder_name(path)))
            }
        }
    }
}

/// Students with what is known of them without a model.
fn students(corpus: &Corpus, windows: &[Vec<u32>], fold: u8) -> Vec<StudentInfo> {
    let info = |(id, windows): (&String, &Vec<u32>)| {
        let windows = || windows.iter().map(|&w| &corpus.windows[w as usize]);
        StudentInfo {
            id: id.clone(),
            part: windows().next().map_or(crate::data::Split::Test, |w| part_of(w, fold)),
            answers: windows().map(|w| w.skills.len() as u32).sum(),
            correct: windows().flat_map(|w| &w.responses).map(|&r| u32::from(r)).sum(),
        }
    };
    corpus.students.iter().zip(windows).map(info).collect()
}

/// A model from a checkpoint that says its own sizes, for data of `skills` skills.
fn checkpoint_model(name: &str, bytes: &[u8], skills: usize) -> Result<Model> {
    let (shape, weights) = decode_weights(name, bytes)?;
    let shape = shape.ok_or_else(|| {
        Error::Checkpoint(format!("{name}: the file does not say its model's sizes; take it in with gainakt import"))
    })?;
    if shape.num_c != skills {
        return Err(Error::Checkpoint(format!(
            "{name}: the model knows {} skills, the open data have {skills}; open the data it was trained on",
            shape.num_c
        )));
    }
    Model::from_weights(&shape, &weights, &Device::Cpu)
}

pub(super) fn open_folder(path: &Path) -> Result<(RunFolder, Config)> {
    let folder = RunFolder::open(path)?;
    let config = load_config(&folder)?;
    Ok((folder, config))
}

pub(super) fn folder_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The shape of the model a config asks for on `corpus`.
pub(super) fn shape(config: &Config, corpus: &Corpus) -> ModelConfig {
    ModelConfig::new(config, corpus.skills.len())
}
