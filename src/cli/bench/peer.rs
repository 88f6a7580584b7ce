//! What the program is compared with: PyTorch, another process that takes the same steps, or burn's operations.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::times::Times;
use crate::config::Config;
use crate::error::{Error, Result};

/// What to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Against {
    /// The same model in burn's operations, on the same device.
    Burn,
    /// PyTorch, run by this Python.
    Python(PathBuf),
}

impl std::str::FromStr for Against {
    type Err = Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(match text {
            "burn" => Self::Burn,
            python => Self::Python(python.into()),
        })
    }
}

/// How to run the peer.
#[derive(Debug)]
pub(super) struct Peer<'a> {
    pub python: &'a Path,
    pub script: &'a Path,
    pub config: &'a Config,
    pub skills: usize,
    pub forward: bool,
}

/// One turn of both.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Turn {
    /// Our times.
    pub gainakt: Times,
    /// The peer's times by mode.
    pub peer: BTreeMap<String, PeerTimes>,
}

/// Times of a peer in one mode.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct PeerTimes {
    /// Middle milliseconds of a step.
    pub median_ms: f64,
    /// Interactions a second.
    pub interactions_per_s: f64,
}

impl Turn {
    /// The peer's times in words.
    pub(super) fn peers(&self) -> String {
        self.peer.iter().map(|(mode, times)| format!(", {mode} {:.1} ms", times.median_ms)).collect()
    }
}

impl Peer<'_> {
    /// Times of a step in each mode.
    ///
    /// # Errors
    /// Python or the script cannot be run, or says something else than expected.
    pub(super) fn time(
        &mut self,
        data: Option<&Path>,
        modes: &[String],
        steps: usize,
        warmup: usize,
    ) -> Result<BTreeMap<String, PeerTimes>> {
        let m = &self.config.model_config;
        let mut command = Command::new(self.python);
        command.arg(self.script).env("PYTHONDONTWRITEBYTECODE", "1");
        for (flag, value) in [
            ("--num_c", self.skills),
            ("--seq_len", m.seq_len),
            ("--d_model", m.d_model),
            ("--n_heads", m.n_heads),
            ("--blocks", m.num_encoder_blocks),
            ("--d_ff", m.d_ff),
            ("--batch", self.config.training.batch_size),
            ("--fold", self.config.data.fold as usize),
            ("--steps", steps),
            ("--warmup", warmup),
        ] {
            command.arg(flag).arg(value.to_string());
        }
        if let Some(data) = data {
            command.arg("--windows").arg(data);
        }
        if self.forward {
            command.arg("--eval");
        }
        command.arg("--mode").args(modes);
        let failed = |why: &dyn std::fmt::Display| Error::Program {
            program: format!("{} {}", self.python.display(), self.script.display()),
            problem: why.to_string(),
        };
        let output = command.output().map_err(|e| failed(&e))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty());
            return Err(failed(&last.unwrap_or("it failed without a word")));
        }
        let mut times = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let row: serde_json::Value = serde_json::from_str(line).map_err(|e| failed(&e))?;
            let mode = row["mode"].as_str().ok_or_else(|| failed(&"a line without a mode"))?;
            times.insert(mode.to_owned(), PeerTimes::deserialize(&row).map_err(|e| failed(&e))?);
        }
        Ok(times)
    }
}

/// How many times as many interactions a second as each mode of the peer, by the turns' means.
pub(super) fn ratios(turns: &[Turn]) -> BTreeMap<String, f64> {
    let ours: f64 = turns.iter().map(|t| t.gainakt.interactions_per_s).sum();
    let of = |mode: &String| turns.iter().filter_map(|t| t.peer.get(mode)).map(|t| t.interactions_per_s).sum::<f64>();
    let modes = turns.iter().flat_map(|t| t.peer.keys());
    modes.map(|mode| (mode.clone(), ours / of(mode))).collect()
}
