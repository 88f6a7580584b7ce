//! Weights and predictions for other programs, and weights from PyTorch.

use std::path::Path;

use super::folder::{File, RunFolder};
use crate::data::{Corpus, CsvText, Window};
use crate::error::{Error, Result};
use crate::evaluate::WindowOutcome;
use crate::model::{ModelConfig, Weights};
use crate::platform::files;
use crate::train::{decode_weights, encode_weights};

/// The best weights of a run as a safetensors file under PyTorch's names, with nothing else in it.
///
/// # Errors
/// The checkpoint is missing or damaged.
pub fn export_weights(folder: &RunFolder, out: &Path) -> Result<()> {
    files::write_atomic(out, &files::read(&folder.file(File::Best))?)
}

/// Reads a state dict (safetensors, or PyTorch's zip and legacy pickle formats, of which nothing is executed) and
/// writes it as a checkpoint of `model`.
///
/// # Errors
/// The file is damaged, not of 32-bit (or wider) floats, or of another model.
pub fn import_weights(path: &Path, model: &ModelConfig) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let torch = path.extension().is_some_and(|e| ["pt", "pth", "bin", "ckpt"].iter().any(|t| e == *t));
    let weights = if torch { read_pickle(path, &name)? } else { decode_weights(&name, &files::read(path)?)?.1 };
    encode_weights(model, &weights)
}

fn read_pickle(path: &Path, name: &str) -> Result<Weights> {
    let damaged = |e: &dyn std::fmt::Display| Error::Checkpoint(format!("{name}: not a readable PyTorch file ({e})"));
    // Opened first, so that a missing file is said as such.
    files::open(path)?;
    let mut reader = pytorch_reader::PytorchReader::new(path).map_err(|e| damaged(&e))?;
    for key in ["state_dict", "model_state_dict", "model"] {
        if reader.keys().iter().any(|k| k.starts_with(&format!("{key}."))) {
            reader = pytorch_reader::PytorchReader::with_top_level_key(path, key).map_err(|e| damaged(&e))?;
            break;
        }
    }
    let mut weights = Weights::new();
    for (key, tensor) in reader.into_tensors() {
        let bytes = tensor.read().map_err(|e| damaged(&e))?;
        let values: Vec<f32> = match tensor.dtype() {
            pytorch_reader::DType::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            pytorch_reader::DType::F64 => {
                bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect()
            }
            other => {
                return Err(Error::Checkpoint(format!(
                    "{name}: \"{key}\" is stored as {other:?}, expected 32- or 64-bit floats"
                )));
            }
        };
        let key = key.strip_prefix("module.").unwrap_or(&key).to_owned();
        weights.insert(key, (tensor.shape().to_vec(), values));
    }
    Ok(weights)
}

/// Predictions as CSV: student, position of the answer predicted, its skills (joined by `_`), p(right), the answer, and
/// mastery of the skills beforehand; where the data have items, the item too.
pub fn predictions_csv(corpus: &Corpus, windows: &[&Window], outcomes: &[WindowOutcome]) -> String {
    let columns = ["student", "position", "skill_id", "prediction", "response", "mastery_before", "item_id"];
    let columns = &columns[..columns.len() - usize::from(corpus.items.is_empty())];
    let mut csv = CsvText::new(columns);
    for (window, outcome) in windows.iter().filter(|w| w.steps() > 0).zip(outcomes) {
        for t in 0..window.steps() {
            let mastery = outcome.heads.next_mastery.get(t).map_or(String::new(), f32::to_string);
            let asked = window.answers.get(t + 1);
            let skills: Vec<&str> = asked.skills.iter().map(|&k| corpus.skills[k as usize].id.as_str()).collect();
            let item = (asked.item as usize).checked_sub(1).map_or("", |item| corpus.items[item].as_str());
            let row = [
                corpus.students[window.student as usize].clone(),
                (window.first as usize + t + 1).to_string(),
                skills.join("_"),
                outcome.probability[t].to_string(),
                asked.response.to_string(),
                mastery,
                item.to_owned(),
            ];
            csv.row(&row[..columns.len()]);
        }
    }
    csv.finish()
}
