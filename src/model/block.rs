//! One encoder block: attention feeds both streams, the context stream goes through a feed-forward layer.

use burn::module::Module;
use burn::tensor::{Tensor, activation};

use super::ModelConfig;
use super::input::DropoutSites;
use super::layers::{Init, Linear, ResidualNorm};
use crate::ops::{self, Ragged};

/// Queries and keys from the context stream, values from the value stream.
#[derive(Module, Debug)]
pub struct Attention {
    query_proj: Linear,
    key_proj: Linear,
    value_proj: Linear,
    output_proj: Linear,
    #[module(skip)]
    heads: usize,
}

/// W2·dropout(relu(W1·x)); the fields are the layers' places in PyTorch's `Sequential`.
#[derive(Module, Debug)]
pub struct FeedForward {
    layer0: Linear,
    layer3: Linear,
}

/// A block of the encoder (SPEC §2).
#[derive(Module, Debug)]
pub struct Block {
    attn: Attention,
    ffn: FeedForward,
    norm1_ctx: ResidualNorm,
    norm1_val: ResidualNorm,
    norm2_ctx: ResidualNorm,
}

impl Block {
    /// Draws a block's weights.
    pub fn new(config: &ModelConfig, init: &mut Init<'_>) -> Self {
        let (d, d_ff) = (config.d_model, config.d_ff);
        Self {
            attn: Attention {
                query_proj: Linear::new(d, d, init),
                key_proj: Linear::new(d, d, init),
                value_proj: Linear::new(d, d, init),
                output_proj: Linear::new(d, d, init),
                heads: config.n_heads,
            },
            ffn: FeedForward { layer0: Linear::new(d, d_ff, init), layer3: Linear::new(d_ff, d, init) },
            norm1_ctx: ResidualNorm::new(d, init),
            norm1_val: ResidualNorm::new(d, init),
            norm2_ctx: ResidualNorm::new(d, init),
        }
    }

    /// Context and value streams `[N, D]` after the block.
    pub fn forward(
        &self,
        ctx: Tensor<2>,
        val: Tensor<2>,
        rows: &Ragged,
        dropout: &mut DropoutSites,
    ) -> (Tensor<2>, Tensor<2>) {
        let attended = self.attn.forward(ctx.clone(), val.clone(), rows);
        // One draw serves both streams (SPEC §2).
        let site = dropout.site();
        let val = self.norm1_val.forward(val, attended.clone(), site);
        let x = self.norm1_ctx.forward(ctx, attended, site);
        let hidden = ops::dropout(activation::relu(self.ffn.layer0.forward(x.clone())), dropout.site());
        let ctx = self.norm2_ctx.forward(x, self.ffn.layer3.forward(hidden), dropout.site());
        (ctx, val)
    }
}

impl Attention {
    fn forward(&self, ctx: Tensor<2>, val: Tensor<2>, rows: &Ragged) -> Tensor<2> {
        let q = self.query_proj.forward(ctx.clone());
        let k = self.key_proj.forward(ctx);
        let v = self.value_proj.forward(val);
        self.output_proj.forward(ops::causal_attention(q, k, v, rows, self.heads))
    }
}
