//! What items change in exercises and answers: the Rasch part of AKT and simpleKT (MODEL §10).
//!
//! An item has one number, its difficulty μ. It moves the vector of its exercise in a direction that belongs to the skill,
//! E\[q\] + μ·D\[q\], and in AKT that of the answer too, E\[q\] + R\[r\] + μ·(D\[q\] + F\[r\]), as in pykt. μ starts at 0, and stays
//! there for items that are unknown (number 0) or were never trained on.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor};

use super::windows::Windows;
use crate::model::ModelConfig;
use crate::model::parameters::Start;

/// Weight of Σ μ² over the rows of a batch, as in pykt.
const PENALTY: f64 = 1e-5;

/// Difficulties of items and the directions in which they move vectors; I items, C skills, D features.
#[derive(Module, Debug)]
pub(super) struct Rasch {
    /// μ, `[I, 1]`.
    difficulty: Embedding,
    /// D, `[C, D]`.
    exercise: Embedding,
    /// F, `[2, D]`, of models that move answers too.
    response: Option<Embedding>,
}

impl Rasch {
    /// For a model of this shape; `None` where it knows no items. `answers`: whether answers are moved too.
    pub(super) fn new(config: &ModelConfig, answers: bool, device: &Device) -> Option<Self> {
        let table = |count| EmbeddingConfig::new(count, config.d_model).init(device);
        (config.num_items > 0).then(|| Self {
            difficulty: EmbeddingConfig::new(config.num_items, 1).init(device),
            exercise: table(config.num_c),
            response: answers.then(|| table(2)),
        })
    }

    /// μ of these items, `[W, T, 1]`.
    fn shift(&self, item: &Tensor<2, Int>) -> Tensor<3> {
        let known = item.clone().greater_elem(0).float().unsqueeze_dim::<3>(2);
        self.difficulty.forward(item.clone()) * known
    }

    /// What is added to the vectors of exercises with these skills and items, `[W, T, D]`.
    pub(super) fn of_exercises(&self, skill: &Tensor<2, Int>, item: &Tensor<2, Int>) -> Tensor<3> {
        self.shift(item) * self.exercise.forward(skill.clone())
    }

    /// What is added to the vectors of answers, `[W, T, D]`.
    pub(super) fn of_answers(&self, windows: &Windows) -> Tensor<3> {
        let mut direction = self.exercise.forward(windows.skill.clone());
        if let Some(response) = &self.response {
            direction = direction + response.forward(windows.response.clone());
        }
        self.shift(&windows.item) * direction
    }

    /// What training adds to the loss, `[1]`: the penalty of the items asked next, in this group of a batch.
    pub(super) fn penalty(&self, windows: &Windows) -> Tensor<1> {
        let square = self.shift(&windows.next_item).powi_scalar(2).squeeze_dim::<2>(2);
        windows.mean_of_rows(square) * (PENALTY * windows.batch_rows as f64)
    }

    /// How a parameter of this part starts, by its name.
    pub(super) fn start(name: &str) -> Option<Start> {
        name.ends_with("rasch.difficulty.weight").then_some(Start::Constant(0.0))
    }
}
