//! Sizes of a model.

use serde::{Deserialize, Serialize};

use super::architectures;
use crate::config::{Config, EncoderKind, ModelKind};

/// Sizes and heads of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// Which model it is; checkpoints of earlier versions do not say and are GainAKT2Exp.
    #[serde(default, skip_serializing_if = "ModelKind::is_default")]
    pub kind: ModelKind,
    /// Skills, C.
    pub num_c: usize,
    /// What reads the answers.
    #[serde(default, skip_serializing_if = "EncoderKind::is_default")]
    pub encoder: EncoderKind,
    /// Items, the unknown one (0) among them; 0 where the model knows no items.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub num_items: usize,
    /// Answers of a window; positions there are.
    pub seq_len: usize,
    /// Width of both streams, D.
    pub d_model: usize,
    /// Attention heads, H.
    pub n_heads: usize,
    /// Encoder blocks, N.
    pub num_encoder_blocks: usize,
    /// Width of the feed-forward layers.
    pub d_ff: usize,
    /// Share of activations dropped in training.
    pub dropout: f64,
    /// Whether there is a mastery head.
    pub use_mastery_head: bool,
    /// Whether there is a gain head.
    pub use_gain_head: bool,
}

impl ModelConfig {
    /// The model an experiment's config describes, for data with `skills` skills and `items` items (0: none).
    pub fn new(config: &Config, skills: usize, items: usize) -> Self {
        let m = &config.model_config;
        let num_items = if items > 0 && config.uses_items() { items + 1 } else { 0 };
        Self {
            kind: config.model.kind,
            encoder: config.encoder(),
            num_c: skills,
            num_items,
            seq_len: m.seq_len,
            d_model: m.d_model,
            n_heads: m.n_heads,
            num_encoder_blocks: m.num_encoder_blocks,
            d_ff: m.d_ff,
            dropout: m.dropout,
            use_mastery_head: config.interpretability.use_mastery_head,
            use_gain_head: config.interpretability.use_gain_head,
        }
    }

    /// Whether mastery and gains are computed: GainAKT2Exp needs both heads for it.
    pub fn interpretable(&self) -> bool {
        architectures::has_mastery(self)
    }

    /// Values of mastery in a row: one a skill, or one unused where there is no mastery.
    pub(super) fn mastery_width(&self) -> usize {
        if self.interpretable() { self.num_c } else { 1 }
    }

    /// Names of the loss terms a step reports; the first is the total.
    pub fn term_names(&self) -> &'static [&'static str] {
        architectures::term_names(self)
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
