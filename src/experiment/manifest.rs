//! manifest.json: the size and SHA-256 of every file of a finished folder, and of the list itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::environment::sha256_hex;
use super::folder::{File, RunFolder};
use super::record::pretty;
use crate::error::{Error, Result};
use crate::platform::files;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: usize,
    sha256: String,
}

/// The list of a folder's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    files: BTreeMap<String, Entry>,
    /// Hash of `files` as JSON, so that the list cannot be changed unseen either.
    list_sha256: String,
}

fn list_hash(files: &BTreeMap<String, Entry>) -> Result<String> {
    Ok(sha256_hex(pretty(files)?.as_bytes()))
}

/// Writes the manifest of `folder` as it is now.
///
/// # Errors
/// A file cannot be read or written.
pub fn seal(folder: &RunFolder) -> Result<()> {
    let mut list = BTreeMap::new();
    for name in folder.names()?.into_iter().filter(|n| n != File::Manifest.name()) {
        let content = files::read(&folder.path().join(&name))?;
        list.insert(name, Entry { bytes: content.len(), sha256: sha256_hex(&content) });
    }
    let manifest = Manifest { list_sha256: list_hash(&list)?, files: list };
    folder.write(File::Manifest, pretty(&manifest)?.as_bytes())
}

/// Every way in which `folder` differs from its manifest, each naming the file; empty where it is untouched.
///
/// # Errors
/// The manifest is missing or unreadable.
pub fn differences(folder: &RunFolder) -> Result<Vec<String>> {
    let path = folder.file(File::Manifest);
    let name = path.display().to_string();
    if !files::is_file(&path) {
        return Err(Error::Folder(format!("{name}: missing; the run is unfinished, or the manifest was deleted")));
    }
    let manifest: Manifest = serde_json::from_str(&files::read_text(&path)?).map_err(|e| Error::json(&name, e))?;
    let mut found = Vec::new();
    if list_hash(&manifest.files)? != manifest.list_sha256 {
        found.push(format!("{}: the list itself was edited", File::Manifest.name()));
    }
    let mut there = folder.names()?;
    for (name, entry) in &manifest.files {
        match there.iter().position(|n| n == name) {
            None => found.push(format!("{name}: missing")),
            Some(i) => {
                there.swap_remove(i);
                let content = files::read(&folder.path().join(name))?;
                if sha256_hex(&content) != entry.sha256 {
                    found.push(format!("{name}: edited ({} bytes, were {})", content.len(), entry.bytes));
                }
            }
        }
    }
    let added = there.into_iter().filter(|n| n != File::Manifest.name());
    found.extend(added.map(|n| format!("{n}: added after the run")));
    Ok(found)
}
