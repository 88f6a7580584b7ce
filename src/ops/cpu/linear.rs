//! Linear layers forward and backward, cut into blocks of rows or of outputs that fit a core's cache.

use rayon::prelude::*;

use super::lanes::{sigmoid, vectorised};
use super::product::{View, product};
use crate::ops::{Activation, Dropout, LinearAt};

/// Rows of a task: fixed, so that results do not depend on the number of threads.
const ROWS: usize = 256;

/// What the layers read: up to three `[N, D]` side by side.
pub(super) type Parts<'a> = Vec<&'a [f32]>;

/// weight `[outputs, inputs]` of a layer.
fn weight(params: &[f32], at: LinearAt) -> &[f32] {
    &params[at.weight..at.weight + at.outputs * at.inputs]
}

/// dropout(activation(x·Wᵀ + b)) of rows whose features lie in `parts`; `element` is the first's number for dropout.
pub(super) fn forward(
    params: &[f32],
    parts: &Parts<'_>,
    at: LinearAt,
    activation: Activation,
    dropout: Dropout,
    element: usize,
    out: &mut [f32],
) {
    let width = at.inputs / parts.len();
    let bias = &params[at.bias..at.bias + at.outputs];
    out.par_chunks_mut(ROWS * at.outputs).enumerate().for_each(|(task, out)| {
        let (first, rows) = (task * ROWS, out.len() / at.outputs);
        for (p, part) in parts.iter().enumerate() {
            let x = View::new(&part[first * width..(first + rows) * width], rows, width, width);
            let w = View::new(&weight(params, at)[p * width..], at.outputs, width, at.inputs).transposed();
            product(out, at.outputs, p > 0, 1.0, x, w);
        }
        vectorised(|| {
            for row in out.chunks_exact_mut(at.outputs) {
                for (o, b) in row.iter_mut().zip(bias) {
                    *o += b;
                }
            }
            match activation {
                Activation::None => {}
                Activation::Relu => out.iter_mut().for_each(|o| *o = if *o > 0.0 { *o } else { 0.0 }),
                Activation::Sigmoid => out.iter_mut().for_each(|o| *o = sigmoid(*o)),
            }
            super::rows::apply_dropout(out, (element + first * at.outputs) as u32, dropout);
        });
    });
}

/// `d_x` `[N, width]` (kept and added to, or replaced) = Σ over layers of d_out·W, of `width` inputs from `from` on.
///
/// `through`: what went forward after ReLU and dropout, and dropout's scale.
pub(super) fn input_grad(
    params: &[f32],
    d_outs: &[(&[f32], LinearAt)],
    from: usize,
    width: usize,
    add: bool,
    through: Option<(&[f32], f32)>,
    d_x: &mut [f32],
) {
    d_x.par_chunks_mut(ROWS * width).enumerate().for_each(|(task, d_x)| {
        let (first, rows) = (task * ROWS, d_x.len() / width);
        for (i, (d_out, at)) in d_outs.iter().enumerate() {
            let d_out = &d_out[first * at.outputs..(first + rows) * at.outputs];
            let w = View::new(&weight(params, *at)[from..], at.outputs, width, at.inputs);
            product(d_x, width, add || i > 0, 1.0, View::new(d_out, rows, at.outputs, at.outputs), w);
        }
        if let Some((output, scale)) = through {
            let output = &output[first * width..(first + rows) * width];
            vectorised(|| {
                for (d, o) in d_x.iter_mut().zip(output) {
                    *d = if *o > 0.0 { *d * scale } else { 0.0 };
                }
            });
        }
    });
}

/// Gradients of weight and bias from `d_out` `[N, outputs]` and the layer's input.
pub(super) fn weight_grad(d_out: &[f32], parts: &Parts<'_>, at: LinearAt, grads: &mut [f32]) {
    let width = at.inputs / parts.len();
    let rows = d_out.len() / at.outputs;
    // The last rows of the weight may be few; a task is sized so that packing the input stays cheap.
    let outputs = if at.inputs >= 256 { 64 } else { 32 };
    grads[at.weight..at.weight + at.outputs * at.inputs].par_chunks_mut(outputs * at.inputs).enumerate().for_each(
        |(task, grads)| {
            let count = grads.len() / at.inputs;
            let d_out = View::new(&d_out[(task * outputs).min(d_out.len())..], rows, count, at.outputs).transposed();
            for (p, part) in parts.iter().enumerate() {
                let x = View::new(part, rows, width, width);
                product(&mut grads[p * width..], at.inputs, false, 1.0, d_out, x);
            }
        },
    );
    let bias = &mut grads[at.bias..at.bias + at.outputs];
    bias.fill(0.0);
    vectorised(|| {
        for row in d_out.chunks_exact(at.outputs) {
            for (b, d) in bias.iter_mut().zip(row) {
                *b += d;
            }
        }
    });
}
