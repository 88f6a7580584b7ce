//! Files: errors name the path; a file is written under another name and then renamed, so that none is ever incomplete.

use std::fs::{self, File};
use std::io::{Read, Seek, Write as _};
use std::path::Path;

use crate::error::{Error, Result};

/// Opens a file for reading.
///
/// # Errors
/// It is not there, is a folder, or may not be read.
pub fn open(path: &Path) -> Result<impl Read + Seek + use<>> {
    let file = File::open(path).map_err(|e| Error::io(path.display(), e))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(Error::data(&path.display().to_string(), "this is a folder, expected a file"));
    }
    Ok(file)
}

/// Reads a whole file.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|e| Error::io(path.display(), e))?;
    Ok(bytes)
}

/// Reads a whole UTF-8 text file.
///
/// # Errors
/// As [`open`], or the text is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::data(&path.display().to_string(), "the text is not UTF-8"))
}

/// Writes a file beside its place, makes it durable and renames it there: readers see the old content or the
/// new, never a part.
///
/// # Errors
/// The folder is missing, full or may not be written.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    let fail = |e| Error::io(path.display(), e);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside).map_err(fail)?;
    file.write_all(content).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    fs::rename(&beside, path).map_err(fail)
}

/// Makes a folder and those above it.
///
/// # Errors
/// The system refuses.
pub fn create_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::io(path.display(), e))
}

/// Makes a folder that must not be there yet; false where it is.
///
/// # Errors
/// The system refuses for another reason.
pub fn create_new_dir(path: &Path) -> Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(Error::io(path.display(), e)),
    }
}

/// Whether there is a file at `path`.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether there is a folder at `path`.
pub fn is_dir(path: &Path) -> bool {
    path.is_dir()
}

/// Names of the folders in a folder, sorted.
///
/// # Errors
/// The system refuses.
pub fn list_dirs(path: &Path) -> Result<Vec<String>> {
    let fail = |e| Error::io(path.display(), e);
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Names of the files in a folder, without those being written (`.part`).
///
/// # Errors
/// The system refuses.
pub fn list(path: &Path) -> Result<Vec<String>> {
    let fail = |e| Error::io(path.display(), e);
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && !name.ends_with(".part") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes a folder with all that is in it.
///
/// # Errors
/// The system refuses.
pub fn remove_dir(path: &Path) -> Result<()> {
    fs::remove_dir_all(path).map_err(|e| Error::io(path.display(), e))
}

/// A file that lines are appended to.
pub type Log = File;

/// Opens a file to append lines to.
///
/// # Errors
/// The system refuses.
pub fn append(path: &Path) -> Result<Log> {
    File::options().create(true).append(true).open(path).map_err(|e| Error::io(path.display(), e))
}
