//! The PyTorch peer: another process that takes the same steps.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use super::times::Times;
use crate::config::Config;
use crate::error::{Error, Result};

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
    /// The peer's median milliseconds a step by mode.
    pub peer: BTreeMap<String, f64>,
}

impl Turn {
    /// The peer's times in words.
    pub(super) fn peers(&self) -> String {
        self.peer.iter().map(|(mode, ms)| format!(", {mode} {ms:.1} ms")).collect()
    }
}

impl Peer<'_> {
    /// Median milliseconds a step in each mode.
    ///
    /// # Errors
    /// Python or the script cannot be run, or says something else than expected.
    pub(super) fn time(
        &mut self,
        data: Option<&Path>,
        modes: &[String],
        steps: usize,
        warmup: usize,
    ) -> Result<BTreeMap<String, f64>> {
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
        let failed = |why: &dyn std::fmt::Display| {
            Error::Config(format!("{} {}: {why}", self.python.display(), self.script.display()))
        };
        let output = command.output().map_err(|e| failed(&e))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(failed(&said.lines().last().unwrap_or("it failed without a word")));
        }
        let mut times = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let row: serde_json::Value = serde_json::from_str(line).map_err(|e| failed(&e))?;
            if let (Some(mode), Some(ms)) = (row["mode"].as_str(), row["median_ms"].as_f64()) {
                times.insert(mode.to_owned(), ms);
            }
        }
        Ok(times)
    }
}

/// How many times as fast as each mode of the peer, by the turns' mean times.
pub(super) fn ratios(turns: &[Turn]) -> BTreeMap<String, f64> {
    let ours: f64 = turns.iter().map(|t| t.gainakt.median_ms).sum();
    let modes = turns.iter().flat_map(|t| t.peer.keys());
    modes.map(|mode| (mode.clone(), turns.iter().filter_map(|t| t.peer.get(mode)).sum::<f64>() / ours)).collect()
}
