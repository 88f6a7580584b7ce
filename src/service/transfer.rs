//! Files that leave the service and files handed to it: text, pictures, checkpoints, zipped runs, answers.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;

use super::protocol::{Event, Export, FilePurpose, Source};
use super::state::Service;
use crate::error::{Error, Result};
use crate::experiment::png;
use crate::platform::files;

impl Export {
    /// The file's content.
    ///
    /// # Errors
    /// The SVG cannot be drawn, or a file cannot be read.
    pub(super) fn content(self) -> Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Png(svg) => png(&svg),
            Self::File(path) => files::read(&path),
            Self::Zip(folder) => zipped(&folder),
        }
    }
}

/// A folder with all that is in it, under its own name.
fn zipped(folder: &Path) -> Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let base = folder.parent().unwrap_or(Path::new(""));
    let mut waiting = vec![folder.to_owned()];
    while let Some(dir) = waiting.pop() {
        for name in files::list(&dir)? {
            let path = dir.join(name);
            let inside = path.strip_prefix(base).unwrap_or(&path);
            let inside: Vec<_> = inside.iter().map(|p| p.to_string_lossy()).collect();
            let incorrect =
                |e: &dyn std::fmt::Display| Error::data(&path.display().to_string(), format!("not packed: {e}"));
            archive.start_file(inside.join("/"), SimpleFileOptions::default()).map_err(|e| incorrect(&e))?;
            archive.write_all(&files::read(&path)?).map_err(|e| incorrect(&e))?;
        }
        waiting.extend(files::list_dirs(&dir)?.into_iter().map(|name| dir.join(name)));
    }
    let bytes = archive.finish().map_err(|e| Error::data(&folder.display().to_string(), format!("not packed: {e}")))?;
    Ok(bytes.into_inner())
}

/// Where files that were handed over are put, and runs among them.
const DATA: &str = "data";
const RUNS: &str = "runs";

impl Service {
    /// Takes in a file that was handed over with its content.
    ///
    /// # Errors
    /// It is not what its name says, or nothing it can be opened as.
    pub(super) async fn take(&mut self, name: &str, bytes: &[u8], purpose: FilePurpose) -> Result<()> {
        let source = match Path::new(name).extension().and_then(|e| e.to_str()) {
            // Without a run in it, it is an archive of data.
            Some("zip") if purpose == FilePurpose::Compare || holds_run(bytes) => {
                Source::Run(unpack_run(bytes, name, Path::new(RUNS))?)
            }
            Some("safetensors") => Source::Checkpoint(put(name, bytes)?),
            _ => {
                if purpose == FilePurpose::Compare {
                    return Err(Error::data(name, "expected a zipped run or a checkpoint (.safetensors)"));
                }
                let path = put(name, bytes)?;
                self.events.send(Event::FileImported(path, purpose));
                return Ok(());
            }
        };
        match purpose {
            FilePurpose::Compare => self.compare(Some(source)).await,
            FilePurpose::Open | FilePurpose::TestData => self.open(&source),
        }
    }
}

/// Puts a file into the folder of data under its own name.
fn put(name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let folder = Path::new(DATA);
    files::create_dir(folder)?;
    // A name from outside must not lead out of the folder.
    let path = folder.join(Path::new(name).file_name().unwrap_or_default());
    files::write_atomic(&path, bytes)?;
    Ok(path)
}

/// Whether a zip archive holds a run's `config.json`.
fn holds_run(bytes: &[u8]) -> bool {
    zip::ZipArchive::new(Cursor::new(bytes)).is_ok_and(|archive| {
        let names = (0..archive.len()).filter_map(|i| archive.name_for_index(i)?.ok());
        names.into_iter().any(|name| name == "config.json" || name.ends_with("/config.json"))
    })
}

/// Unpacks a zipped run into `parent`, under the archive's own folder name, else under `name`; the folder's path.
///
/// # Errors
/// `bytes` are no zip archive, one that is damaged, or one without a run's `config.json`.
fn unpack_run(bytes: &[u8], name: &str, parent: &Path) -> Result<PathBuf> {
    let incorrect = |what: &dyn std::fmt::Display| {
        Error::data(name, format!("this is no zipped run ({what}); expected the zip of an experiment's folder"))
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| incorrect(&e))?;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|e| incorrect(&e))?;
        let Some(path) = file.enclosed_name() else { return Err(incorrect(&"a path in it leads outside")) };
        if file.is_file() {
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut content).map_err(|e| incorrect(&e))?;
            found.push((path, content));
        }
    }
    let config = found.iter().find(|(path, _)| path.ends_with("config.json"));
    let (config, _) = config.ok_or_else(|| incorrect(&"no config.json in it"))?;
    let root = config.parent().unwrap_or(Path::new("")).to_owned();
    let stem = Path::new(name).file_stem().unwrap_or_default().to_owned();
    let wanted = root.file_name().map_or(stem, ToOwned::to_owned).to_string_lossy().into_owned();
    let mut folder = parent.join(&wanted);
    let mut copy = 2;
    files::create_dir(parent)?;
    while !files::create_new_dir(&folder)? {
        folder = parent.join(format!("{wanted} ({copy})"));
        copy += 1;
    }
    for (path, content) in found {
        let Ok(inside) = path.strip_prefix(&root) else { continue };
        let path = folder.join(inside);
        files::create_dir(path.parent().unwrap_or(&folder))?;
        files::write_atomic(&path, &content)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_packed_and_unpacked_is_the_same() {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("a-run");
        std::fs::create_dir_all(run.join("plots")).unwrap();
        std::fs::write(run.join("config.json"), "{}").unwrap();
        std::fs::write(run.join("plots/auc.svg"), [0u8, 200]).unwrap();
        let bytes = Export::Zip(run).content().unwrap();
        assert!(holds_run(&bytes));
        for expected in ["a-run", "a-run (2)"] {
            let folder = unpack_run(&bytes, "x.zip", &place.path().join("runs")).unwrap();
            assert_eq!(folder.file_name().unwrap(), expected);
            assert_eq!(std::fs::read(folder.join("config.json")).unwrap(), b"{}");
            assert_eq!(std::fs::read(folder.join("plots/auc.svg")).unwrap(), [0, 200]);
        }
        assert!(!holds_run(include_bytes!("../../tests/made_up/poj.zip")) && !holds_run(&bytes[..40]));
        let error = unpack_run(&bytes[..40], "x.zip", place.path()).unwrap_err().to_string();
        assert!(error.contains("x.zip") && error.contains("zip"), "{error}");
    }
}
