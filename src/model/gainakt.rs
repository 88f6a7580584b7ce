//! The whole model: embeddings, encoder, prediction, mastery and gain heads.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::input::{DropoutSites, ModelInput};
use super::layers::{Embedding, Init, Linear};
use crate::config::Config;
use crate::ops;

/// Sizes and heads of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// Skills, C.
    pub num_c: usize,
    /// Interactions of a window; positions there are.
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
    /// The model an experiment's config describes, for data with `skills` skills.
    pub fn new(config: &Config, skills: usize) -> Self {
        let m = &config.model_config;
        Self {
            num_c: skills,
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
}

/// The two-layer head that predicts the next answer; fields are places in PyTorch's `Sequential`.
#[derive(Module, Debug)]
pub struct PredictionHead {
    layer0: Linear,
    layer3: Linear,
}

/// GainAKT2Exp.
#[derive(Module, Debug)]
pub struct GainAkt {
    context_embedding: Embedding,
    value_embedding: Embedding,
    concept_embedding: Embedding,
    pos_embedding: Embedding,
    encoder_blocks: Vec<Block>,
    prediction_head: PredictionHead,
    mastery_head: Option<Linear>,
    gain_head: Option<Linear>,
}

/// What a forward pass gives; N rows, C skills, D = d_model.
#[derive(Debug, Clone)]
pub struct Output {
    /// Logit of answering the next exercise right, `[N]`.
    pub logits: Tensor<1>,
    /// Context stream after the encoder, `[N, D]`.
    pub context: Tensor<2>,
    /// Value stream after the encoder, `[N, D]`.
    pub value: Tensor<2>,
    /// Mastery and gains, where the model has both heads.
    pub heads: Option<Heads>,
}

/// The interpretable part of the output.
#[derive(Debug, Clone)]
pub struct Heads {
    /// M, `[N, C]`.
    pub mastery: Tensor<2>,
    /// G, `[N, C]`.
    pub gains: Tensor<2>,
}

impl GainAkt {
    /// Draws a model's weights from `seed` on the host and uploads them.
    pub fn new(config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        let init = &mut Init::new(seed, device);
        Self {
            context_embedding: Embedding::new(2 * c, d, init),
            value_embedding: Embedding::new(2 * c, d, init),
            concept_embedding: Embedding::new(c, d, init),
            pos_embedding: Embedding::new(config.seq_len, d, init),
            encoder_blocks: (0..config.num_encoder_blocks).map(|_| Block::new(config, init)).collect(),
            prediction_head: PredictionHead {
                layer0: Linear::new(3 * d, config.d_ff, init),
                layer3: Linear::new(config.d_ff, 1, init),
            },
            mastery_head: config.use_mastery_head.then(|| Linear::new(d, c, init)),
            gain_head: config.use_gain_head.then(|| Linear::new(d, c, init)),
        }
    }

    /// One forward pass over a ragged batch (SPEC §2).
    pub fn forward(&self, input: &ModelInput, mut dropout: DropoutSites) -> Output {
        let position = self.pos_embedding.forward(input.position.clone());
        let mut ctx = self.context_embedding.forward(input.token.clone()) + position.clone();
        let mut val = self.value_embedding.forward(input.token.clone()) + position;
        for block in &self.encoder_blocks {
            (ctx, val) = block.forward(ctx, val, &input.rows, &mut dropout);
        }
        let heads = match (&self.mastery_head, &self.gain_head) {
            (Some(mastery), Some(gain)) => {
                let gains = activation::relu(gain.forward(val.clone()));
                let initial = activation::sigmoid(mastery.forward(ctx.clone().select(0, input.first_rows.clone())));
                let mastery = ops::mastery_scan(initial, gains.clone(), &input.rows);
                Some(Heads { mastery, gains })
            }
            _ => None,
        };
        Output { logits: self.predict(ctx.clone(), val.clone(), input, &mut dropout), context: ctx, value: val, heads }
    }

    fn predict(&self, ctx: Tensor<2>, val: Tensor<2>, input: &ModelInput, dropout: &mut DropoutSites) -> Tensor<1> {
        let [rows, width] = ctx.dims();
        let first = &self.prediction_head.layer0;
        let next = self.concept_embedding.forward(input.next_skill.clone());
        // [ctx ; val ; E_concept] · Wᵀ in three parts, so that the rows are never copied side by side.
        let hidden = first.part(ctx, 0) + first.part(val, width) + first.part(next, 2 * width) + first.bias();
        let hidden = ops::dropout(activation::relu(hidden), dropout.site());
        self.prediction_head.layer3.forward(hidden).reshape([rows])
    }
}
