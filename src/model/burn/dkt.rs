//! Deep Knowledge Tracing (Piech et al., NeurIPS 2015, arXiv:1506.05908).
//!
//! An LSTM reads the interactions; its hidden state says how likely a correct answer to every skill is:
//! h\[t\] = LSTM(E\[q\[t\] + C·r\[t\]\], h\[t−1\]), logit of skill k after t = (W·dropout(h\[t\]) + b)\[k\].

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::lstm::lstm;
use super::network::{Dropouts, TensorModel};
use super::parameters::uniform;
use super::windows::{Asked, Windows};
use crate::model::ModelConfig;
use crate::model::parameters::Start;

/// DKT's layers; C skills, D features of embedding and hidden state.
#[derive(Module, Debug)]
pub struct Dkt {
    /// E, `[2C, D]`.
    interaction: Embedding,
    /// The inputs' part of the gates, `[D, 4D]`.
    gates: Linear,
    /// The hidden states' part, `[D, 4D]`.
    recurrent: Param<Tensor<2>>,
    /// W and b.
    output: Linear,
    #[module(skip)]
    skills: usize,
}

impl Dkt {
    /// Logits of every skill after every row, `[W, T, C]`.
    fn every(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<3> {
        let input = self.interaction.forward(windows.token(self.skills));
        // The LSTM walks through time, which comes first for it.
        let hidden = lstm(self.gates.forward(input.swap_dims(0, 1)), self.recurrent.val()).swap_dims(0, 1);
        self.output.forward(dropout.apply(hidden))
    }
}

impl TensorModel for Dkt {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        Self {
            interaction: EmbeddingConfig::new(2 * c, d).init(device),
            gates: LinearConfig::new(d, 4 * d).init(device),
            recurrent: Param::from_tensor(Tensor::zeros([d, 4 * d], device)),
            output: LinearConfig::new(d, c).init(device),
            skills: c,
        }
    }

    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2> {
        let asked = windows.next.clone().unsqueeze_dim(2);
        self.every(windows, dropout).gather(2, asked).squeeze_dim(2)
    }

    fn asked(&self, windows: &Windows, asked: &Asked) -> Option<Tensor<2>> {
        let every = self.every(windows, &mut Dropouts::off()).reshape([windows.count, windows.length * self.skills]);
        Some(every.gather(1, asked.after.clone() * self.skills as i64 + asked.skill.clone()))
    }

    fn start(name: &str, shape: &[usize]) -> Option<Start> {
        // An LSTM of PyTorch starts uniformly in ±1/√D.
        match name {
            "recurrent" => Some(uniform(shape[0])),
            _ => None,
        }
    }
}
