//! What a run was made with and on, and the seeds it began from.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::error::Result;
use crate::platform::{files, system};

/// Hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
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

/// Name, size and SHA-256 of a data file.
///
/// # Errors
/// It cannot be read.
pub fn fingerprint(path: &str) -> Result<Value> {
    let bytes = files::read(Path::new(path))?;
    Ok(json!({"path": path, "bytes": bytes.len(), "sha256": sha256_hex(&bytes)}))
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
