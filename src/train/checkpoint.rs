//! Checkpoints as safetensors: weights under their PyTorch names, and everything a run needs to go on.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::message::EpochRow;
use super::plateau::Plateau;
use crate::error::{Error, Result};
use crate::model::{ModelConfig, Weights};
use crate::objective::Controller;

/// Shape and values.
type Tensor = (Vec<usize>, Vec<f32>);

/// Metadata key of a model's sizes.
const MODEL: &str = "gainakt_model";
/// Metadata key of a run's state.
const STATE: &str = "gainakt_state";
/// Prefix of Adam's moments in a state file.
const MOMENTS: &str = "adam.";

/// The part of a run's state that is not tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Last finished epoch.
    pub epoch: usize,
    /// Steps taken: also where dropout's counter stands, the run's only other randomness being the seed.
    pub steps: u64,
    /// Epoch controller, of GainAKT2Exp.
    pub controller: Option<Controller>,
    /// Learning rate and best value.
    pub plateau: Plateau,
    /// All epochs so far.
    pub history: Vec<EpochRow>,
}

/// Everything a run needs to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainState {
    /// Numbers.
    pub run: RunState,
    /// Weights after the last epoch.
    pub weights: Weights,
    /// Adam's moments, `[2, n]`.
    pub moments: Weights,
}

/// A safetensors file of weights with the model's sizes in its metadata.
///
/// # Errors
/// The tensors cannot be serialised.
pub fn encode_weights(model: &ModelConfig, weights: &Weights) -> Result<Vec<u8>> {
    encode(weights.iter(), &[(MODEL, json(model)?)])
}

/// Weights and, where the file tells them, the model's sizes.
///
/// # Errors
/// `name` is no safetensors file, or holds something other than 32-bit floats.
pub fn decode_weights(name: &str, bytes: &[u8]) -> Result<(Option<ModelConfig>, Weights)> {
    let (weights, metadata) = decode(name, bytes)?;
    let model = metadata.get(MODEL).map(|text| serde_json::from_str(text)).transpose();
    let model = model.map_err(|e| Error::Checkpoint(format!("{name}: unreadable model sizes: {e}")))?;
    Ok((model, weights))
}

/// A safetensors file of everything a run needs to go on: weights, and Adam's moments under names of their own.
///
/// # Errors
/// The tensors cannot be serialised.
pub fn encode_state(model: &ModelConfig, run: &RunState, weights: &Weights, moments: &Weights) -> Result<Vec<u8>> {
    let named: Vec<(String, &Tensor)> =
        moments.iter().map(|(name, value)| (format!("{MOMENTS}{name}"), value)).collect();
    encode(
        weights.iter().chain(named.iter().map(|(name, value)| (name, *value))),
        &[(MODEL, json(model)?), (STATE, json(run)?)],
    )
}

impl TrainState {
    /// Reads what [`encode_state`] wrote.
    ///
    /// # Errors
    /// `name` is damaged, no state file, or of a model of other sizes than `model`.
    pub fn decode(name: &str, bytes: &[u8], model: &ModelConfig) -> Result<Self> {
        let (tensors, metadata) = decode(name, bytes)?;
        let text = metadata
            .get(STATE)
            .ok_or_else(|| Error::Checkpoint(format!("{name}: this file holds no training state")))?;
        let run = serde_json::from_str(text)
            .map_err(|e| Error::Checkpoint(format!("{name}: unreadable training state: {e}")))?;
        let found: Option<ModelConfig> = metadata.get(MODEL).and_then(|text| serde_json::from_str(text).ok());
        if found.as_ref() != Some(model) {
            return Err(Error::Checkpoint(format!("{name}: the state is of another model than config.json describes")));
        }
        let (mut weights, mut moments) = (Weights::new(), Weights::new());
        for (key, value) in tensors {
            match key.strip_prefix(MOMENTS) {
                Some(parameter) => moments.insert(parameter.to_owned(), value),
                None => weights.insert(key, value),
            };
        }
        Ok(Self { run, weights, moments })
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::output("a checkpoint", e))
}

fn encode<'a>(tensors: impl Iterator<Item = (&'a String, &'a Tensor)>, metadata: &[(&str, String)]) -> Result<Vec<u8>> {
    let failed = |e: safetensors::SafeTensorError| Error::output("a checkpoint", e);
    let views: BTreeMap<&str, TensorView<'_>> = tensors
        .map(|(name, (shape, values))| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(values)).map_err(failed)?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<_>>()?;
    let metadata: HashMap<String, String> = metadata.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(failed)?;
    Ok(with_sorted_metadata(bytes))
}

/// The file with the entries of its metadata in the order of their names. The library keeps them in a hash map, whose order
/// changes from run to run, and two equal runs shall leave equal files.
fn with_sorted_metadata(mut bytes: Vec<u8>) -> Vec<u8> {
    const LENGTH: usize = 8;
    let size = u64::from_le_bytes(bytes[..LENGTH].try_into().expect("a safetensors file begins with 8 bytes")) as usize;
    let header = &mut bytes[LENGTH..LENGTH + size];
    let mut entries: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).expect("the header was written as JSON just now");
    if let Some(metadata) = entries.get_mut("__metadata__").and_then(serde_json::Value::as_object_mut) {
        metadata.sort_keys();
    }
    let sorted = serde_json::Value::Object(entries).to_string();
    // The same entries have the same length; what follows up to the tensors is spaces.
    assert!(sorted.len() <= size, "sorting made the header longer");
    header[..sorted.len()].copy_from_slice(sorted.as_bytes());
    header[sorted.len()..].fill(b' ');
    bytes
}

fn decode(name: &str, bytes: &[u8]) -> Result<(Weights, HashMap<String, String>)> {
    let damaged = |e: &dyn std::fmt::Display| {
        Error::Checkpoint(format!(
            "{name}: not a readable safetensors file ({e}); it may be cut off or of another format"
        ))
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(&e))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(&e))?;
    let mut weights = Weights::new();
    for (key, view) in tensors.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(Error::Checkpoint(format!(
                "{name}: \"{key}\" is stored as {:?}, expected 32-bit floats",
                view.dtype()
            )));
        }
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        weights.insert(key.to_owned(), (view.shape().to_vec(), values));
    }
    Ok((weights, header.metadata().clone().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_states_are_equal_files() {
        let weights =
            Weights::from([("b".to_owned(), (vec![2], vec![1.0, 2.0])), ("a".to_owned(), (vec![1], vec![3.0]))]);
        let metadata = [("state", "{\"text\": \"π\"}".to_owned()), ("model", "m".to_owned()), ("a", "b".to_owned())];
        let files: Vec<Vec<u8>> = (0..20).map(|_| encode(weights.iter(), &metadata).unwrap()).collect();
        assert!(files.iter().all(|file| *file == files[0]));
        let (read, found) = decode("file", &files[0]).unwrap();
        assert_eq!(read, weights);
        assert!(metadata.iter().all(|(key, value)| found.get(*key) == Some(value)), "{found:?}");
    }
}
