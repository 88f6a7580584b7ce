//! Attention of several heads within windows, as the models on tensors share it.

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Bool, Device, Tensor, activation};

use super::network::Dropouts;

/// Score of a row that must not be looked at: its share is 0.
const HIDDEN: f32 = -1e30;

/// `[W, R, D]` as `[W, H, R, D/H]`.
pub(super) fn split(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [w, r, d] = x.dims();
    x.reshape([w, r, heads, d / heads]).swap_dims(1, 2)
}

/// `[W, H, R, D/H]` as `[W, R, D]`.
pub(super) fn joined(x: Tensor<4>) -> Tensor<3> {
    let [w, h, r, d] = x.dims();
    x.swap_dims(1, 2).reshape([w, r, h * d])
}

/// q·k / √(D/H) of every pair of rows, `[W, H, Q, K]`.
pub(super) fn scores(q: Tensor<3>, k: Tensor<3>, heads: usize) -> Tensor<4> {
    let q = split(q, heads);
    let width = q.dims()[3] as f32;
    q.matmul(split(k, heads).transpose()) / width.sqrt()
}

/// Softmax over the keys that are not hidden, `[W, H, Q, K]`; a query that sees none gets zeros. `hidden` is `[W or 1, Q, K]`.
pub(super) fn shares(scores: Tensor<4>, hidden: Tensor<3, Bool>) -> Tensor<4> {
    let hidden = hidden.unsqueeze_dim::<4>(1).expand(scores.dims());
    let shares = activation::softmax(scores.mask_fill(hidden.clone(), HIDDEN), 3);
    shares.mask_fill(hidden, 0.0)
}

/// Attention with projections of queries, keys and values and of what comes out.
#[derive(Module, Debug)]
pub struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    #[module(skip)]
    heads: usize,
}

impl Attention {
    /// Layers of width D.
    pub fn new(width: usize, heads: usize, device: &Device) -> Self {
        let square = || linear(width, width, device);
        Self { query: square(), key: square(), value: square(), output: square(), heads }
    }

    /// What the queries `[W, Q, D]` see in keys and values `[W, K, D]`.
    pub fn forward(
        &self,
        [query, key, value]: [Tensor<3>; 3],
        hidden: Tensor<3, Bool>,
        dropout: &mut Dropouts,
    ) -> Tensor<3> {
        let scores = scores(self.query.forward(query), self.key.forward(key), self.heads);
        let shares = dropout.apply(shares(scores, hidden));
        self.output.forward(joined(shares.matmul(split(self.value.forward(value), self.heads))))
    }
}

/// W2·dropout(relu(W1·x)).
#[derive(Module, Debug)]
pub struct FeedForward {
    inner: Linear,
    outer: Linear,
}

impl FeedForward {
    /// From and to width D, through `inner` features.
    pub fn new(width: usize, inner: usize, device: &Device) -> Self {
        Self { inner: linear(width, inner, device), outer: linear(inner, width, device) }
    }

    /// `[W, R, D]` to the same.
    pub fn forward(&self, x: Tensor<3>, dropout: &mut Dropouts) -> Tensor<3> {
        self.outer.forward(dropout.apply(activation::relu(self.inner.forward(x))))
    }
}

/// The head of AKT and simpleKT: what a position knows, beside the exercise asked, through two hidden layers to a logit.
#[derive(Module, Debug)]
pub struct AnswerHead {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl AnswerHead {
    /// For two inputs of width D.
    pub fn new(width: usize, inner: usize, device: &Device) -> Self {
        let hidden = (inner / 2).max(1);
        Self {
            first: linear(2 * width, inner, device),
            second: linear(inner, hidden, device),
            last: linear(hidden, 1, device),
        }
    }

    /// Logits `[W, R]`.
    pub fn forward(&self, known: Tensor<3>, exercise: Tensor<3>, dropout: &mut Dropouts) -> Tensor<2> {
        let x = Tensor::cat(vec![known, exercise], 2);
        let x = dropout.apply(activation::relu(self.first.forward(x)));
        let x = dropout.apply(activation::relu(self.second.forward(x)));
        self.last.forward(x).squeeze_dim(2)
    }
}

/// A linear layer.
pub(super) fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs).init(device)
}

/// A layer norm over D features.
pub(super) fn norm(width: usize, device: &Device) -> LayerNorm {
    LayerNormConfig::new(width).init(device)
}
