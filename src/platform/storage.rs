//! Files that outlast the page, in the browser's IndexedDB: it is in every browser, and a transaction is stored whole
//! or not at all, so that a killed tab never leaves half an epoch behind.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use idb::{Database, DatabaseEvent as _, Factory, ObjectStore, TransactionMode};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};

use super::memory_files;
use crate::error::{Error, Result};

/// Name of the database and of its only object store: path → content.
const NAME: &str = "gainakt";
const STORE: &str = "files";

thread_local! {
    static DATABASE: RefCell<Option<Rc<Database>>> = const { RefCell::new(None) };
}

/// What to do where a transaction is aborted: browsers do so when the quota is exceeded or the disk is full.
const FULL: &str = "it has no room left for more; download runs and delete them in the Runs view. Nothing is lost while this page stays open";

fn failed(error: &idb::Error) -> Error {
    refused(&match error.to_string() {
        text if text.contains("Quota") => FULL.to_owned(),
        text => format!("{text}; runs are kept only as long as this page stays open"),
    })
}

fn refused(problem: &str) -> Error {
    Error::io("this browser's storage", std::io::Error::other(problem))
}

async fn database() -> std::result::Result<Rc<Database>, idb::Error> {
    if let Some(open) = DATABASE.with_borrow(Clone::clone) {
        return Ok(open);
    }
    let mut request = Factory::new()?.open(NAME, Some(1))?;
    request.on_upgrade_needed(|event| {
        // A failure shows as a missing store in the first transaction.
        if let Ok(database) = event.database() {
            let _ = database.create_object_store(STORE, idb::ObjectStoreParams::new());
        }
    });
    let open = Rc::new(request.await?);
    DATABASE.with_borrow_mut(|place| *place = Some(open.clone()));
    Ok(open)
}

/// Puts every stored file back into the tree in memory.
///
/// # Errors
/// The browser has no storage, or refuses it here (private windows).
pub async fn restore() -> Result<()> {
    for (path, content) in read_all().await.map_err(|e| failed(&e))? {
        memory_files::put_back(&path, content);
    }
    Ok(())
}

async fn read_all() -> std::result::Result<Vec<(PathBuf, Vec<u8>)>, idb::Error> {
    let database = database().await?;
    let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
    let store = transaction.object_store(STORE)?;
    let keys = store.get_all_keys(None, None)?.await?;
    let values = store.get_all(None, None)?.await?;
    let file = |(key, value): (&JsValue, &JsValue)| {
        Some((PathBuf::from(key.as_string()?), value.dyn_ref::<Uint8Array>()?.to_vec()))
    };
    Ok(keys.iter().zip(&values).filter_map(file).collect())
}

/// Stores what was written or removed since the last call, all of it or nothing.
///
/// # Errors
/// The browser has no room or no storage; the same changes are tried again with the next call.
pub async fn store_changes() -> Result<()> {
    let changes = memory_files::take_changes();
    if changes.is_empty() {
        return Ok(());
    }
    let stored = match write(&changes).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(refused(FULL)),
        Err(error) => Err(failed(&error)),
    };
    if stored.is_err() {
        memory_files::note_again(changes);
    }
    stored
}

/// Writes all changes; false where the browser took the transaction back.
async fn write(changes: &[memory_files::Change]) -> std::result::Result<bool, idb::Error> {
    let database = database().await?;
    let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
    let store = transaction.object_store(STORE)?;
    for (path, content) in changes {
        write_one(&store, &path.to_string_lossy(), content.as_deref())?;
    }
    Ok(transaction.commit()?.await?.is_committed())
}

fn write_one(store: &ObjectStore, path: &str, content: Option<&[u8]>) -> std::result::Result<(), idb::Error> {
    let key = JsValue::from_str(path);
    match content {
        Some(content) => store.put(&Uint8Array::from(content).into(), Some(&key)).map(drop),
        None => store.delete(key).map(drop),
    }
}
