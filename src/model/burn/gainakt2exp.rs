//! GainAKT2Exp once more (MODEL §2–3), in burn's operations: its kernels and their gradients are held against this.
//!
//! Of the loss terms it has those of which every step has some, with fixed weights: cross-entropy, sparsity and
//! mastery-performance.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Linear};
use burn::tensor::{Device, Tensor, activation};

use super::attention::linear;
use super::encoder::Encoder;
use super::network::{Dropouts, TensorModel};
use super::windows::Windows;
use crate::model::ModelConfig;
use crate::model::row_stats::GAIN_SCALE;

#[derive(Module, Debug)]
struct PredictionHead {
    layer0: Linear,
    layer3: Linear,
}

/// The twin's layers; C skills, D features.
#[derive(Module, Debug)]
pub struct GainAktReference {
    encoder: Encoder,
    concept_embedding: Embedding,
    prediction_head: PredictionHead,
    mastery_head: Linear,
    gain_head: Linear,
}

impl GainAktReference {
    /// Weight of the sparsity term in the twin's loss.
    pub const SPARSITY: f32 = 0.2;
    /// Weight of the mastery-performance term in the twin's loss.
    pub const MASTERY_PERFORMANCE: f32 = 0.8;

    /// Logits `[W, T]`, mastery and gains `[W, T, C]`.
    fn pass(&self, windows: &Windows, dropout: &mut Dropouts) -> (Tensor<2>, [Tensor<3>; 2]) {
        let [ctx, val] = self.encoder.forward(windows, dropout);
        let next = self.concept_embedding.forward(windows.next.clone());
        let head = &self.prediction_head;
        let joined = Tensor::cat(vec![ctx.clone(), val.clone(), next], 2);
        let hidden = dropout.apply(activation::relu(head.layer0.forward(joined)));
        let logits = head.layer3.forward(hidden).squeeze_dim(2);
        let gains = activation::relu(self.gain_head.forward(val));
        let initial = activation::sigmoid(self.mastery_head.forward(ctx.narrow(1, 0, 1)));
        // The first gain counts for nothing; gains are not negative, so that only the ceiling can bind.
        let later = gains.clone().narrow(1, 1, windows.length - 1);
        let added = match windows.length {
            1 => gains.zeros_like(),
            _ => Tensor::cat(vec![gains.clone().narrow(1, 0, 1).zeros_like(), later], 1),
        };
        let mastery = (initial + added.cumsum(1) * GAIN_SCALE).clamp_max(1.0);
        (logits, [mastery, gains])
    }
}

impl TensorModel for GainAktReference {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        Self {
            encoder: Encoder::new(config, device),
            concept_embedding: EmbeddingConfig::new(c, d).init(device),
            prediction_head: PredictionHead {
                layer0: linear(3 * d, config.d_ff, device),
                layer3: linear(config.d_ff, 1, device),
            },
            mastery_head: linear(d, c, device),
            gain_head: linear(d, c, device),
        }
    }

    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2> {
        self.pass(windows, dropout).0
    }

    fn next_and_penalty(&self, windows: &Windows, dropout: &mut Dropouts) -> (Tensor<2>, Option<Tensor<1>>) {
        let (logits, [mastery, gains]) = self.pass(windows, dropout);
        let skill = windows.skill.clone().unsqueeze_dim::<3>(2);
        let own = |x: &Tensor<3>| x.clone().gather(2, skill.clone()).squeeze_dim::<2>(2);
        let skills = gains.dims()[2];
        let others = gains.clone().abs().sum_dim(2).squeeze_dim::<2>(2) - own(&gains).abs();
        let sparsity = windows.mean_of_rows(others / (skills - 1) as f32);
        // Means over the rows answered correctly, and over the others.
        let correct = windows.response.clone().float();
        let [correct_rows, all] = [windows.batch_correct, windows.batch_rows].map(|rows| rows as f32);
        let own = own(&mastery);
        let missed = (own.clone().neg() + 1.0) * correct.clone() * (all / correct_rows);
        let false_mastery = own * (correct.neg() + 1.0) * (all / (all - correct_rows));
        let performance = windows.mean_of_rows(missed + false_mastery);
        (logits, Some(sparsity * Self::SPARSITY + performance * Self::MASTERY_PERFORMANCE))
    }
}
