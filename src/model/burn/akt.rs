//! Attentive Knowledge Tracing (Ghosh, Heffernan and Lan, KDD 2020, arXiv:2007.12324), with its Rasch part where the data have
//! items ([`super::rasch`]); elsewhere exercises are their skills.
//!
//! Exercises x = E\[q\] + μ·D\[q\] and answers y = E\[q\] + R\[r\] + μ·(D\[q\] + F\[r\]) are read by blocks of monotonic attention, whose scores fall with what
//! has been attended to in between: s\[t, τ\] = exp(−θ·d(t, τ))·q\[t\]·k\[τ\]/√D_h, d = √(|t − τ|·Σ of the plain shares after τ),
//! θ = softplus(γ) for each head, exp(…) within 10⁻⁵ and 10⁵, and d is not differentiated. First N blocks let answers look at
//! answers up to themselves; then, N times, exercises look at exercises up to themselves, and at the answers before them.
//! The logit comes from an MLP of the last x and the first. Layers as in pykt: queries and keys share a projection.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, Linear};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, activation};

use super::attention::{AnswerHead, FeedForward, joined, linear, norm, scores, shares, split};
use super::network::{Dropouts, TensorModel};
use super::parameters::xavier;
use super::rasch::Rasch;
use super::windows::{Asked, Windows};
use crate::model::ModelConfig;
use crate::model::parameters::Start;

/// What a query may look at, and how far away it is.
#[derive(Debug, Clone)]
struct Visible {
    /// Keys that are hidden, `[W or 1, Q, K]`.
    hidden: Tensor<3, Bool>,
    /// |t − τ|, `[W or 1, Q, K]`.
    distance: Tensor<3>,
}

/// A block of monotonic attention.
#[derive(Module, Debug)]
struct Block {
    query_key: Linear,
    value: Linear,
    output: Linear,
    /// γ of each head.
    gamma: Param<Tensor<1>>,
    norm1: LayerNorm,
    /// Where the block has a feed-forward layer: it, and its norm.
    ffn: Option<FeedForward>,
    norm2: Option<LayerNorm>,
    #[module(skip)]
    heads: usize,
}

impl Block {
    fn new(config: &ModelConfig, ffn: bool, device: &Device) -> Self {
        let d = config.d_model;
        let square = || linear(d, d, device);
        Self {
            query_key: square(),
            value: square(),
            output: square(),
            gamma: Param::from_tensor(Tensor::zeros([config.n_heads], device)),
            norm1: norm(d, device),
            ffn: ffn.then(|| FeedForward::new(d, config.d_ff, device)),
            norm2: ffn.then(|| norm(d, device)),
            heads: config.n_heads,
        }
    }

    /// The queries `[W, Q, D]` after they looked at keys and values `[W, K, D]`.
    fn forward(&self, [query, key, value]: [Tensor<3>; 3], visible: &Visible, dropout: &mut Dropouts) -> Tensor<3> {
        let scores = scores(self.query_key.forward(query.clone()), self.query_key.forward(key), self.heads);
        let faded = scores.clone() * self.fading(scores, visible);
        let shares = dropout.apply(shares(faded, visible.hidden.clone()));
        let seen = self.output.forward(joined(shares.matmul(split(self.value.forward(value), self.heads))));
        let x = self.norm1.forward(query + dropout.apply(seen));
        match (&self.ffn, &self.norm2) {
            (Some(ffn), Some(norm)) => {
                let f = ffn.forward(x.clone(), dropout);
                norm.forward(x + dropout.apply(f))
            }
            _ => x,
        }
    }

    /// exp(−θ·d(t, τ)), `[W, H, Q, K]`.
    fn fading(&self, scores: Tensor<4>, visible: &Visible) -> Tensor<4> {
        let plain = shares(scores.detach(), visible.hidden.clone());
        // What was attended to after τ: all shares less those up to τ.
        let after = plain.clone().sum_dim(3) - plain.cumsum(3);
        let distance = (after * visible.distance.clone().unsqueeze_dim::<4>(1)).clamp_min(0.0).sqrt().detach();
        let theta = activation::softplus(self.gamma.val(), 1.0).reshape([1, self.heads, 1, 1]);
        (distance * theta.neg()).exp().clamp(1e-5, 1e5)
    }
}

/// AKT's layers; C skills, D features.
#[derive(Module, Debug)]
pub struct Akt {
    exercise: Embedding,
    response: Embedding,
    rasch: Option<Rasch>,
    /// Answers look at answers.
    of_answers: Vec<Block>,
    /// Exercises look at exercises, then at answers.
    of_exercises: Vec<(Block, Block)>,
    head: AnswerHead,
}

/// Queries at positions 0 to `queries` look at keys up to so many positions before (0: up to themselves).
fn visible(windows: &Windows, queries: usize, keys: usize, before: usize) -> Visible {
    let distance = (0..queries).flat_map(|q| (0..keys).map(move |k| q.abs_diff(k) as f32)).collect::<Vec<f32>>();
    Visible {
        hidden: windows.hidden(queries, keys, 1 - before).unsqueeze_dim(0),
        distance: Tensor::from_data(TensorData::new(distance, [1, queries, keys]), &windows.device),
    }
}

impl Akt {
    /// Vectors of exercises with these skills and items, `[W, T, D]`.
    fn exercises(&self, skill: &Tensor<2, Int>, item: &Tensor<2, Int>) -> Tensor<3> {
        let plain = self.exercise.forward(skill.clone());
        match &self.rasch {
            Some(rasch) => plain + rasch.of_exercises(skill, item),
            None => plain,
        }
    }

    /// Answers `[W, T, D]` after they looked at one another.
    fn answers(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<3> {
        let mut y = self.exercise.forward(windows.skill.clone()) + self.response.forward(windows.response.clone());
        if let Some(rasch) = &self.rasch {
            y = y + rasch.of_answers(windows);
        }
        let own = visible(windows, windows.length, windows.length, 0);
        for block in &self.of_answers {
            y = block.forward([y.clone(), y.clone(), y], &own, dropout);
        }
        y
    }
}

impl TensorModel for Akt {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let (d, blocks) = (config.d_model, config.num_encoder_blocks);
        Self {
            exercise: EmbeddingConfig::new(config.num_c, d).init(device),
            response: EmbeddingConfig::new(2, d).init(device),
            rasch: Rasch::new(config, true, device),
            of_answers: (0..blocks).map(|_| Block::new(config, true, device)).collect(),
            of_exercises: (0..blocks)
                .map(|_| (Block::new(config, false, device), Block::new(config, true, device)))
                .collect(),
            head: AnswerHead::new(d, config.d_ff, device),
        }
    }

    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2> {
        let t = windows.length;
        let embedded = self.exercises(&windows.skills(), &windows.items());
        let y = self.answers(windows, dropout);
        let (own, before) = (visible(windows, t + 1, t + 1, 0), visible(windows, t + 1, t, 1));
        let mut x = embedded.clone();
        for (exercises, answers) in &self.of_exercises {
            x = exercises.forward([x.clone(), x.clone(), x], &own, dropout);
            let keys = x.clone().narrow(1, 0, t);
            x = answers.forward([x, keys, y.clone()], &before, dropout);
        }
        self.head.forward(x.narrow(1, 1, t), embedded.narrow(1, 1, t), dropout)
    }

    fn asked(&self, windows: &Windows, asked: &Asked) -> Option<Tensor<2>> {
        let (t, [w, k]) = (windows.length, asked.skill.dims());
        let off = &mut Dropouts::off();
        let mut x = self.exercises(&windows.skill, &windows.item);
        let y = self.answers(windows, off);
        let embedded = self.exercises(&asked.skill, &asked.item);
        let mut query = embedded.clone();
        let (own, before) = (visible(windows, t, t, 0), visible(windows, t, t, 1));
        // A question stands one position after the row it follows, and sees itself besides.
        let keys = Tensor::<1, Int>::arange(0..t as i64, &windows.device).float().reshape([1, 1, t]);
        let distance = (asked.after.clone().float().unsqueeze_dim::<3>(2) + 1.0 - keys).abs();
        let others: Vec<bool> = (0..k).flat_map(|a| (0..k).map(move |b| a != b)).collect();
        let others =
            Tensor::<3, Bool>::from_data(TensorData::new(others, [1, k, k]), &windows.device).expand([w, k, k]);
        let with_itself = Visible {
            hidden: Tensor::cat(vec![asked.later.clone(), others], 2),
            distance: Tensor::cat(vec![distance.clone(), Tensor::zeros([w, k, k], &windows.device)], 2),
        };
        let at_answers = Visible { hidden: asked.later.clone(), distance };
        for (exercises, answers) in &self.of_exercises {
            let all = Tensor::cat(vec![x.clone(), query.clone()], 1);
            query = exercises.forward([query, all.clone(), all], &with_itself, off);
            x = exercises.forward([x.clone(), x.clone(), x], &own, off);
            query = answers.forward([query, x.clone(), y.clone()], &at_answers, off);
            x = answers.forward([x.clone(), x, y.clone()], &before, off);
        }
        Some(self.head.forward(query, embedded, off))
    }

    fn next_and_penalty(&self, windows: &Windows, dropout: &mut Dropouts) -> (Tensor<2>, Option<Tensor<1>>) {
        (self.next(windows, dropout), self.rasch.as_ref().map(|rasch| rasch.penalty(windows)))
    }

    fn start(name: &str, shape: &[usize]) -> Option<Start> {
        if let Some(start) = Rasch::start(name) {
            return Some(start);
        }
        // As pykt starts its attention.
        match name.rsplit_once('.') {
            Some((_, "gamma")) if !name.contains("norm") => {
                Some(Start::Uniform((6.0 / (1.0 + shape[0] as f64)).sqrt()))
            }
            Some((layer, "weight")) if layer.ends_with("query_key") || layer.ends_with(".value") => Some(xavier(shape)),
            Some((layer, "bias")) if !layer.starts_with("head") && !layer.contains("ffn") => Some(Start::Constant(0.0)),
            _ => None,
        }
    }
}
