//! LSTM over windows as one operation with a backward pass of its own.
//!
//! Step by step through automatic differentiation, each step's slice of the input would cost a gradient as large as the whole
//! input: quadratic in the length. Here both passes walk once through time.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::wgpu::CubeBackend;
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata as _, backend_extension};
use burn::tensor::Tensor;

/// Both passes on plain tensors. T steps, W windows, H hidden features; gates lie side by side: input, forget, output, cell.
#[backend_extension(Cube, Flex)]
pub trait LstmKernels: Backend {
    /// Hidden states `[T, W, H]`, gates `[T, W, 4H]` after their activations, and cells `[T, W, H]`, from the inputs' part
    /// of the gates `[T, W, 4H]` and the hidden states' weight `[H, 4H]`.
    fn lstm_forward(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of the inputs' part and of the weight.
    fn lstm_backward(
        hidden: FloatTensor<Self>,
        gates: FloatTensor<Self>,
        cells: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The operation that can be differentiated.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait LstmOp: Backend {
    /// Hidden states `[T, W, H]`.
    fn lstm(input: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Hidden states `[T, W, H]` of an LSTM that starts with zeros, from the inputs' part of the gates `[T, W, 4H]` (with bias)
/// and the hidden states' weight `[H, 4H]`.
pub fn lstm(input: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    Tensor::from_dispatch(<Dispatch as LstmOp>::lstm(input.into_dispatch(), weight.into_dispatch()))
}

/// Elements `[first, first + len)` along one dimension.
fn part<B: Backend>(x: FloatTensor<B>, dim: usize, first: usize, len: usize) -> FloatTensor<B> {
    let shape = x.shape();
    let slices: Vec<burn::tensor::Slice> = (0..shape.num_dims())
        .map(|d| if d == dim { (first..first + len).into() } else { (0..shape[d]).into() })
        .collect();
    B::float_slice(x, &slices)
}

/// Step `t` of `[T, W, n]` as `[W, n]`.
fn at<B: Backend>(x: &FloatTensor<B>, t: usize) -> FloatTensor<B> {
    let shape = x.shape();
    B::float_reshape(part::<B>(x.clone(), 0, t, 1), [shape[1], shape[2]].into())
}

/// Steps `[W, n]` one after another, `[T, W, n]`.
fn stacked<B: Backend>(steps: Vec<FloatTensor<B>>) -> FloatTensor<B> {
    let (count, shape) = (steps.len(), steps[0].shape());
    B::float_reshape(B::float_cat(steps, 0), [count, shape[0], shape[1]].into())
}

fn zeros<B: Backend>(like: &FloatTensor<B>, windows: usize, width: usize) -> FloatTensor<B> {
    B::float_zeros([windows, width].into(), &like.device(), like.dtype().into())
}

fn forward<B: Backend>(input: FloatTensor<B>, weight: FloatTensor<B>) -> [FloatTensor<B>; 3] {
    let ([steps, windows], h) = ([input.shape()[0], input.shape()[1]], weight.shape()[0]);
    let mut hidden = zeros::<B>(&input, windows, h);
    let mut cell = hidden.clone();
    let [mut all_hidden, mut all_gates, mut all_cells] = [const { Vec::new() }; 3];
    for t in 0..steps {
        let z = B::float_add(at::<B>(&input, t), B::float_matmul(hidden, weight.clone()));
        let open = B::sigmoid(part::<B>(z.clone(), 1, 0, 3 * h));
        let candidate = B::float_tanh(part::<B>(z, 1, 3 * h, h));
        let gate = |i: usize| part::<B>(open.clone(), 1, i * h, h);
        let kept = B::float_mul(gate(1), cell);
        cell = B::float_add(kept, B::float_mul(gate(0), candidate.clone()));
        hidden = B::float_mul(gate(2), B::float_tanh(cell.clone()));
        all_gates.push(B::float_cat(vec![open, candidate], 1));
        all_cells.push(cell.clone());
        all_hidden.push(hidden.clone());
    }
    [stacked::<B>(all_hidden), stacked::<B>(all_gates), stacked::<B>(all_cells)]
}

fn backward<B: Backend>(
    [hidden, gates, cells]: [FloatTensor<B>; 3],
    weight: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let ([steps, windows], h) = ([hidden.shape()[0], hidden.shape()[1]], weight.shape()[0]);
    let one_minus = |x: FloatTensor<B>| B::float_add_scalar(B::float_neg(x), 1f32.into());
    let square = |x: FloatTensor<B>| B::float_mul(x.clone(), x);
    let back = B::float_transpose(weight);
    let mut d_hidden = zeros::<B>(&hidden, windows, h);
    let mut d_cell = d_hidden.clone();
    let mut all = Vec::with_capacity(steps);
    for t in (0..steps).rev() {
        let gate = |i: usize| part::<B>(at::<B>(&gates, t), 1, i * h, h);
        let [input, forget, output, candidate] = [gate(0), gate(1), gate(2), gate(3)];
        let before = if t == 0 { zeros::<B>(&hidden, windows, h) } else { at::<B>(&cells, t - 1) };
        let shown = B::float_tanh(at::<B>(&cells, t));
        let d = B::float_add(at::<B>(&grad, t), d_hidden);
        let through = B::float_mul(B::float_mul(d.clone(), output.clone()), one_minus(square(shown.clone())));
        let d_c = B::float_add(through, d_cell);
        // σ' = σ·(1 − σ), tanh' = 1 − tanh².
        let of_gate = |d: FloatTensor<B>, s: FloatTensor<B>| B::float_mul(d, B::float_mul(s.clone(), one_minus(s)));
        let d_candidate = B::float_mul(B::float_mul(d_c.clone(), input.clone()), one_minus(square(candidate.clone())));
        let d_z = B::float_cat(
            vec![
                of_gate(B::float_mul(d_c.clone(), candidate), input),
                of_gate(B::float_mul(d_c.clone(), before), forget.clone()),
                of_gate(B::float_mul(d, shown), output),
                d_candidate,
            ],
            1,
        );
        d_cell = B::float_mul(d_c, forget);
        d_hidden = B::float_matmul(d_z.clone(), back.clone());
        all.push(d_z);
    }
    all.reverse();
    let rows = steps * windows;
    let d_input = stacked::<B>(all);
    // Hidden states one step earlier: zeros, then all but the last.
    let first = B::float_zeros([1, windows, h].into(), &hidden.device(), hidden.dtype().into());
    let earlier = match steps {
        1 => first,
        _ => B::float_cat(vec![first, part::<B>(hidden, 0, 0, steps - 1)], 0),
    };
    let earlier = B::float_transpose(B::float_reshape(earlier, [rows, h].into()));
    let d_weight = B::float_matmul(earlier, B::float_reshape(d_input.clone(), [rows, 4 * h].into()));
    (d_input, d_weight)
}

macro_rules! on_backend {
    ($backend:ty) => {
        impl LstmKernels for $backend {
            fn lstm_forward(
                input: FloatTensor<Self>,
                weight: FloatTensor<Self>,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                forward::<Self>(input, weight).into()
            }

            fn lstm_backward(
                hidden: FloatTensor<Self>,
                gates: FloatTensor<Self>,
                cells: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                grad: FloatTensor<Self>,
            ) -> (FloatTensor<Self>, FloatTensor<Self>) {
                backward::<Self>([hidden, gates, cells], weight, grad)
            }
        }

        impl LstmOp for $backend {
            fn lstm(input: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
                Self::lstm_forward(input, weight).0
            }
        }
    };
}

on_backend!(Flex);
on_backend!(CubeBackend);

#[derive(Debug)]
struct LstmBackward;

impl<B: LstmKernels + LstmOp> Backward<B, 2> for LstmBackward {
    type State = [FloatTensor<B>; 4];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [hidden, gates, cells, weight] = ops.state;
        let (d_input, d_weight) = B::lstm_backward(hidden, gates, cells, weight, grad);
        for (parent, gradient) in ops.parents.into_iter().zip([d_input, d_weight]) {
            if let Some(node) = parent {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: LstmKernels + LstmOp, C: CheckpointStrategy> LstmOp for Autodiff<B, C> {
    fn lstm(input: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        let prepared = LstmBackward.prepare::<C>([input.node(), weight.node()]).compute_bound().stateful();
        let weight = weight.into_primitive();
        let (hidden, gates, cells) = B::lstm_forward(input.into_primitive(), weight.clone());
        match prepared {
            OpsKind::Tracked(prepared) => prepared.finish([hidden.clone(), gates, cells, weight], hidden),
            OpsKind::UnTracked(prepared) => prepared.finish(hidden),
        }
    }
}
