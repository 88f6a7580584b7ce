//! Files where there is no file system: a tree in memory, with the same promises as files on disk. What changes below
//! the folders of [`KEPT`] is noted, so that the page can store it in the browser.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Error as IoError, ErrorKind, Read, Result as IoResult, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Folders whose files outlast the page: runs, and the data they were trained on.
pub const KEPT: [&str; 2] = ["runs", "data"];

#[derive(Debug, Default)]
struct Tree {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    /// Files of [`KEPT`] that were written or removed since [`take_changes`].
    changed: BTreeSet<PathBuf>,
}

thread_local! {
    static TREE: RefCell<Tree> = RefCell::default();
}

impl Tree {
    fn is_dir(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || self.folders.contains(path)
    }

    fn create_dir(&mut self, path: &Path) {
        self.folders.extend(path.ancestors().filter(|p| !p.as_os_str().is_empty()).map(Path::to_owned));
    }

    fn note(&mut self, path: &Path) {
        if KEPT.iter().any(|folder| path.starts_with(folder)) {
            self.changed.insert(path.to_owned());
        }
    }

    fn children<'a>(paths: impl Iterator<Item = &'a PathBuf>, folder: &Path) -> Vec<String> {
        let name = |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned());
        paths.filter(|p| p.parent() == Some(folder)).filter_map(name).collect()
    }
}

fn missing(path: &Path) -> Error {
    let problem = "not kept in this browser; drop the file of this name on the page, then try again";
    Error::io(path.display(), IoError::new(ErrorKind::NotFound, problem))
}

/// Opens a file for reading.
///
/// # Errors
/// It is not there, or is a folder.
pub fn open(path: &Path) -> Result<impl Read + Seek + use<>> {
    read(path).map(Cursor::new)
}

/// Reads a whole file.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    TREE.with_borrow(|tree| match tree.files.get(path) {
        Some(bytes) => Ok(bytes.clone()),
        None if tree.is_dir(path) => Err(Error::data(&path.display().to_string(), "this is a folder, expected a file")),
        None => Err(missing(path)),
    })
}

/// Reads a whole UTF-8 text file.
///
/// # Errors
/// As [`open`], or the text is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::data(&path.display().to_string(), "the text is not UTF-8"))
}

/// Writes a file whole.
///
/// # Errors
/// Its folder is missing.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    TREE.with_borrow_mut(|tree| {
        if !tree.is_dir(path.parent().unwrap_or(Path::new(""))) {
            return Err(missing(path));
        }
        tree.files.insert(path.to_owned(), content.to_vec());
        tree.note(path);
        Ok(())
    })
}

/// A file of [`KEPT`] and its content now; `None` where it was removed.
pub type Change = (PathBuf, Option<Vec<u8>>);

/// What changed in the folders of [`KEPT`] since this was asked last.
pub fn take_changes() -> Vec<Change> {
    TREE.with_borrow_mut(|tree| {
        let changed = std::mem::take(&mut tree.changed);
        changed.into_iter().map(|path| (path.clone(), tree.files.get(&path).cloned())).collect()
    })
}

/// Notes changes again that could not be stored.
pub fn note_again(changes: Vec<Change>) {
    TREE.with_borrow_mut(|tree| tree.changed.extend(changes.into_iter().map(|(path, _)| path)));
}

/// Puts a stored file back, with its folders; this is no change.
pub fn put_back(path: &Path, content: Vec<u8>) {
    TREE.with_borrow_mut(|tree| {
        tree.create_dir(path.parent().unwrap_or(Path::new("")));
        tree.files.insert(path.to_owned(), content);
    });
}

/// Removes a file.
///
/// # Errors
/// There is no such file.
pub fn remove_file(path: &Path) -> Result<()> {
    TREE.with_borrow_mut(|tree| {
        tree.files.remove(path).ok_or_else(|| missing(path))?;
        tree.note(path);
        Ok(())
    })
}

/// Makes a folder and those above it.
///
/// # Errors
/// None here.
pub fn create_dir(path: &Path) -> Result<()> {
    TREE.with_borrow_mut(|tree| tree.create_dir(path));
    Ok(())
}

/// Makes a folder that must not be there yet; false where it is.
///
/// # Errors
/// None here.
pub fn create_new_dir(path: &Path) -> Result<bool> {
    let new = !is_dir(path);
    create_dir(path)?;
    Ok(new)
}

/// Whether there is a file at `path`.
pub fn is_file(path: &Path) -> bool {
    TREE.with_borrow(|tree| tree.files.contains_key(path))
}

/// Whether there is a folder at `path`.
pub fn is_dir(path: &Path) -> bool {
    TREE.with_borrow(|tree| tree.is_dir(path))
}

/// Names of the folders in a folder, sorted.
///
/// # Errors
/// There is no such folder.
pub fn list_dirs(path: &Path) -> Result<Vec<String>> {
    TREE.with_borrow(|tree| {
        let there = tree.is_dir(path);
        there.then(|| Tree::children(tree.folders.iter(), path)).ok_or_else(|| missing(path))
    })
}

/// Names of the files in a folder, sorted.
///
/// # Errors
/// There is no such folder.
pub fn list(path: &Path) -> Result<Vec<String>> {
    TREE.with_borrow(|tree| {
        let there = tree.is_dir(path);
        there.then(|| Tree::children(tree.files.keys(), path)).ok_or_else(|| missing(path))
    })
}

/// Removes a folder with all that is in it.
///
/// # Errors
/// There is no such folder.
pub fn remove_dir(path: &Path) -> Result<()> {
    TREE.with_borrow_mut(|tree| {
        if !tree.is_dir(path) {
            return Err(missing(path));
        }
        let gone: Vec<PathBuf> = tree.files.keys().filter(|p| p.starts_with(path)).cloned().collect();
        for file in gone {
            tree.files.remove(&file);
            tree.note(&file);
        }
        tree.folders.retain(|p| !p.starts_with(path));
        Ok(())
    })
}

/// A file that lines are appended to.
#[derive(Debug)]
pub struct Log(PathBuf);

/// Opens a file to append lines to.
///
/// # Errors
/// Its folder is missing.
pub fn append(path: &Path) -> Result<Log> {
    if !is_file(path) {
        write_atomic(path, &[])?;
    }
    Ok(Log(path.to_owned()))
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        TREE.with_borrow_mut(|tree| {
            let file = tree.files.get_mut(&self.0).ok_or_else(|| IoError::from(ErrorKind::NotFound))?;
            file.extend_from_slice(bytes);
            tree.note(&self.0);
            Ok(bytes.len())
        })
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_keeps_what_files_promise() {
        let (run, file) = (Path::new("runs/a"), Path::new("runs/a/config.json"));
        assert!(write_atomic(file, b"{}").is_err(), "a file needs its folder");
        assert!(create_new_dir(run).unwrap() && !create_new_dir(run).unwrap());
        write_atomic(file, b"{}").unwrap();
        write_atomic(file, b"{1}").unwrap();
        assert_eq!(read_text(file).unwrap(), "{1}");
        let mut text = String::new();
        open(file).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "{1}");
        let log = run.join("stdout.log");
        for line in ["one", "two"] {
            writeln!(append(&log).unwrap(), "{line}").unwrap();
        }
        assert_eq!(read(&log).unwrap(), b"one\ntwo\n");
        create_dir(Path::new("runs/b/artifacts")).unwrap();
        assert_eq!(list_dirs(Path::new("runs")).unwrap(), ["a", "b"]);
        assert_eq!(list(run).unwrap(), ["config.json", "stdout.log"]);
        assert!(read(run).unwrap_err().to_string().contains("folder"));
        assert!(read(Path::new("runs/c")).unwrap_err().to_string().contains("runs/c"));
        remove_dir(run).unwrap();
        assert!(!is_dir(run) && !is_file(file) && is_dir(Path::new("runs/b/artifacts")));
        assert!(list(run).is_err() && append(&log).is_err());
    }

    #[test]
    fn changes_of_kept_folders_are_told_once() {
        let (kept, passing) = (Path::new("data/a.csv"), Path::new("other/b.csv"));
        take_changes();
        for path in [kept, passing] {
            create_dir(path.parent().unwrap()).unwrap();
            write_atomic(path, b"1").unwrap();
        }
        writeln!(append(kept).unwrap(), "2").unwrap();
        let changes = take_changes();
        assert_eq!(changes, [(kept.to_owned(), Some(b"12\n".to_vec()))]);
        assert!(take_changes().is_empty());
        note_again(changes);
        remove_file(kept).unwrap();
        assert_eq!(take_changes(), [(kept.to_owned(), None)]);
        assert!(remove_file(kept).is_err());
        put_back(kept, b"3".to_vec());
        assert!(take_changes().is_empty() && read(kept).unwrap() == b"3");
        remove_dir(Path::new("data")).unwrap();
        assert_eq!(take_changes(), [(kept.to_owned(), None)]);
    }
}
