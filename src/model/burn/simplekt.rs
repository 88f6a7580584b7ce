//! simpleKT (Liu et al., ICLR 2023, arXiv:2302.06881), with its Rasch part where the data have items ([`super::rasch`]);
//! elsewhere exercises are their skills.
//!
//! Exercises x\[t\] = E\[q\[t\]\] + μ·D\[q\[t\]\] + P\[t\] and answers y\[t\] = E\[q\[t\]\] + R\[r\[t\]\] + P\[t\], with sines and cosines as P.
//! In each block an exercise looks at the answers to the exercises before it, most at those that are like it:
//! x ← norm(x + dropout(Attention(x, x, y))), x ← norm(x + dropout(FFN(x))).
//! The logit comes from an MLP of the last x and E\[q\[t\]\] + μ·D\[q\[t\]\]. Queries and keys share a projection, as in pykt.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, Linear};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::attention::{AnswerHead, FeedForward, joined, linear, norm, scores, shares, split};
use super::network::{Dropouts, TensorModel};
use super::parameters::xavier;
use super::rasch::Rasch;
use super::windows::{Asked, Windows};
use crate::model::ModelConfig;
use crate::model::parameters::Start;

/// A block: exercises look at answers.
#[derive(Module, Debug)]
struct Block {
    query_key: Linear,
    value: Linear,
    output: Linear,
    norm1: LayerNorm,
    ffn: FeedForward,
    norm2: LayerNorm,
    #[module(skip)]
    heads: usize,
}

impl Block {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let d = config.d_model;
        let square = || linear(d, d, device);
        Self {
            query_key: square(),
            value: square(),
            output: square(),
            norm1: norm(d, device),
            ffn: FeedForward::new(d, config.d_ff, device),
            norm2: norm(d, device),
            heads: config.n_heads,
        }
    }

    /// The queries `[W, Q, D]` after they looked at keys and values `[W, K, D]`.
    fn forward(
        &self,
        [query, key, value]: [Tensor<3>; 3],
        hidden: Tensor<3, Bool>,
        dropout: &mut Dropouts,
    ) -> Tensor<3> {
        let scores = scores(self.query_key.forward(query.clone()), self.query_key.forward(key), self.heads);
        let shares = dropout.apply(shares(scores, hidden));
        let seen = self.output.forward(joined(shares.matmul(split(self.value.forward(value), self.heads))));
        let x = self.norm1.forward(query + dropout.apply(seen));
        let f = self.ffn.forward(x.clone(), dropout);
        self.norm2.forward(x + dropout.apply(f))
    }
}

/// simpleKT's layers; C skills, D features.
#[derive(Module, Debug)]
pub struct SimpleKt {
    exercise: Embedding,
    response: Embedding,
    rasch: Option<Rasch>,
    blocks: Vec<Block>,
    head: AnswerHead,
}

/// Sines and cosines of positions `[count, width]` (Vaswani et al. 2017): pairs of features of like frequency.
fn positions(count: usize, width: usize, device: &Device) -> Tensor<3> {
    let value = |t: usize, i: usize| {
        let frequency = (-(10_000f64.ln()) * (i - i % 2) as f64 / width as f64).exp();
        let angle = t as f64 * frequency;
        (if i.is_multiple_of(2) { angle.sin() } else { angle.cos() }) as f32
    };
    let values = (0..count).flat_map(|t| (0..width).map(move |i| value(t, i))).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, [1, count, width]), device)
}

impl SimpleKt {
    /// Vectors of exercises with these skills and items, without their places, `[W, T, D]`.
    fn exercises(&self, skill: &Tensor<2, Int>, item: &Tensor<2, Int>) -> Tensor<3> {
        let plain = self.exercise.forward(skill.clone());
        match &self.rasch {
            Some(rasch) => plain + rasch.of_exercises(skill, item),
            None => plain,
        }
    }

    /// Answers y `[W, T, D]`.
    fn answers(&self, windows: &Windows, places: &Tensor<3>) -> Tensor<3> {
        let answered = self.exercise.forward(windows.skill.clone()) + self.response.forward(windows.response.clone());
        answered + places.clone().narrow(1, 0, windows.length)
    }
}

impl TensorModel for SimpleKt {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let d = config.d_model;
        Self {
            exercise: EmbeddingConfig::new(config.num_c, d).init(device),
            response: EmbeddingConfig::new(2, d).init(device),
            rasch: Rasch::new(config, false, device),
            blocks: (0..config.num_encoder_blocks).map(|_| Block::new(config, device)).collect(),
            head: AnswerHead::new(d, config.d_ff, device),
        }
    }

    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2> {
        let (t, d) = (windows.length, self.exercise.weight.val().dims()[1]);
        let places = positions(t + 1, d, &windows.device);
        let embedded = self.exercises(&windows.skills(), &windows.items());
        let mut x = embedded.clone() + places.clone();
        let y = self.answers(windows, &places);
        // Position t sees the answers at 0 to t − 1.
        let hidden = windows.hidden(t + 1, t, 0).unsqueeze_dim::<3>(0);
        for block in &self.blocks {
            let keys = x.clone().narrow(1, 0, t);
            x = block.forward([x, keys, y.clone()], hidden.clone(), dropout);
        }
        self.head.forward(x.narrow(1, 1, t), embedded.narrow(1, 1, t), dropout)
    }

    fn asked(&self, windows: &Windows, asked: &Asked) -> Option<Tensor<2>> {
        let (t, d) = (windows.length, self.exercise.weight.val().dims()[1]);
        let off = &mut Dropouts::off();
        let places = positions(t + 1, d, &windows.device);
        let mut x = self.exercises(&windows.skill, &windows.item) + places.clone().narrow(1, 0, t);
        let y = self.answers(windows, &places);
        let embedded = self.exercises(&asked.skill, &asked.item);
        // A question stands one position after the row it follows.
        let at = (asked.after.clone() + 1).reshape([windows.count * asked.count]);
        let place = places.squeeze_dim::<2>(0).select(0, at).reshape([windows.count, asked.count, d]);
        let mut query = embedded.clone() + place;
        let hidden = windows.hidden(t, t, 0).unsqueeze_dim::<3>(0);
        for block in &self.blocks {
            query = block.forward([query, x.clone(), y.clone()], asked.later.clone(), off);
            x = block.forward([x.clone(), x, y.clone()], hidden.clone(), off);
        }
        Some(self.head.forward(query, embedded, off))
    }

    fn start(name: &str, shape: &[usize]) -> Option<Start> {
        if let Some(start) = Rasch::start(name) {
            return Some(start);
        }
        // As pykt starts its attention.
        match name.rsplit_once('.') {
            Some((layer, "weight")) if layer.ends_with("query_key") || layer.ends_with(".value") => Some(xavier(shape)),
            Some((layer, "bias")) if !layer.starts_with("head") && !layer.contains("ffn") => Some(Start::Constant(0.0)),
            _ => None,
        }
    }
}
