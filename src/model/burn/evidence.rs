//! The evidence model once more (MODEL §9), in burn's operations: its kernels and their gradients are held against this.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Tensor, TensorData, activation};

use super::attention::linear;
use super::encoder::Encoder;
use super::network::{Dropouts, TensorModel};
use super::windows::Windows;
use crate::model::ModelConfig;
use crate::model::evidence::RANK;

/// The twin's parameters; C skills, D features.
#[derive(Module, Debug)]
pub struct EvidenceReference {
    encoder: Encoder,
    prior: Param<Tensor<1>>,
    strength_head: Linear,
    transfer_embedding: Param<Tensor<2>>,
    transfer_bias: Param<Tensor<1>>,
    decay: Param<Tensor<1>>,
    context_head: Linear,
}

impl EvidenceReference {
    /// Weight of the context penalty in the twin's loss.
    pub const CONTEXT_PENALTY: f32 = 0.5;

    /// Logits `[W, T]` and what the context adds, `[W, T, C]`.
    fn pass(&self, windows: &Windows, dropout: &mut Dropouts) -> (Tensor<2>, Tensor<3>) {
        let streams = self.encoder.forward(windows, dropout);
        let (w, t, c) = (windows.count, windows.length, self.prior.val().dims()[0]);
        let h = Tensor::cat(streams.to_vec(), 2);
        let strength = activation::softplus(self.strength_head.forward(h.clone()), 1.0);
        let [up, down] = [0, 1].map(|i| strength.clone().narrow(2, i, 1));
        let correct = windows.response.clone().float().unsqueeze_dim::<3>(2);
        let evidence = correct.clone() * up - (correct.neg() + 1.0) * down;
        let embedding = self.transfer_embedding.val();
        let products = embedding.clone().matmul(embedding.transpose()) + self.transfer_bias.val().unsqueeze_dim(0);
        let eye = Tensor::<2>::eye(c, &windows.device);
        let transfer = activation::sigmoid(products) * (eye.clone().neg() + 1.0) + eye;
        let arrives = transfer.select(0, windows.skill.clone().reshape([w * t])).reshape([w, t, c]) * evidence;
        // s[t] = Σ_τ σ(decay)^(t − τ)·arrives[τ]: the recurrence as powers, whose exponents are 0 where τ > t.
        let steps = (0..t).flat_map(|a| (0..t).map(move |b| a.saturating_sub(b) as f32)).collect::<Vec<f32>>();
        let steps = Tensor::<3>::from_data(TensorData::new(steps, [t, t, 1]), &windows.device);
        let log_keep = activation::log_sigmoid(self.decay.val()).reshape([1, 1, c]);
        let later: Tensor<3, Bool> = windows.hidden(t, t, 1).unsqueeze_dim(2);
        let kept = (steps * log_keep).exp().mask_fill(later.expand([t, t, c]), 0.0);
        // [C, T, T] × [C, T, W]: every skill by itself.
        let state = kept.permute([2, 0, 1]).matmul(arrives.permute([2, 1, 0])).permute([2, 1, 0]);
        let context = self.context_head.forward(h);
        let z = self.prior.val().reshape([1, 1, c]) + state + context.clone();
        (z.gather(2, windows.next.clone().unsqueeze_dim(2)).squeeze_dim(2), context)
    }
}

impl TensorModel for EvidenceReference {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        let vector = |n: usize| Param::from_tensor(Tensor::zeros([n], device));
        Self {
            encoder: Encoder::new(config, device),
            prior: vector(c),
            strength_head: linear(2 * d, 2, device),
            transfer_embedding: Param::from_tensor(Tensor::zeros([c, RANK], device)),
            transfer_bias: vector(1),
            decay: vector(c),
            context_head: linear(2 * d, c, device),
        }
    }

    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2> {
        self.pass(windows, dropout).0
    }

    fn next_and_penalty(&self, windows: &Windows, dropout: &mut Dropouts) -> (Tensor<2>, Option<Tensor<1>>) {
        let (logits, context) = self.pass(windows, dropout);
        let skills = context.dims()[2] as f32;
        let squares = (context.clone() * context).sum_dim(2).squeeze_dim::<2>(2) / skills;
        (logits, Some(windows.mean_of_rows(squares) * Self::CONTEXT_PENALTY))
    }
}
