//! One step of Adam with clipping (`shaders/grad_norm.wgsl`, `adam.wgsl`).

mod cpu;
pub(crate) mod gpu;

use super::Arrays;

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
    /// Parameters of items, where there are any: they have a learning rate and a prior of their own.
    pub items: Option<ItemStep>,
}

/// How the parameters of items move (MODEL §10): without L2 in the gradient, for the loss has a prior of theirs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemStep {
    /// The first of them; all from here on are theirs.
    pub from: usize,
    /// Factor of the learning rate.
    pub rate: f32,
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

    /// First parameter of items and the factor of their learning rate; without items the first lies past all that move.
    pub(super) fn items_or_end(self) -> ItemStep {
        self.items.unwrap_or(ItemStep { from: self.count, rate: 1.0 })
    }

    /// lr / (1 − β₁ᵗ).
    pub(super) fn step_size(self) -> f32 {
        (f64::from(self.lr) / (1.0 - 0.9f64.powi(self.step as i32))) as f32
    }

    /// 1 / √(1 − β₂ᵗ).
    pub(super) fn second_scale(self) -> f32 {
        (1.0 / (1.0 - 0.999f64.powi(self.step as i32)).sqrt()) as f32
    }
}

/// The optimizer. N rows, W windows, D features.
#[allow(clippy::too_many_arguments)]
pub trait AdamKernels: Arrays {
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
