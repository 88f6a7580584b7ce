//! Names and places in an experiment folder.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::platform::{files, utc_stamp};

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
        }
    }
}

/// An experiment's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes `YYYYMMDD_HHMMSS_gainakt2exp_TITLE` (UTC) in `parent`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn create(parent: &Path, title: &str) -> Result<Self> {
        files::create_dir(parent)?;
        let title: String =
            title.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        let base = format!("{}_gainakt2exp_{title}", utc_stamp());
        for attempt in 1..1000 {
            let name = if attempt == 1 { base.clone() } else { format!("{base}-{attempt}") };
            let path = parent.join(name);
            if files::create_new_dir(&path)? {
                return Ok(Self { path });
            }
        }
        Err(Error::Config(format!("{}: too many runs started in this second", parent.display())))
    }

    /// Opens an existing folder.
    ///
    /// # Errors
    /// It has no config.json.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if !folder.file(File::Config).is_file() {
            return Err(Error::Config(format!("{}: not an experiment folder (no config.json in it)", path.display())));
        }
        Ok(folder)
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where one of its files is.
    pub fn file(&self, file: File) -> PathBuf {
        self.path.join(file.name())
    }

    /// Writes one of its files whole.
    ///
    /// # Errors
    /// The system refuses.
    pub fn write(&self, file: File, content: &[u8]) -> Result<()> {
        files::write_atomic(&self.file(file), content)
    }
}
