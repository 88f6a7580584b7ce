//! What reads the answers: embeddings, then blocks of attention and feed-forward layers over a context and a value stream
//! (MODEL §2), or one LSTM over the context vectors (MODEL §10).

mod attention_weights;
mod work;

pub(super) use work::{BlockWork, EncoderWork, StreamGrads};

use super::parameters::{Builder, Start};
use super::{DropoutSites, ModelConfig};
use crate::config::EncoderKind;
use crate::ops::{
    Activation, AttentionSizes, Dropout, EmbeddingTables, Input, InputGrad, Kernels, LinearOffsets, NormOffsets,
    NormStream, NormStreamGrad,
};

/// Places of the encoder's parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EncoderOffsets {
    pub tables: EmbeddingTables,
    pub layers: LayerOffsets,
}

/// Places of what follows the embeddings.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LayerOffsets {
    Attention(Vec<BlockOffsets>),
    /// Inputs' part and hidden state's part of the gates: D inputs, 4D outputs each.
    Lstm([LinearOffsets; 2]),
}

/// Places of a block's layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BlockOffsets {
    qkv: [LinearOffsets; 3],
    output: LinearOffsets,
    ffn: [LinearOffsets; 2],
    norm1_ctx: NormOffsets,
    norm1_val: NormOffsets,
    norm2_ctx: NormOffsets,
}

impl EncoderOffsets {
    /// Lays the parameters in the order PyTorch lists them; `concept`: whether the model reads the skill asked next.
    pub(super) fn new(b: &mut Builder, config: &ModelConfig, concept: bool) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        let sizes = |context, value, concept, position| EmbeddingTables {
            context,
            value,
            concept,
            position,
            skills: c,
            positions: config.seq_len,
            width: d,
            items: None,
        };
        match config.encoder {
            EncoderKind::Attention => {
                let context = b.table("context_embedding", 2 * c, d);
                let value = Some(b.table("value_embedding", 2 * c, d));
                let concept = concept.then(|| b.table("concept_embedding", c, d));
                let tables = sizes(context, value, concept, Some(b.table("pos_embedding", config.seq_len, d)));
                let blocks = (0..config.num_encoder_blocks).map(|i| BlockOffsets::new(b, i, config)).collect();
                Self { tables, layers: LayerOffsets::Attention(blocks) }
            }
            EncoderKind::Lstm => {
                assert!(!concept, "only models that do not read the skill asked next have an LSTM");
                let context = b.add("context_embedding.weight", &[2 * c, d], Start::Normal(0.5));
                let start = Start::Uniform(1.0 / (d as f64).sqrt());
                let mut add = |name: &str, shape: &[usize]| b.add(&format!("lstm.{name}_l0"), shape, start);
                let weights = [add("weight_ih", &[4 * d, d]), add("weight_hh", &[4 * d, d])];
                let biases = [add("bias_ih", &[4 * d]), add("bias_hh", &[4 * d])];
                let layer = |i: usize| LinearOffsets { weight: weights[i], bias: biases[i], inputs: d, outputs: 4 * d };
                Self { tables: sizes(context, None, None, None), layers: LayerOffsets::Lstm([layer(0), layer(1)]) }
            }
        }
    }
}

impl BlockOffsets {
    fn new(b: &mut Builder, i: usize, config: &ModelConfig) -> Self {
        let (d, d_ff) = (config.d_model, config.d_ff);
        let name = |part: &str| format!("encoder_blocks.{i}.{part}");
        Self {
            qkv: ["query", "key", "value"].map(|p| b.linear(&name(&format!("attn.{p}_proj")), d, d)),
            output: b.linear(&name("attn.output_proj"), d, d),
            ffn: [b.linear(&name("ffn.0"), d, d_ff), b.linear(&name("ffn.3"), d_ff, d)],
            norm1_ctx: b.norm(&name("norm1_ctx"), d),
            norm1_val: b.norm(&name("norm1_val"), d),
            norm2_ctx: b.norm(&name("norm2_ctx"), d),
        }
    }
}

/// Dropout of a block's three places.
struct BlockDropout {
    attention: Dropout,
    hidden: Dropout,
    output: Dropout,
}

impl BlockDropout {
    fn off() -> Self {
        Self { attention: Dropout::OFF, hidden: Dropout::OFF, output: Dropout::OFF }
    }

    /// The next block's places, in the order a forward pass meets them.
    fn next(sites: &mut DropoutSites) -> Self {
        Self { attention: sites.site(), hidden: sites.site(), output: sites.site() }
    }
}

/// Where dropout's places stand after an encoder that began at `sites`.
pub(super) fn sites_after(config: &ModelConfig, mut sites: DropoutSites) -> DropoutSites {
    match config.encoder {
        EncoderKind::Attention => (0..config.num_encoder_blocks).for_each(|_| {
            BlockDropout::next(&mut sites);
        }),
        EncoderKind::Lstm => {
            sites.site();
        }
    }
    sites
}

/// Sizes of the attention layers.
fn attention_sizes(config: &ModelConfig) -> AttentionSizes {
    AttentionSizes { heads: config.n_heads, width: config.d_model / config.n_heads }
}

/// Runs the encoder; the streams lie in `work`.
pub(super) fn forward<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &EncoderOffsets,
    config: &ModelConfig,
    work: &mut EncoderWork<K::Floats>,
    sites: &mut DropoutSites,
) {
    let heads = attention_sizes(config);
    k.embed(p, batch, at.tables, &mut work.ctx, &mut work.val, &mut work.next);
    let blocks = match &at.layers {
        LayerOffsets::Attention(blocks) => blocks,
        LayerOffsets::Lstm([input, recurrent]) => {
            let lstm = work.lstm.as_mut().expect("room was made for the encoder that the config names");
            let rows = Input::Rows(&work.ctx);
            k.linear(p, batch, rows, &[*input], Activation::None, Dropout::OFF, &mut lstm.gates);
            k.lstm(p, batch, *recurrent, sites.site(), lstm);
            return;
        }
    };
    in_turns(work, blocks, |_, at, streams, block| {
        k.linear(p, batch, streams.input(), &at.qkv, Activation::None, Dropout::OFF, &mut block.qkv);
        k.attention(batch, heads, &block.qkv, &mut block.attended, &mut block.lse);
        after_attention(k, p, batch, at, heads, streams, block, &BlockDropout::next(sites));
    });
}

/// Runs the encoder on single rows that follow rows of another batch; `history` is what a pass over that batch, with every
/// block's results kept, left of its `history_rows` rows.
#[allow(clippy::too_many_arguments)]
pub(super) fn forward_after<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &EncoderOffsets,
    config: &ModelConfig,
    history: &EncoderWork<K::Floats>,
    history_rows: usize,
    work: &mut EncoderWork<K::Floats>,
) {
    k.embed(p, batch, at.tables, &mut work.ctx, &mut work.val, &mut work.next);
    match &at.layers {
        LayerOffsets::Attention(blocks) => {
            assert_eq!(history.blocks.len(), blocks.len(), "every block's results were kept");
            let heads = attention_sizes(config);
            in_turns(work, blocks, |b, at, streams, block| {
                k.linear(p, batch, streams.input(), &at.qkv, Activation::None, Dropout::OFF, &mut block.qkv);
                let history = &history.blocks[b].qkv;
                k.attention_after(batch, heads, history, history_rows, &block.qkv, &mut block.attended);
                after_attention(k, p, batch, at, heads, streams, block, &BlockDropout::off());
            });
        }
        LayerOffsets::Lstm([input, recurrent]) => {
            let lstm = work.lstm.as_mut().expect("room was made for the encoder that the config names");
            let rows = Input::Rows(&work.ctx);
            k.linear(p, batch, rows, &[*input], Activation::None, Dropout::OFF, &mut lstm.gates);
            let history = history.lstm.as_ref().expect("the other batch was read by the same encoder");
            k.lstm_after(p, batch, *recurrent, history, lstm);
        }
    }
}

/// Takes the blocks one after another: number, places, the streams it reads, and where its results go.
fn in_turns<F>(
    work: &mut EncoderWork<F>,
    blocks: &[BlockOffsets],
    mut each: impl FnMut(usize, &BlockOffsets, Streams<'_, F>, &mut BlockWork<F>),
) {
    let turns = work.blocks.len();
    for (b, at) in blocks.iter().enumerate() {
        // The block before lies in another place: at the end of `before` or at the start of `after`.
        let (before, rest) = work.blocks.split_at_mut(b % turns);
        let (block, after) = rest.split_first_mut().expect("there are as many places as blocks, or two");
        let previous = if b == 0 { None } else { before.last().or(after.last()) };
        let (ctx, val) = previous.map_or((&work.ctx, &work.val), |p| (&p.ctx, &p.val));
        each(b, at, Streams { ctx, val }, block);
    }
}

/// Context and value stream that a block reads.
#[derive(Debug)]
struct Streams<'a, F> {
    ctx: &'a F,
    val: &'a F,
}

impl<'a, F> Streams<'a, F> {
    fn input(&self) -> Input<'a, F> {
        Input::Streams(self.ctx, self.val)
    }
}

/// Gradients of the encoder's parameters from those of its streams in `back`; `sites` stands where the encoder began
/// its forward pass.
#[allow(clippy::too_many_arguments)]
pub(super) fn backward<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &EncoderOffsets,
    config: &ModelConfig,
    work: &EncoderWork<K::Floats>,
    back: &mut StreamGrads<K::Floats>,
    grads: &mut K::Floats,
    mut sites: DropoutSites,
) {
    match &at.layers {
        LayerOffsets::Attention(blocks) => {
            let dropouts: Vec<BlockDropout> = blocks.iter().map(|_| BlockDropout::next(&mut sites)).collect();
            for (b, (at, dropout)) in blocks.iter().zip(&dropouts).enumerate().rev() {
                let previous = b.checked_sub(1).map(|i| &work.blocks[i]);
                let streams = previous.map_or([&work.ctx, &work.val], |p| [&p.ctx, &p.val]);
                let block = &work.blocks[b];
                block_backward(k, p, batch, at, attention_sizes(config), streams, block, dropout, back, grads);
            }
        }
        LayerOffsets::Lstm([input, recurrent]) => {
            let lstm = work.lstm.as_ref().expect("a forward pass came before");
            let StreamGrads { d_ctx, d_val, d_gates, .. } = back;
            k.lstm_grad(p, batch, *recurrent, sites.site(), d_val, lstm, d_gates);
            k.linear_weight_grad(batch, d_gates, Input::Rows(&lstm.before), &[*recurrent], grads);
            k.linear_weight_grad(batch, d_gates, Input::Rows(&work.ctx), &[*input], grads);
            k.linear_input_grad(p, batch, d_gates, &[*input], InputGrad::Rows(d_ctx));
        }
    }
    let StreamGrads { d_ctx, d_val, d_next, shift_by_row, .. } = back;
    k.embed_grad(p, batch, at.tables, d_ctx, d_val, d_next, shift_by_row, grads);
}

/// What follows attention in a block.
#[allow(clippy::too_many_arguments)]
fn after_attention<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &BlockOffsets,
    heads: AttentionSizes,
    Streams { ctx, val }: Streams<'_, K::Floats>,
    w: &mut BlockWork<K::Floats>,
    dropout: &BlockDropout,
) {
    let width = heads.heads * heads.width;
    let plain = Activation::None;
    // One draw serves both streams (MODEL §2).
    k.linear(p, batch, Input::Rows(&w.attended), &[at.output], plain, dropout.attention, &mut w.a);
    let streams = &mut [
        NormStream { x: ctx, at: at.norm1_ctx, out: &mut w.x },
        NormStream { x: val, at: at.norm1_val, out: &mut w.val },
    ];
    k.residual_norm(p, batch, width, &w.a, streams, &mut w.stats1);
    k.linear(p, batch, Input::Rows(&w.x), &[at.ffn[0]], Activation::Relu, dropout.hidden, &mut w.hidden);
    k.linear(p, batch, Input::Rows(&w.hidden), &[at.ffn[1]], plain, dropout.output, &mut w.f);
    let stream = &mut [NormStream { x: &w.x, at: at.norm2_ctx, out: &mut w.ctx }];
    k.residual_norm(p, batch, width, &w.f, stream, &mut w.stats2);
}

#[allow(clippy::too_many_arguments)]
fn block_backward<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &BlockOffsets,
    heads: AttentionSizes,
    [ctx, val]: [&K::Floats; 2],
    w: &BlockWork<K::Floats>,
    dropout: &BlockDropout,
    back: &mut StreamGrads<K::Floats>,
    grads: &mut K::Floats,
) {
    let width = heads.heads * heads.width;
    let StreamGrads { d_ctx, d_val, d_a, d_hidden, d_attended, delta, d_qkv, .. } = back;
    let one = |at: LinearOffsets| [at];
    let stream = &mut [NormStreamGrad { x: &w.x, at: at.norm2_ctx, grad: &mut *d_ctx }];
    k.residual_norm_grad(p, batch, width, &w.f, stream, &w.stats2, dropout.output, d_a, grads);
    k.linear_weight_grad(batch, d_a, Input::Rows(&w.hidden), &one(at.ffn[1]), grads);
    let through = InputGrad::Through { grad: &mut *d_hidden, output: &w.hidden, scale: dropout.hidden.scale() };
    k.linear_input_grad(p, batch, d_a, &one(at.ffn[1]), through);
    k.linear_weight_grad(batch, d_hidden, Input::Rows(&w.x), &one(at.ffn[0]), grads);
    k.linear_input_grad(p, batch, d_hidden, &one(at.ffn[0]), InputGrad::Add(d_ctx));
    let streams = &mut [
        NormStreamGrad { x: ctx, at: at.norm1_ctx, grad: &mut *d_ctx },
        NormStreamGrad { x: val, at: at.norm1_val, grad: &mut *d_val },
    ];
    k.residual_norm_grad(p, batch, width, &w.a, streams, &w.stats1, dropout.attention, d_a, grads);
    k.linear_weight_grad(batch, d_a, Input::Rows(&w.attended), &one(at.output), grads);
    k.linear_input_grad(p, batch, d_a, &one(at.output), InputGrad::Rows(d_attended));
    k.attention_grad(batch, heads, &w.qkv, &w.attended, &w.lse, d_attended, delta, d_qkv);
    k.linear_weight_grad(batch, d_qkv, Input::Streams(ctx, val), &at.qkv, grads);
    k.linear_input_grad(p, batch, d_qkv, &at.qkv, InputGrad::AddStreams(d_ctx, d_val));
}
