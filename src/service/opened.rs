//! What is open: a corpus, a model to look through, and the one it is compared with.

use std::path::Path;
use std::sync::Arc;

use super::protocol::{OpenedInfo, Source, StudentInfo};
use crate::config::{Config, ModelKind};
use crate::data::{Corpus, RowKind, Window};
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
                let model = checkpoint_model("the embedded model", embedded(*kind)?, &corpus)?;
                let about = format!("{}, as it comes with the program, trained on this class", kind.title());
                Ok(Self::new("Embedded class", about, None, config, corpus, model))
            }
            Source::Run(path) => {
                let (folder, config) = open_folder(path)?;
                let corpus = Arc::new(load_corpus(&config)?);
                let model = load_model(&folder, &config, &corpus, &Device::Cpu)?;
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
            items: corpus.items.len(),
            students: students(&corpus, &windows, config.data.fold),
            has_truth: corpus.truth.is_some(),
            config,
        };
        Self { info, corpus, model, other: None, windows }
    }

    /// Checks that a model of this config reads the open data as the open model does.
    fn reads_like(&self, config: &Config) -> Result<()> {
        let (own, other) = (self.info.config.row_kind(), config.row_kind());
        let several = |w: &Window| w.answers.has_several_skills() || !w.repeats.is_empty();
        if own != other && self.corpus.windows.iter().any(several) {
            return Err(Error::Request(format!(
                "the open model reads {}, this one {}: on these data they cannot be laid over one another; open it by itself, or \
                 compare their figures with gainakt compare",
                row_kind_text(own),
                row_kind_text(other)
            )));
        }
        Ok(())
    }

    /// A model for the open data from `source`, and what to call it.
    pub(super) fn other_model(&self, source: &Source) -> Result<(Model, String)> {
        let corpus = &self.corpus;
        match source {
            Source::Embedded(kind) => {
                let name = format!("the embedded {}", kind.title());
                Ok((checkpoint_model(&name, embedded(*kind)?, corpus)?, name))
            }
            Source::Run(path) => {
                let (folder, config) = open_folder(path)?;
                self.reads_like(&config)?;
                let model = load_model(&folder, &config, corpus, &Device::Cpu)?;
                Ok((model, folder_name(path)))
            }
            Source::Checkpoint(path) => {
                let name = path.display().to_string();
                Ok((checkpoint_model(&name, &files::read(path)?, corpus)?, folder_name(path)))
            }
        }
    }
}

/// What each of the two ways to read an answer with several skills is called.
fn row_kind_text(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Skill => "a row for each skill of an answer",
        RowKind::Answer => "an answer with all of its skills as one row",
    }
}

/// Students with what is known of them without a model.
fn students(corpus: &Corpus, windows: &[Vec<u32>], fold: u8) -> Vec<StudentInfo> {
    let info = |(id, windows): (&String, &Vec<u32>)| {
        let windows = || windows.iter().map(|&w| &corpus.windows[w as usize]);
        StudentInfo {
            id: id.clone(),
            part: windows().next().map_or(crate::data::Split::Test, |w| part_of(w, fold)),
            answers: windows().map(|w| w.len() as u32).sum(),
            correct: windows().flat_map(|w| w.answers.responses()).map(|&r| u32::from(r)).sum(),
        }
    };
    corpus.students.iter().zip(windows).map(info).collect()
}

/// A model from a checkpoint that says its own sizes, for `corpus`.
fn checkpoint_model(name: &str, bytes: &[u8], corpus: &Corpus) -> Result<Model> {
    let (shape, weights) = decode_weights(name, bytes)?;
    let shape = shape.ok_or_else(|| {
        Error::Checkpoint(format!("{name}: the file does not say its model's sizes; take it in with gainakt import"))
    })?;
    if shape.num_c != corpus.skills.len() {
        return Err(Error::Checkpoint(format!(
            "{name}: the model knows {} skills, the open data have {}; open the data it was trained on",
            shape.num_c,
            corpus.skills.len()
        )));
    }
    if shape.num_items > 0 && shape.num_items != corpus.items.len() + 1 {
        return Err(Error::Checkpoint(format!(
            "{name}: the model knows {} items, the open data have {}; open the data it was trained on",
            shape.num_items - 1,
            corpus.items.len()
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
    ModelConfig::new(config, corpus.skills.len(), corpus.items.len())
}
