//! The operations GainAKT2Exp is made of, on ragged rows: one trait, a device of Rust loops (`cpu`) and one of
//! WGSL kernels (`gpu` with `shaders/`).
//!
//! Parameters are one flat array and so are their gradients: a layer is a place in it ([`LinearAt`], [`NormAt`],
//! [`EmbeddingTables`]). Every kernel writes each element of its outputs exactly once (or says that it adds), in a fixed
//! order, so two runs on one device give the same bytes. Gradients are written by hand.

pub mod cpu;
mod device_stats;
mod dropout;
pub mod gpu;
mod losses;
mod prepared_batch;

use crate::error::Result;

pub use device_stats::DeviceStats;
pub use dropout::Dropout;
pub(crate) use losses::FACTORS;
pub use losses::{LossBuffers, LossSettings, RowStat, TERMS};
pub use prepared_batch::{Group, GroupKind, LossTargets, Occurrences, PreparedBatch};

/// Mastery moves by this share of a gain (SPEC §2).
pub const GAIN_SCALE: f32 = 0.1;

/// Layer normalisation's epsilon (SPEC §2).
pub const NORM_EPS: f32 = 1e-5;

/// A linear layer y = x·Wᵀ + b: where its weight `[outputs, inputs]` and bias lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearAt {
    /// First element of the weight.
    pub weight: usize,
    /// First element of the bias.
    pub bias: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
}

/// A layer normalisation: where its weight and bias `[D]` lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NormAt {
    /// First element of the weight.
    pub weight: usize,
    /// First element of the bias.
    pub bias: usize,
}

/// The embedding tables: where they lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingTables {
    /// E_ctx `[2C, D]`.
    pub context: usize,
    /// E_val `[2C, D]`.
    pub value: usize,
    /// E_concept `[C, D]`.
    pub concept: usize,
    /// P `[positions, D]`.
    pub position: usize,
    /// Skills, C.
    pub skills: usize,
    /// Positions there are.
    pub positions: usize,
    /// Vector length, D.
    pub width: usize,
}

/// What follows a linear layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Nothing.
    None,
    /// max(x, 0).
    Relu,
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
}

/// What linear layers read; N rows, W windows, D features.
#[derive(Debug)]
pub enum Input<'a, F> {
    /// `[N, D]`, read by every layer.
    Rows(&'a F),
    /// `[N, D]`, of which only the first row of each window is read: the output has W rows.
    FirstRows(&'a F),
    /// Context and value stream: layers 0 and 1 (queries, keys) read the first, layer 2 (values) the second.
    Streams(&'a F, &'a F),
    /// Three `[N, D]` side by side as one row of 3·D.
    Joined([&'a F; 3]),
}

/// Where the gradient of a linear layer's input goes.
#[derive(Debug)]
pub enum InputGrad<'a, F> {
    /// Replaces `[N, D]`.
    Rows(&'a mut F),
    /// Replaces `[N, D]` and passes only where `output` is above 0, times `scale`: back through ReLU and dropout.
    Through {
        /// The gradient.
        grad: &'a mut F,
        /// What went forward, after ReLU and dropout.
        output: &'a F,
        /// Dropout's scale.
        scale: f32,
    },
    /// Adds to `[N, D]`.
    Add(&'a mut F),
    /// Adds to the first row of each window in `[N, D]`.
    AddFirstRows(&'a mut F),
    /// Layers 0 and 1 add to the first, layer 2 to the second.
    AddStreams(&'a mut F, &'a mut F),
    /// Replaces the three parts of a row.
    Joined([&'a mut F; 3]),
}

/// One stream of a residual layer normalisation.
#[derive(Debug)]
pub struct NormStream<'a, F> {
    /// x `[N, D]`.
    pub x: &'a F,
    /// Weight and bias.
    pub at: NormAt,
    /// LayerNorm(x + a) `[N, D]`.
    pub out: &'a mut F,
}

/// One stream of a residual layer normalisation on the way back.
#[derive(Debug)]
pub struct NormStreamGrad<'a, F> {
    /// x `[N, D]`.
    pub x: &'a F,
    /// Weight and bias.
    pub at: NormAt,
    /// In: gradient of the output. Out: gradient of x + a. `[N, D]`.
    pub grad: &'a mut F,
}

/// Sizes of an attention layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionSizes {
    /// Number of heads, H.
    pub heads: usize,
    /// Features of a head, D/H.
    pub width: usize,
}

/// Settings of one Adam step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// Learning rate.
    pub lr: f32,
    /// L2 factor added to the gradient.
    pub weight_decay: f32,
    /// Largest global norm of the gradient; 0: no clipping.
    pub clip: f32,
    /// Steps taken including this one, from 1.
    pub step: u32,
    /// Only the first so many parameters move.
    pub count: usize,
}

impl AdamStep {
    /// Decay of the first moment.
    pub(crate) const BETA1: f32 = 0.9;
    /// Decay of the second moment.
    pub(crate) const BETA2: f32 = 0.999;
    /// Added to the root of the second moment.
    pub(crate) const EPS: f32 = 1e-8;
    /// Added to the norm clipping divides by, as PyTorch does.
    pub(crate) const NORM_EPS: f32 = 1e-6;

    /// lr / (1 − β₁ᵗ).
    fn step_size(self) -> f32 {
        (f64::from(self.lr) / (1.0 - 0.9f64.powi(self.step as i32))) as f32
    }

    /// 1 / √(1 − β₂ᵗ).
    fn second_scale(self) -> f32 {
        (1.0 / (1.0 - 0.999f64.powi(self.step as i32)).sqrt()) as f32
    }
}

/// A device that runs the operations. N rows, W windows, D features, C skills, H heads.
///
/// Work is queued: only [`Self::read`] waits. Shapes are row-major; arrays may be longer than what is used.
#[allow(clippy::too_many_arguments)]
pub trait Kernels {
    /// An array of 32-bit floats on the device.
    type Floats: std::fmt::Debug;
    /// A ragged batch on the device.
    type Batch: std::fmt::Debug;

    /// An array of `len` floats of any value.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn floats(&mut self, len: usize) -> Result<Self::Floats>;

    /// Makes `x` at least `len` long; its values are lost where it grows.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn reserve(&mut self, x: &mut Self::Floats, len: usize) -> Result<()>;

    /// Puts `values` at the start of `x`.
    fn write(&mut self, x: &mut Self::Floats, values: &[f32]);

    /// Values `from..from + len` of `x`.
    ///
    /// # Errors
    /// The device fails, now or since the last read.
    fn read(&mut self, x: &Self::Floats, from: usize, len: usize) -> impl Future<Output = Result<Vec<f32>>>;

    /// Copies `len` values of `from`, from element `first` on, to `to[at..]`.
    fn copy(&mut self, from: &Self::Floats, first: usize, to: &mut Self::Floats, at: usize, len: usize);

    /// Hands queued work to the device.
    fn submit(&mut self);

    /// Where time and dispatches are counted.
    fn stats(&mut self) -> &mut DeviceStats;

    /// Puts a batch on the device; `old` may be reused.
    ///
    /// # Errors
    /// The device does not offer arrays of this size.
    fn batch(&mut self, plan: PreparedBatch, old: Option<Self::Batch>) -> Result<Self::Batch>;

    /// ctx = E_ctx\[token\] + P\[t\], val = E_val\[token\] + P\[t\], next = E_concept\[q_next\] (SPEC §2), each `[N, D]`.
    fn embed(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        at: EmbeddingTables,
        ctx: &mut Self::Floats,
        val: &mut Self::Floats,
        next: &mut Self::Floats,
    );

    /// Gradients of all four tables, from those of [`Self::embed`]'s outputs.
    fn embed_grad(
        &mut self,
        batch: &Self::Batch,
        at: EmbeddingTables,
        d_ctx: &Self::Floats,
        d_val: &Self::Floats,
        d_next: &Self::Floats,
        grads: &mut Self::Floats,
    );

    /// dropout(activation(x·Wᵀ + b)) of each layer, `[layers, rows, outputs]`.
    fn linear(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        input: Input<'_, Self::Floats>,
        layers: &[LinearAt],
        activation: Activation,
        dropout: Dropout,
        out: &mut Self::Floats,
    );

    /// Gradient of the layers' input, from that of x·Wᵀ + b.
    fn linear_input_grad(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        d_out: &Self::Floats,
        layers: &[LinearAt],
        to: InputGrad<'_, Self::Floats>,
    );

    /// Gradients of the layers' weights and biases, from that of x·Wᵀ + b.
    fn linear_weight_grad(
        &mut self,
        batch: &Self::Batch,
        d_out: &Self::Floats,
        input: Input<'_, Self::Floats>,
        layers: &[LinearAt],
        grads: &mut Self::Floats,
    );

    /// Causal attention within windows (SPEC §2): softmax(QKᵀ/√(D/H))·V over steps ≤ t, from q, k, v `[3, N, D]`.
    /// Leaves the output `[N, D]` and the log-sum-exp of each row's scores `[N, H]`; scores are not stored.
    fn attention(
        &mut self,
        batch: &Self::Batch,
        heads: AttentionSizes,
        qkv: &Self::Floats,
        out: &mut Self::Floats,
        lse: &mut Self::Floats,
    );

    /// Gradients of q, k and v `[3, N, D]`; `delta` `[N, H]` is scratch.
    fn attention_grad(
        &mut self,
        batch: &Self::Batch,
        heads: AttentionSizes,
        qkv: &Self::Floats,
        out: &Self::Floats,
        lse: &Self::Floats,
        d_out: &Self::Floats,
        delta: &mut Self::Floats,
        d_qkv: &mut Self::Floats,
    );

    /// LayerNorm(x + a) of one or two streams that share `a` `[N, D]`; leaves (mean, 1/σ) in `stats` `[streams, N, 2]`.
    fn residual_norm(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        width: usize,
        a: &Self::Floats,
        streams: &mut [NormStream<'_, Self::Floats>],
        stats: &mut Self::Floats,
    );

    /// Gradients of the weights and biases, of x + a (in place), and of what `a` was before `dropout`.
    fn residual_norm_grad(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        width: usize,
        a: &Self::Floats,
        streams: &mut [NormStreamGrad<'_, Self::Floats>],
        stats: &Self::Floats,
        dropout: Dropout,
        d_a: &mut Self::Floats,
        grads: &mut Self::Floats,
    );

    /// Mastery over time (SPEC §2) `[N, C]`: M\[0\] = `initial` `[W, C]`, M\[t\] = clamp(M\[t−1\] + 0.1·G\[t\], 0, 1).
    fn scan(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        initial: &Self::Floats,
        gains: &Self::Floats,
        mastery: &mut Self::Floats,
    );

    /// What losses and metrics read of each row: the columns of [`RowStat`] in `stats`, each `[N]`, and the gradient
    /// of the mean cross-entropy by the logit. Without `heads` (mastery, gains) only the logit's columns are written.
    fn row_stats(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        heads: Option<(&Self::Floats, &Self::Floats)>,
        logits: &Self::Floats,
        stats: &mut Self::Floats,
        d_logits: &mut Self::Floats,
    );

    /// The loss terms of SPEC §3 from the rows' statistics `[15, N]`: [`TERMS`] in `buffers.terms`, and what
    /// [`Self::scan_grad`] needs.
    fn losses(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        settings: &LossSettings,
        stats: &Self::Floats,
        buffers: &mut LossBuffers<Self::Floats>,
    );

    /// Gradients of the total loss by x·Wᵀ + b of the gain head `[N, C]` and of the mastery head `[W, C]`, back
    /// through the loss terms, the scan (nothing passes the ceiling), ReLU and sigmoid.
    fn scan_grad(
        &mut self,
        batch: &Self::Batch,
        skills: usize,
        mastery: &Self::Floats,
        gains: &Self::Floats,
        losses: &LossBuffers<Self::Floats>,
        d_gains: &mut Self::Floats,
        d_initial: &mut Self::Floats,
    );

    /// One step of Adam with L2 added to the gradient and global-norm clipping, as `torch.optim.Adam` and
    /// `clip_grad_norm_` do it. `moments` is first and second moment of all `total` parameters, `[2, total]`;
    /// `norm` `[1 + 256]` gets the norm before clipping, and is scratch.
    fn adam(
        &mut self,
        params: &mut Self::Floats,
        grads: &Self::Floats,
        moments: &mut Self::Floats,
        total: usize,
        step: AdamStep,
        norm: &mut Self::Floats,
    );
}
