//! Linear layers forward and backward (`shaders/linear.wgsl`, `linear_input_grad.wgsl`, `linear_weight_grad.wgsl`).

mod cpu;
pub(crate) mod gpu;

use super::{Arrays, Dropout};

/// A linear layer y = x·Wᵀ + b: where its weight `[outputs, inputs]` and bias lie among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearOffsets {
    /// First element of the weight.
    pub weight: usize,
    /// First element of the bias.
    pub bias: usize,
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
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
    /// Two or three `[N, D]` side by side as one row.
    Joined(Vec<&'a F>),
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
    /// Replaces the two or three parts of a row.
    Joined(Vec<&'a mut F>),
    /// Adds to the two or three parts of a row.
    AddJoined(Vec<&'a mut F>),
}

/// Linear layers. N rows, W windows, D features.
#[allow(clippy::too_many_arguments)]
pub trait LinearKernels: Arrays {
    /// dropout(activation(x·Wᵀ + b)) of each layer, `[layers, rows, outputs]`.
    fn linear(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        input: Input<'_, Self::Floats>,
        layers: &[LinearOffsets],
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
        layers: &[LinearOffsets],
        to: InputGrad<'_, Self::Floats>,
    );

    /// Gradients of the layers' weights and biases, from that of x·Wᵀ + b.
    fn linear_weight_grad(
        &mut self,
        batch: &Self::Batch,
        d_out: &Self::Floats,
        input: Input<'_, Self::Floats>,
        layers: &[LinearOffsets],
        grads: &mut Self::Floats,
    );
}
