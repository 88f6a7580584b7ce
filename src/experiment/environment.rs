//! What a run was made with and on, and the seeds it began from.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::data_files::container;
use crate::config::Config;
use crate::data::{EDNET_FOLDER, EDNET_QUESTIONS};
use crate::error::{Error, Result};
use crate::platform::{files, system};

/// Hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// environment.json: program, build, device, system and the data's fingerprints.
///
/// # Errors
/// A data file cannot be read.
pub fn environment(config: &Config, device: (&str, &str), details: &Value) -> Result<Value> {
    Ok(json!({
        "program": {"name": "gainakt", "version": env!("CARGO_PKG_VERSION")},
        "build": {
            "git_commit": env!("GAINAKT_COMMIT"),
            "git_branch": env!("GAINAKT_BRANCH"),
            "tree_was_dirty": env!("GAINAKT_DIRTY"),
            "rustc": env!("GAINAKT_RUSTC"),
            "optimised": !cfg!(debug_assertions),
        },
        "device": {"kind": device.0, "adapter": device.1, "details": details},
        "system": system(),
        "data": {
            "file": config.data.path.as_deref().map(fingerprint).transpose()?,
            "test_file": config.data.test_path.as_deref().map(fingerprint).transpose()?,
            "simulated": config.data.path.is_none().then(|| simulated(config)),
        },
    }))
}

/// What a simulated class is made from.
fn simulated(config: &Config) -> Value {
    let mut made = json!({"students": config.data.simulated_students, "seed": config.seeds.seed});
    if config.data.simulated_items > 0 {
        made["items_per_skill"] = config.data.simulated_items.into();
    }
    made
}

/// Name, size and SHA-256 of a data file; for a file in a zip archive those of the archive, for EdNet's folder those of its
/// questions and of all students' files one after another.
///
/// # Errors
/// It cannot be read.
pub fn fingerprint(path: &str) -> Result<Value> {
    let place = container(Path::new(path));
    let mut parts = vec![place.clone()];
    if files::is_dir(&place) {
        let students = place.join(EDNET_FOLDER);
        parts = vec![place.join(EDNET_QUESTIONS)];
        let mut names = files::list(&students)?;
        // A folder is listed in no fixed order.
        names.sort();
        parts.extend(names.into_iter().map(|name| students.join(name)));
    }
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    for part in &parts {
        bytes += add_to_hash(part, &mut hash)?;
    }
    Ok(json!({"path": path, "bytes": bytes, "sha256": hex(&hash.finalize())}))
}

/// Adds a file to a hash, piece by piece since data sets may be larger than the memory; the number of its bytes.
fn add_to_hash(path: &Path, hash: &mut Sha256) -> Result<u64> {
    let mut file = files::open(path)?;
    let (mut bytes, mut piece) = (0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece).map_err(|e| Error::io(path.display(), e))? {
            0 => return Ok(bytes),
            count => {
                hash.update(&piece[..count]);
                bytes += count as u64;
            }
        }
    }
}

/// SEED_INFO.md: what each use of randomness is drawn from.
pub fn seed_info(config: &Config) -> String {
    let seed = config.seeds.seed;
    format!(
        "# Seeds\n\n\
         Everything random in this run comes from the seed **{seed}** (`seeds.primary` in config.json), on the host, so that it is \
         the same on every device.\n\n\
         | what | drawn from |\n| --- | --- |\n\
         | initial weights | ChaCha8 from the seed, parameter by parameter in state-dict order |\n\
         | dropout | a hash of (seed, step, place, element), computed again in the backward pass |\n\
         | order of training windows | {} |\n\
         | data | {} |\n\
         | split into folds | numpy's RandomState(1024), as pykt does it |\n",
        if config.training.shuffle { "ChaCha8 from the seed and the epoch" } else { "file order, not shuffled" },
        if config.data.path.is_some() {
            "a file, nothing random"
        } else {
            "the simulated class, ChaCha8 from the seed"
        },
    )
}
