//! Data files by their paths: a table, EdNet's folder, or either in a zip archive.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::data::{
    Archive, ColumnNames, DataFile, Dataset, EDNET_FOLDER, EDNET_QUESTIONS, Table, inspect_header, read_ednet,
    read_table_beside,
};
use crate::error::{Error, Result};
use crate::platform::files;

/// Tables looked at in an archive to find the one that holds answers.
const MAX_TABLES: usize = 200;

/// Reads a data file, with those that lie beside it where its format needs them; or EdNet's folder; or either from a zip
/// archive, of which a path such as `data.zip/answers.csv` names one file.
///
/// # Errors
/// Unreadable or unusable files; an archive with several tables that may be meant.
pub fn read_data(path: &Path, columns: &ColumnNames) -> Result<DataFile> {
    if let Some((archive, inner)) = archive_of(path)? {
        return read_archive(&archive, inner.as_deref(), columns);
    }
    let name = path.display().to_string();
    let open_in =
        |folder: &Path, file: &str| -> Result<Box<dyn Read>> { Ok(Box::new(files::open(&folder.join(file))?)) };
    let students = path.join(EDNET_FOLDER);
    if files::is_dir(&students) {
        let beside = |file: &str| open_in(path, file);
        return read_ednet(&name, &files::list(&students)?, columns, &beside).map(DataFile::Raw);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |file: &str| open_in(folder, file);
    read_table_beside(&name, files::open(path)?, columns, &beside)
}

/// Reads a raw interaction file.
///
/// # Errors
/// The file is unreadable, or holds pykt's sequences instead.
pub fn load_dataset(path: &Path, columns: &ColumnNames) -> Result<Dataset> {
    let name = path.display().to_string();
    match read_data(path, columns)? {
        DataFile::Raw(dataset) => Ok(dataset),
        DataFile::Sequences(_) => Err(Error::data(
            &name,
            "these are pykt's sequences, already split; expected raw interactions, one answer a row",
        )),
    }
}

/// The file or folder that holds the data of this path: for a file in an archive, the archive.
pub(super) fn container(path: &Path) -> PathBuf {
    let file = path.ancestors().find(|p| files::is_file(p));
    file.unwrap_or(path).to_owned()
}

/// The zip archive that this path is or leads into, and the path in it.
fn archive_of(path: &Path) -> Result<Option<(PathBuf, Option<String>)>> {
    let container = container(path);
    if !files::is_file(&container) {
        return Ok(None);
    }
    let mut head = [0; 4];
    let count = files::open(&container)?.read(&mut head).map_err(|e| Error::io(container.display(), e))?;
    if !Archive::is_zip(&head[..count]) {
        return Ok(None);
    }
    let inner = path.strip_prefix(&container).ok().filter(|inner| !inner.as_os_str().is_empty());
    let inner =
        inner.map(|inner| inner.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
    Ok(Some((container, inner)))
}

fn read_archive(path: &Path, inner: Option<&str>, columns: &ColumnNames) -> Result<DataFile> {
    let name = path.display().to_string();
    let archive = Archive::new(&name, Box::new(|| Ok(Box::new(files::open(path)?))))?;
    if inner.is_none()
        && let Some(root) = archive.files().find_map(|file| file.strip_suffix(EDNET_QUESTIONS))
    {
        let students = format!("{root}{EDNET_FOLDER}/");
        let files: Vec<String> = archive.files().filter_map(|f| f.strip_prefix(&students)).map(str::to_owned).collect();
        return read_ednet(&name, &files, columns, &|file| archive.file(&format!("{root}{file}"))).map(DataFile::Raw);
    }
    let table = match inner {
        Some(inner) => inner.to_owned(),
        None => table_of(&name, &archive, columns)?,
    };
    read_table_beside(&format!("{name}/{table}"), archive.file(&table)?, columns, &|file| {
        beside(&archive, &table, file)
    })
}

/// Opens a file by its path from the folder of `table`.
fn beside(archive: &Archive<'_>, table: &str, file: &str) -> Result<Box<dyn Read>> {
    let folder = table.rfind('/').map_or("", |end| &table[..=end]);
    archive.file(&format!("{folder}{file}"))
}

/// The table that holds the answers: the only one, the only one of a known format, the only readable one, or among several
/// the only one whose name says "train".
fn table_of(name: &str, archive: &Archive<'_>, columns: &ColumnNames) -> Result<String> {
    let is_table = |file: &&str| {
        let plain = file.strip_suffix(".gz").unwrap_or(file);
        [".csv", ".tsv", ".txt"].iter().any(|ending| plain.to_lowercase().ends_with(ending))
    };
    let tables: Vec<&str> = archive.files().filter(is_table).collect();
    match &*tables {
        [] => return Err(Error::data(name, "the zip archive holds no .csv, .tsv or .txt file")),
        [only] => return Ok((*only).to_owned()),
        _ => {}
    }
    let mut found: [Vec<&str>; 3] = Default::default();
    for &table in tables.iter().take(MAX_TABLES) {
        match inspect_header(table, archive.file(table)?, columns, &|file| beside(archive, table, file)) {
            Ok(Table::Format(_)) => found[0].push(table),
            Ok(Table::Columns) => found[1].push(table),
            Ok(Table::Sequences) => found[2].push(table),
            Err(_) => {}
        }
    }
    let [known, named, windows] = found;
    let mut meant = match (known.is_empty(), named.is_empty()) {
        (false, _) => known,
        // Windows are made from such a table: which of them is meant cannot be told.
        (true, false) if !windows.is_empty() => return Err(several(name, &[named, windows].concat())),
        (true, false) => named,
        (true, true) => windows,
    };
    let train: Vec<&str> = meant.iter().copied().filter(|t| t.to_lowercase().contains("train")).collect();
    if train.len() == 1 {
        meant = train;
    }
    match &*meant {
        [only] => Ok((*only).to_owned()),
        [] => Err(several(name, &tables)),
        meant => Err(several(name, meant)),
    }
}

/// The error for an archive of which one of these tables must be named.
fn several(name: &str, tables: &[&str]) -> Error {
    let problem = format!(
        "the zip archive holds {} tables ({}{}); name the one with the answers, such as {name}/{}",
        tables.len(),
        tables[..tables.len().min(5)].join(", "),
        if tables.len() > 5 { ", …" } else { "" },
        tables[0]
    );
    Error::data(name, problem)
}
