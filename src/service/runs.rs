//! Runs found in a folder, one of them in full, two side by side.

use std::path::{Path, PathBuf};

use super::opened::{folder_name, open_folder};
use super::protocol::{RunDetail, RunEntry, RunPair};
use crate::error::Result;
use crate::experiment::{
    File, RunFolder, RunRecord, checklist, config_differences, differences, finished_folder, overlay,
};
use crate::platform::files;

/// Runs in `parent`, the newest first; a folder that is not there holds none.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn list(parent: &Path) -> Result<Vec<RunEntry>> {
    if !files::is_dir(parent) {
        return Ok(Vec::new());
    }
    let names = files::list_dirs(parent)?;
    Ok(names.iter().rev().map(|name| parent.join(name)).filter_map(entry).collect())
}

fn entry(path: PathBuf) -> Option<RunEntry> {
    let (folder, config) = match open_folder(&path) {
        Ok(open) => open,
        // Any folder may lie there; only one with a config.json claims to be a run.
        Err(_) if !files::is_file(&path.join(File::Config.name())) => return None,
        Err(error) => return Some(broken(path, error.to_string())),
    };
    let mut entry = RunEntry {
        name: folder_name(&path),
        finished: finished_folder(&folder),
        epochs: epochs(&folder),
        dataset: config.data.dataset,
        best_auc: None,
        test_auc: None,
        problem: None,
        path,
    };
    if entry.finished {
        match RunRecord::read(&folder) {
            Ok(record) => {
                entry.best_auc = record.results.best_validation_auc;
                entry.test_auc = record.results.test.and_then(|t| t.headline_auc());
            }
            Err(error) => entry.problem = Some(error.to_string()),
        }
    }
    Some(entry)
}

fn broken(path: PathBuf, problem: String) -> RunEntry {
    RunEntry {
        name: folder_name(&path),
        path,
        finished: false,
        epochs: 0,
        dataset: String::new(),
        best_auc: None,
        test_auc: None,
        problem: Some(problem),
    }
}

/// Rows of metrics_epoch.csv.
fn epochs(folder: &RunFolder) -> usize {
    let text = files::read_text(&folder.file(File::Metrics)).unwrap_or_default();
    text.lines().count().saturating_sub(1)
}

/// Everything about the run in `path`.
///
/// # Errors
/// It is not finished, or its files are damaged.
pub(super) fn inspect(path: &Path) -> Result<RunDetail> {
    let folder = RunFolder::open(path)?;
    Ok(RunDetail {
        path: path.to_owned(),
        record: RunRecord::read(&folder)?,
        checklist: checklist(&folder),
        changed: differences(&folder)?,
    })
}

/// Two runs side by side.
///
/// # Errors
/// One of them is not finished, or damaged.
pub(super) fn pair(paths: &[PathBuf; 2]) -> Result<RunPair> {
    let read = |path: &PathBuf| RunRecord::read(&RunFolder::open(path)?);
    let runs = [read(&paths[0])?, read(&paths[1])?];
    Ok(RunPair { differences: config_differences(&runs)?, plot: overlay(&runs), runs })
}
