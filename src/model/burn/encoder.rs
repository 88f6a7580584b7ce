//! The encoder of our own two models once more (MODEL §2), in burn's operations: what its kernels are held against.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, Linear};
use burn::tensor::{Device, Tensor, activation};

use super::attention::{linear, norm};
use super::kernels::general_attention;
use super::network::Dropouts;
use super::windows::Windows;
use crate::model::ModelConfig;

#[derive(Module, Debug)]
struct Projections {
    query_proj: Linear,
    key_proj: Linear,
    value_proj: Linear,
    output_proj: Linear,
}

/// The layers of PyTorch's `Sequential`, by their place in it.
#[derive(Module, Debug)]
struct FeedForward {
    layer0: Linear,
    layer3: Linear,
}

#[derive(Module, Debug)]
struct Block {
    attn: Projections,
    ffn: FeedForward,
    norm1_ctx: LayerNorm,
    norm1_val: LayerNorm,
    norm2_ctx: LayerNorm,
    #[module(skip)]
    heads: usize,
}

impl Block {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let d = config.d_model;
        let square = || linear(d, d, device);
        Self {
            attn: Projections { query_proj: square(), key_proj: square(), value_proj: square(), output_proj: square() },
            ffn: FeedForward { layer0: linear(d, config.d_ff, device), layer3: linear(config.d_ff, d, device) },
            norm1_ctx: norm(d, device),
            norm1_val: norm(d, device),
            norm2_ctx: norm(d, device),
            heads: config.n_heads,
        }
    }

    fn forward(&self, [ctx, val]: [Tensor<3>; 2], dropout: &mut Dropouts) -> [Tensor<3>; 2] {
        let attn = &self.attn;
        let [q, k] = [&attn.query_proj, &attn.key_proj].map(|projection| projection.forward(ctx.clone()));
        let seen = general_attention([q, k, attn.value_proj.forward(val.clone())], self.heads);
        // One draw serves both streams.
        let a = dropout.apply(attn.output_proj.forward(seen));
        let val = self.norm1_val.forward(val + a.clone());
        let x = self.norm1_ctx.forward(ctx + a);
        let hidden = dropout.apply(activation::relu(self.ffn.layer0.forward(x.clone())));
        let ctx = self.norm2_ctx.forward(x + dropout.apply(self.ffn.layer3.forward(hidden)));
        [ctx, val]
    }
}

/// The encoder.
#[derive(Module, Debug)]
pub(super) struct Encoder {
    context_embedding: Embedding,
    value_embedding: Embedding,
    pos_embedding: Embedding,
    encoder_blocks: Vec<Block>,
    #[module(skip)]
    skills: usize,
}

impl Encoder {
    pub(super) fn new(config: &ModelConfig, device: &Device) -> Self {
        let table = |count| EmbeddingConfig::new(count, config.d_model).init(device);
        Self {
            context_embedding: table(2 * config.num_c),
            value_embedding: table(2 * config.num_c),
            pos_embedding: table(config.seq_len),
            encoder_blocks: (0..config.num_encoder_blocks).map(|_| Block::new(config, device)).collect(),
            skills: config.num_c,
        }
    }

    /// Context and value stream, `[W, T, D]` each.
    pub(super) fn forward(&self, windows: &Windows, dropout: &mut Dropouts) -> [Tensor<3>; 2] {
        let token = windows.token(self.skills);
        let places = self.pos_embedding.forward(windows.position());
        let mut streams =
            [&self.context_embedding, &self.value_embedding].map(|e| e.forward(token.clone()) + places.clone());
        for block in &self.encoder_blocks {
            streams = block.forward(streams, dropout);
        }
        streams
    }
}
