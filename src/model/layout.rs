//! Where each parameter lies in the flat array, under its PyTorch name, and how it starts.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::ModelConfig;
use crate::error::{Error, Result};
use crate::ops::{EmbeddingTables, LinearAt, NormAt};

/// Host copies of parameters: shape and values by PyTorch name, in name order.
pub type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// How a parameter is drawn (SPEC §2).
#[derive(Debug, Clone, Copy, PartialEq)]
enum Start {
    /// Normal(0, 1).
    Normal,
    /// Uniform in ±bound.
    Uniform(f64),
    /// All the same.
    Constant(f32),
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name in PyTorch's state dict.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// First element in the flat array.
    pub at: usize,
    start: Start,
}

impl Parameter {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Places of an encoder block's layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BlockAt {
    pub qkv: [LinearAt; 3],
    pub output: LinearAt,
    pub ffn: [LinearAt; 2],
    pub norm1_ctx: NormAt,
    pub norm1_val: NormAt,
    pub norm2_ctx: NormAt,
}

/// Places of all parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    parameters: Vec<Parameter>,
    pub(super) tables: EmbeddingTables,
    pub(super) blocks: Vec<BlockAt>,
    pub(super) prediction: [LinearAt; 2],
    /// Mastery and gain head; `None` unless the model has both.
    pub(super) heads: Option<[LinearAt; 2]>,
    /// Parameters that anything depends on: a head alone learns nothing.
    active: usize,
}

/// Lays parameters one after another.
#[derive(Default)]
struct Builder {
    parameters: Vec<Parameter>,
    next: usize,
}

impl Builder {
    fn add(&mut self, name: String, shape: &[usize], start: Start) -> usize {
        let at = self.next;
        self.parameters.push(Parameter { name, shape: shape.to_vec(), at, start });
        self.next += shape.iter().product::<usize>();
        at
    }

    fn table(&mut self, name: &str, count: usize, width: usize) -> usize {
        self.add(format!("{name}.weight"), &[count, width], Start::Normal)
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> LinearAt {
        let start = Start::Uniform(1.0 / (inputs as f64).sqrt());
        let weight = self.add(format!("{name}.weight"), &[outputs, inputs], start);
        let bias = self.add(format!("{name}.bias"), &[outputs], start);
        LinearAt { weight, bias, inputs, outputs }
    }

    fn norm(&mut self, name: &str, width: usize) -> NormAt {
        let weight = self.add(format!("{name}.weight"), &[width], Start::Constant(1.0));
        let bias = self.add(format!("{name}.bias"), &[width], Start::Constant(0.0));
        NormAt { weight, bias }
    }

    fn block(&mut self, i: usize, config: &ModelConfig) -> BlockAt {
        let (d, d_ff) = (config.d_model, config.d_ff);
        let name = |part: &str| format!("encoder_blocks.{i}.{part}");
        BlockAt {
            qkv: ["query", "key", "value"].map(|p| self.linear(&name(&format!("attn.{p}_proj")), d, d)),
            output: self.linear(&name("attn.output_proj"), d, d),
            ffn: [self.linear(&name("ffn.0"), d, d_ff), self.linear(&name("ffn.3"), d_ff, d)],
            norm1_ctx: self.norm(&name("norm1_ctx"), d),
            norm1_val: self.norm(&name("norm1_val"), d),
            norm2_ctx: self.norm(&name("norm2_ctx"), d),
        }
    }
}

impl Layout {
    /// The places of a model's parameters, in the order PyTorch lists them.
    pub fn new(config: &ModelConfig) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        let b = &mut Builder::default();
        let tables = EmbeddingTables {
            context: b.table("context_embedding", 2 * c, d),
            value: b.table("value_embedding", 2 * c, d),
            concept: b.table("concept_embedding", c, d),
            position: b.table("pos_embedding", config.seq_len, d),
            skills: c,
            positions: config.seq_len,
            width: d,
        };
        let blocks = (0..config.num_encoder_blocks).map(|i| b.block(i, config)).collect();
        let prediction =
            [b.linear("prediction_head.0", 3 * d, config.d_ff), b.linear("prediction_head.3", config.d_ff, 1)];
        let without_heads = b.next;
        let mastery = config.use_mastery_head.then(|| b.linear("mastery_head", d, c));
        let gain = config.use_gain_head.then(|| b.linear("gain_head", d, c));
        let heads = mastery.zip(gain).map(|(m, g)| [m, g]);
        let active = if heads.is_some() { b.next } else { without_heads };
        Self { parameters: std::mem::take(&mut b.parameters), tables, blocks, prediction, heads, active }
    }

    /// All parameters in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.parameters.iter().map(Parameter::len).sum()
    }

    /// Number of leading values that the loss depends on.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Draws all parameters from `seed`, on the host so that a seed means the same model on every device.
    pub(super) fn draw(&self, seed: u64) -> Vec<f32> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(self.count());
        for parameter in &self.parameters {
            values.extend((0..parameter.len()).map(|_| match parameter.start {
                Start::Normal => StandardNormal.sample(rng),
                Start::Uniform(bound) => ((rng.random::<f64>() * 2.0 - 1.0) * bound) as f32,
                Start::Constant(value) => value,
            }));
        }
        values
    }

    /// The flat array of `weights`.
    ///
    /// # Errors
    /// A name is missing or unknown, or a shape differs.
    pub fn flatten(&self, weights: &Weights) -> Result<Vec<f32>> {
        let mut values = Vec::with_capacity(self.count());
        for Parameter { name, shape, .. } in &self.parameters {
            match weights.get(name) {
                None => {
                    return Err(Error::Checkpoint(format!("the checkpoint has no \"{name}\"; it is of another model")));
                }
                Some((found, _)) if found != shape => {
                    return Err(Error::Checkpoint(format!(
                        "\"{name}\" is {found:?} in the checkpoint, expected {shape:?}; it is of a model of another size"
                    )));
                }
                Some((_, part)) => values.extend_from_slice(part),
            }
        }
        match weights.keys().find(|name| !self.parameters.iter().any(|p| &p.name == *name)) {
            Some(name) => {
                Err(Error::Checkpoint(format!("the checkpoint holds \"{name}\", which this model does not have")))
            }
            None => Ok(values),
        }
    }

    /// Parameters by name from the flat array.
    pub fn named(&self, values: &[f32]) -> Weights {
        let part = |p: &Parameter| (p.name.clone(), (p.shape.clone(), values[p.at..p.at + p.len()].to_vec()));
        self.parameters.iter().map(part).collect()
    }
}
