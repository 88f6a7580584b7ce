//! Linear layers forward and backward, cut into blocks of rows or of outputs that fit a core's cache.

use rayon::prelude::*;

use super::{Activation, Input, InputGrad, LinearKernels, LinearOffsets};
use crate::ops::cpu::lanes::{sigmoid, vectorised};
use crate::ops::cpu::product::{Matrix, product};
use crate::ops::cpu::{Batch, Cpu, apply_dropout};
use crate::ops::{Cost, Dropout};

/// Most rows of a task.
const ROWS: usize = 256;

/// Rows of a task over `rows` rows: an even number of tasks of one size, so that two, four or more threads have the same to
/// do. It does not depend on how many threads there are, and so results do not either.
fn rows_of_task(rows: usize) -> usize {
    rows.div_ceil(2 * rows.div_ceil(2 * ROWS).max(1)).max(1)
}

/// Biases whose gradients are added together.
const BIASES: usize = 256;

/// Inputs of a weight that are transposed together: a cache line of each row.
const TRANSPOSED: usize = 16;

/// Weights that are transposed by one thread: waking another takes longer.
const TRANSPOSED_ALONE: usize = 32 * 1024;

/// What the layers read: up to three `[N, D]` side by side.
type Parts<'a> = Vec<&'a [f32]>;

/// weight `[outputs, inputs]` of a layer.
fn weight(params: &[f32], at: LinearOffsets) -> &[f32] {
    &params[at.weight..at.weight + at.outputs * at.inputs]
}

/// A weight `[outputs, inputs]` transposed, `[inputs, outputs]`.
fn transposed(weight: &[f32], at: LinearOffsets) -> Vec<f32> {
    let mut transposed = vec![0.0; weight.len()];
    let turn = |(task, lines): (usize, &mut [f32])| {
        for (o, row) in weight.chunks_exact(at.inputs).enumerate() {
            let row = &row[task * TRANSPOSED..];
            row.iter().zip(lines.chunks_exact_mut(at.outputs)).for_each(|(value, line)| line[o] = *value);
        }
    };
    match weight.len() {
        ..=TRANSPOSED_ALONE => transposed.chunks_mut(TRANSPOSED * at.outputs).enumerate().for_each(turn),
        _ => transposed.par_chunks_mut(TRANSPOSED * at.outputs).enumerate().for_each(turn),
    }
    transposed
}

/// A layer's part of a call of [`LinearKernels::linear`].
struct Layer<'a> {
    at: LinearOffsets,
    parts: Parts<'a>,
    /// The weight, transposed once: the library would do it again for the rows of each task.
    transposed: Vec<f32>,
    bias: &'a [f32],
    activation: Activation,
    dropout: Dropout,
    /// Number of the layer's first output for dropout.
    element: usize,
}

impl Layer<'_> {
    /// dropout(activation(x·Wᵀ + b)) of the rows from `first` on, `[rows, outputs]`.
    fn forward(&self, first: usize, out: &mut [f32]) {
        let (outputs, width) = (self.at.outputs, self.at.inputs / self.parts.len());
        let rows = out.len() / outputs;
        for (p, part) in self.parts.iter().enumerate() {
            let x = Matrix::new(&part[first * width..(first + rows) * width], rows, width, width);
            let w = Matrix::new(&self.transposed[p * width * outputs..], width, outputs, outputs);
            product(out, outputs, p > 0, 1.0, x, w);
        }
        vectorised!({
            for row in out.chunks_exact_mut(outputs) {
                for (o, b) in row.iter_mut().zip(self.bias) {
                    *o += b;
                }
            }
            match self.activation {
                Activation::None => {}
                Activation::Relu => out.iter_mut().for_each(|o| *o = if *o > 0.0 { *o } else { 0.0 }),
                Activation::Sigmoid => out.iter_mut().for_each(|o| *o = sigmoid(*o)),
            }
            apply_dropout(out, (self.element + first * outputs) as u32, self.dropout);
        });
    }
}

/// `d_x` `[N, width]` (kept and added to, or replaced) = Σ over layers of d_out·W, of `width` inputs from `from` on.
///
/// `through`: what went forward after ReLU and dropout, and dropout's scale.
fn input_grad(
    params: &[f32],
    d_outs: &[(&[f32], LinearOffsets)],
    from: usize,
    width: usize,
    add: bool,
    through: Option<(&[f32], f32)>,
    d_x: &mut [f32],
) {
    let of_task = rows_of_task(d_x.len() / width);
    d_x.par_chunks_mut(of_task * width).enumerate().for_each(|(task, d_x)| {
        let (first, rows) = (task * of_task, d_x.len() / width);
        input_grad_rows(params, d_outs, from, add, first, width, d_x);
        if let Some((output, scale)) = through {
            let output = &output[first * width..(first + rows) * width];
            vectorised!({
                for (d, o) in d_x.iter_mut().zip(output) {
                    *d = if *o > 0.0 { *d * scale } else { 0.0 };
                }
            });
        }
    });
}

/// The rows of [`input_grad`] from `first` on.
fn input_grad_rows(
    params: &[f32],
    d_outs: &[(&[f32], LinearOffsets)],
    from: usize,
    add: bool,
    first: usize,
    width: usize,
    d_x: &mut [f32],
) {
    let rows = d_x.len() / width;
    for (i, (d_out, at)) in d_outs.iter().enumerate() {
        let d_out = &d_out[first * at.outputs..(first + rows) * at.outputs];
        let w = Matrix::new(&weight(params, *at)[from..], at.outputs, width, at.inputs);
        product(d_x, width, add || i > 0, 1.0, Matrix::new(d_out, rows, at.outputs, at.outputs), w);
    }
}

/// Gradients of weight and bias from `d_out` `[N, outputs]` and the layer's input.
fn weight_grad(d_out: &[f32], parts: &Parts<'_>, at: LinearOffsets, weight: &mut [f32], bias: &mut [f32]) {
    let width = at.inputs / parts.len();
    let rows = d_out.len() / at.outputs;
    // The last rows of the weight may be few; a task is sized so that packing the input stays cheap.
    let outputs = if at.inputs >= 256 { 128 } else { 32 };
    let of_weight = || {
        weight.par_chunks_mut(outputs * at.inputs).enumerate().for_each(|(task, grads)| {
            let count = grads.len() / at.inputs;
            let d_out = Matrix::new(&d_out[(task * outputs).min(d_out.len())..], rows, count, at.outputs).transposed();
            for (p, part) in parts.iter().enumerate() {
                let x = Matrix::new(part, rows, width, width);
                product(&mut grads[p * width..], at.inputs, false, 1.0, d_out, x);
            }
        });
    };
    let of_bias = || {
        bias.par_chunks_mut(BIASES).enumerate().for_each(|(task, bias)| {
            bias.fill(0.0);
            vectorised!({
                // Four rows at once: each sum is loaded and stored a quarter of the times.
                let four = d_out.chunks_exact(4 * at.outputs);
                let rest = four.remainder().chunks_exact(at.outputs);
                for rows in four {
                    let [a, b, c, d] = std::array::from_fn(|i| &rows[i * at.outputs + task * BIASES..][..bias.len()]);
                    for (bias, (((a, b), c), d)) in bias.iter_mut().zip(a.iter().zip(b).zip(c).zip(d)) {
                        *bias += (a + b) + (c + d);
                    }
                }
                for row in rest {
                    for (b, d) in bias.iter_mut().zip(&row[task * BIASES..]) {
                        *b += d;
                    }
                }
            });
        });
    };
    rayon::join(of_weight, of_bias);
}

/// Where the layers' weights and biases lie in `grads`, layer by layer; they lie there in the order of the layers.
fn places<'a>(mut grads: &'a mut [f32], layers: &[LinearOffsets]) -> Vec<[&'a mut [f32]; 2]> {
    let mut passed = 0;
    let mut next = |from: usize, len: usize| {
        let (_, rest) = std::mem::take(&mut grads).split_at_mut(from - passed);
        let (part, rest) = rest.split_at_mut(len);
        (grads, passed) = (rest, from + len);
        part
    };
    layers.iter().map(|at| [next(at.weight, at.outputs * at.inputs), next(at.bias, at.outputs)]).collect()
}

/// The parts of a row that linear layer `layer` reads.
fn parts<'a>(input: &'a Input<'_, Vec<f32>>, layer: usize, rows: usize, width: usize) -> Parts<'a> {
    match input {
        Input::Rows(x) | Input::FirstRows(x) => vec![&x[..rows * width]],
        Input::Streams(ctx, val) => vec![&if layer < 2 { ctx } else { val }[..rows * width]],
        Input::Joined(parts) => parts.iter().map(|x| &x[..rows * width / parts.len()]).collect(),
    }
}

/// The first row of each window of `x` `[N, width]`, one after another.
fn first_rows(x: &[f32], batch: &Batch, width: usize) -> Vec<f32> {
    let starts = &batch.prepared.batch.offsets[..batch.prepared.windows()];
    starts.iter().flat_map(|&row| &x[row as usize * width..][..width]).copied().collect()
}

impl LinearKernels for Cpu {
    fn linear(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        input: Input<'_, Vec<f32>>,
        layers: &[LinearOffsets],
        activation: Activation,
        dropout: Dropout,
        out: &mut Vec<f32>,
    ) {
        let firsts = match &input {
            Input::FirstRows(x) => Some(first_rows(x, batch, layers[0].inputs)),
            _ => None,
        };
        let input = firsts.as_ref().map_or(input, Input::Rows);
        let rows = if firsts.is_some() { batch.prepared.windows() } else { batch.prepared.rows() };
        self.clock.record("linear", Cost::linear(rows, layers));
        self.run("linear", || {
            let len = rows * layers[0].outputs;
            let of_task = rows_of_task(rows);
            let layer = |l: usize, at: LinearOffsets| Layer {
                at,
                parts: parts(&input, l, rows, at.inputs),
                transposed: transposed(weight(params, at), at),
                bias: &params[at.bias..at.bias + at.outputs],
                activation,
                dropout,
                element: l * len,
            };
            let layers: Vec<Layer<'_>> = layers.iter().enumerate().map(|(l, &at)| layer(l, at)).collect();
            let outs = out[..len * layers.len()].chunks_exact_mut(len).zip(&layers);
            let tasks = outs.flat_map(|(out, layer)| {
                out.chunks_mut(of_task * layer.at.outputs).enumerate().map(move |(task, out)| (task, layer, out))
            });
            // All layers of some rows together: they read the same rows, which are then near the core.
            let mut tasks: Vec<_> = tasks.collect();
            tasks.sort_by_key(|(task, ..)| *task);
            tasks.into_par_iter().for_each(|(task, layer, out)| layer.forward(task * of_task, out));
        });
    }

    fn linear_input_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        d_out: &Vec<f32>,
        layers: &[LinearOffsets],
        to: InputGrad<'_, Vec<f32>>,
    ) {
        let (n, at) = (batch.prepared.rows(), layers[0]);
        let of = |l: usize, rows: usize| (&d_out[l * rows * at.outputs..(l + 1) * rows * at.outputs], layers[l]);
        let width = at.inputs;
        let joined = |parts: Vec<&mut Vec<f32>>, add: bool| {
            let width = width / parts.len();
            for (p, d_x) in parts.into_iter().enumerate() {
                input_grad(params, &[of(0, n)], p * width, width, add, None, &mut d_x[..n * width]);
            }
        };
        let rows = if matches!(to, InputGrad::AddFirstRows(_)) { batch.prepared.windows() } else { n };
        self.clock.record("linear_input_grad", Cost::linear(rows, layers));
        self.run("linear_input_grad", || match to {
            InputGrad::Rows(d_x) => {
                input_grad(params, &[of(0, n)], 0, width, false, None, &mut d_x[..n * width]);
            }
            InputGrad::Through { grad, output, scale } => {
                let through = Some((&output[..n * width], scale));
                input_grad(params, &[of(0, n)], 0, width, false, through, &mut grad[..n * width]);
            }
            InputGrad::Add(d_x) => input_grad(params, &[of(0, n)], 0, width, true, None, &mut d_x[..n * width]),
            InputGrad::AddFirstRows(d_x) => {
                let windows = batch.prepared.windows();
                let mut firsts = vec![0.0; windows * width];
                input_grad(params, &[of(0, windows)], 0, width, false, None, &mut firsts);
                for (first, &row) in firsts.chunks_exact(width).zip(&batch.prepared.batch.offsets) {
                    for (d, f) in d_x[row as usize * width..].iter_mut().zip(first) {
                        *d += f;
                    }
                }
            }
            InputGrad::AddStreams(d_ctx, d_val) => {
                let of_ctx = [of(0, n), of(1, n)];
                let of_val = [of(2, n)];
                let of_task = rows_of_task(n);
                let [ctx, val] = [d_ctx, d_val].map(|d| d[..n * width].par_chunks_mut(of_task * width));
                ctx.zip(val).enumerate().for_each(|(task, (ctx, val))| {
                    input_grad_rows(params, &of_ctx, 0, true, task * of_task, width, ctx);
                    input_grad_rows(params, &of_val, 0, true, task * of_task, width, val);
                });
            }
            InputGrad::Joined(parts) => joined(parts, false),
            InputGrad::AddJoined(parts) => joined(parts, true),
        });
    }

    fn linear_weight_grad(
        &mut self,
        batch: &Batch,
        d_out: &Vec<f32>,
        input: Input<'_, Vec<f32>>,
        layers: &[LinearOffsets],
        grads: &mut Vec<f32>,
    ) {
        let firsts = match &input {
            Input::FirstRows(x) => Some(first_rows(x, batch, layers[0].inputs)),
            _ => None,
        };
        let input = firsts.as_ref().map_or(input, Input::Rows);
        let rows = if firsts.is_some() { batch.prepared.windows() } else { batch.prepared.rows() };
        self.clock.record("linear_weight_grad", Cost::linear(rows, layers));
        self.run("linear_weight_grad", || {
            places(grads, layers).into_par_iter().zip(layers).enumerate().for_each(|(l, ([weight, bias], &at))| {
                let d_out = &d_out[l * rows * at.outputs..(l + 1) * rows * at.outputs];
                weight_grad(d_out, &parts(&input, l, rows, at.inputs), at, weight, bias);
            });
        });
    }
}
