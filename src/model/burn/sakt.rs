//! Self-Attentive Knowledge Tracing (Pandey and Karypis, EDM 2019, arXiv:1907.06837).
//!
//! The exercise asked next looks at the interactions so far: x\[t\] = E_i\[q + C·r\] + P\[t\], query E_e\[q_next\];
//! a = norm(query + dropout(Attention(query, x, x))), logit = W·dropout(norm(a + dropout(FFN(a)))) + b.
//! One block, as in the paper; dropout also on the attention's shares, as in pykt.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, Linear, LinearConfig};
use burn::tensor::{Bool, Device, Int, Tensor};

use super::attention::{Attention, FeedForward, norm};
use super::network::{Dropouts, TensorModel};
use super::windows::{Asked, Windows};
use crate::model::ModelConfig;

/// SAKT's layers; C skills, D features.
#[derive(Module, Debug)]
pub struct Sakt {
    interaction: Embedding,
    exercise: Embedding,
    position: Embedding,
    attention: Attention,
    norm1: LayerNorm,
    ffn: FeedForward,
    norm2: LayerNorm,
    output: Linear,
    #[module(skip)]
    skills: usize,
}

impl Sakt {
    /// Logits `[W, Q]` of the skills asked, which see the rows that are not hidden.
    fn answers(
        &self,
        windows: &Windows,
        skill: Tensor<2, Int>,
        hidden: Tensor<3, Bool>,
        dropout: &mut Dropouts,
    ) -> Tensor<2> {
        let x = self.interaction.forward(windows.token(self.skills)) + self.position.forward(windows.position());
        let query = self.exercise.forward(skill);
        let seen = self.attention.forward([query.clone(), x.clone(), x], hidden, dropout);
        let a = self.norm1.forward(query + dropout.apply(seen));
        let out = self.norm2.forward(
            a.clone() + {
                let f = self.ffn.forward(a, dropout);
                dropout.apply(f)
            },
        );
        self.output.forward(dropout.apply(out)).squeeze_dim(2)
    }
}

impl TensorModel for Sakt {
    fn new(config: &ModelConfig, device: &Device) -> Self {
        let (c, d) = (config.num_c, config.d_model);
        let table = |count| EmbeddingConfig::new(count, d).init(device);
        Self {
            interaction: table(2 * c),
            exercise: table(c),
            position: table(config.seq_len),
            attention: Attention::new(d, config.n_heads, device),
            norm1: norm(d, device),
            ffn: FeedForward::new(d, config.d_ff, device),
            norm2: norm(d, device),
            output: LinearConfig::new(d, 1).init(device),
            skills: c,
        }
    }

    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2> {
        let hidden = windows.hidden(windows.length, windows.length, 1).unsqueeze_dim(0);
        self.answers(windows, windows.next.clone(), hidden, dropout)
    }

    fn asked(&self, windows: &Windows, asked: &Asked) -> Option<Tensor<2>> {
        Some(self.answers(windows, asked.skill.clone(), asked.later.clone(), &mut Dropouts::off()))
    }
}
