//! Names and places in an experiment folder.

use std::path::{Path, PathBuf};

use crate::config::ModelKind;
use crate::error::{Error, Result};
use crate::platform::{files, utc_stamp};

/// Where trajectories and plots lie.
const ARTIFACTS: &str = "artifacts";

/// A file of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// Every setting, with MD5s.
    Config,
    /// A row an epoch.
    Metrics,
    /// Everything measured.
    Results,
    /// Weights of the best epoch.
    Best,
    /// Weights of the last epoch.
    Last,
    /// What `--resume` needs.
    State,
    /// What the terminal showed.
    Log,
    /// The full command as a shell script.
    Script,
    /// Program, device, system and data.
    Environment,
    /// What each use of randomness is drawn from.
    SeedInfo,
    /// What a person reads first.
    Readme,
    /// Sizes and hashes of all other files.
    Manifest,
}

impl File {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config.json",
            Self::Metrics => "metrics_epoch.csv",
            Self::Results => "results.json",
            Self::Best => "model_best.safetensors",
            Self::Last => "model_last.safetensors",
            Self::State => "train_state.safetensors",
            Self::Log => "stdout.log",
            Self::Script => "run.sh",
            Self::Environment => "environment.json",
            Self::SeedInfo => "SEED_INFO.md",
            Self::Readme => "README.md",
            Self::Manifest => "manifest.json",
        }
    }
}

/// The parts of a folder's name, `YYYYMMDD_HHMMSS_MODEL_TITLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convention<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The short title.
    pub title: &'a str,
}

impl<'a> Convention<'a> {
    /// The parts of `name`; `None` where it does not follow the convention.
    pub fn of(name: &'a str) -> Option<Self> {
        let digits = |part: &str, count: usize| part.len() == count && part.chars().all(|c| c.is_ascii_digit());
        let mut parts = name.splitn(4, '_');
        let (date, time, model, title) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let fits = digits(date, 8) && digits(time, 6) && !model.is_empty() && !title.is_empty();
        fits.then_some(Self { model, title })
    }
}

/// An experiment's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes `YYYYMMDD_HHMMSS_MODEL_TITLE` (UTC) in `parent`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn create(parent: &Path, model: ModelKind, title: &str) -> Result<Self> {
        files::create_dir(parent)?;
        let title: String =
            title.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        let base = format!("{}_{}_{title}", utc_stamp(), model.name());
        for attempt in 1..1000 {
            let name = if attempt == 1 { base.clone() } else { format!("{base}-{attempt}") };
            let path = parent.join(name);
            if files::create_new_dir(&path)? {
                return Ok(Self { path });
            }
        }
        Err(Error::Folder(format!("{}: too many runs started in this second", parent.display())))
    }

    /// The folder in `parent` whose title is `title`, whenever it was made; `None` where there is none.
    ///
    /// # Errors
    /// `parent` cannot be listed.
    pub fn titled(parent: &Path, title: &str) -> Result<Option<Self>> {
        let found = files::list_dirs(parent)?.into_iter().find(|name| match Convention::of(name) {
            Some(convention) => convention.title == title,
            // Folders of an earlier version's sweep had the title alone.
            None => name == title,
        });
        Ok(found.map(|name| Self { path: parent.join(name) }))
    }

    /// Opens an existing folder.
    ///
    /// # Errors
    /// It has no config.json.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if !files::is_file(&folder.file(File::Config)) {
            return Err(Error::Folder(format!("{}: not an experiment folder (no config.json in it)", path.display())));
        }
        Ok(folder)
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where one of its files is.
    pub fn file(&self, file: File) -> PathBuf {
        self.path.join(file.name())
    }

    /// Every file in the folder and in `artifacts/`, by its path inside, sorted.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names = files::list(&self.path)?;
        let artifacts = self.path.join(ARTIFACTS);
        if files::is_dir(&artifacts) {
            names.extend(files::list(&artifacts)?.into_iter().map(|n| format!("{ARTIFACTS}/{n}")));
        }
        names.sort();
        Ok(names)
    }

    /// Writes a file into `artifacts/`.
    ///
    /// # Errors
    /// The system refuses.
    pub fn write_artifact(&self, name: &str, content: &[u8]) -> Result<()> {
        let folder = self.path.join(ARTIFACTS);
        files::create_dir(&folder)?;
        files::write_atomic(&folder.join(name), content)
    }

    /// Writes one of its files whole.
    ///
    /// # Errors
    /// The system refuses.
    pub fn write(&self, file: File, content: &[u8]) -> Result<()> {
        files::write_atomic(&self.file(file), content)
    }
}
