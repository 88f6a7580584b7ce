//! Hand-written gradients: each operation's forward kernel, recorded with what its backward kernel needs.

use burn::backend::autodiff::{
    Autodiff,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::extension::{DifferentiableOps, Kernels};
use super::{Dropout, Offsets};

/// What autodiff's backends must offer.
trait Inner: Kernels + DifferentiableOps {}
impl<B: Kernels + DifferentiableOps> Inner for B {}

/// Hands a gradient to a parent that wants one.
macro_rules! give {
    ($grads:ident, $parent:expr, $gradient:expr) => {
        if let Some(node) = $parent {
            $grads.register::<B>(node.id, $gradient);
        }
    };
}

#[derive(Debug)]
struct AttentionBackward;

impl<B: Inner> Backward<B, 3> for AttentionBackward {
    type State = ([FloatTensor<B>; 5], IntTensor<B>, Offsets, usize);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([q, k, v, out, lse], layout, offsets, heads) = ops.state;
        let (dq, dk, dv) = B::attention_backward(q, k, v, out, lse, grad, layout, offsets, heads);
        let [q, k, v] = ops.parents;
        give!(grads, q, dq);
        give!(grads, k, dk);
        give!(grads, v, dv);
    }
}

#[derive(Debug)]
struct ScanBackward;

impl<B: Inner> Backward<B, 2> for ScanBackward {
    type State = (FloatTensor<B>, FloatTensor<B>, IntTensor<B>, Offsets);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (mastery, gains, layout, offsets) = ops.state;
        let (d_initial, d_gains) = B::scan_backward(mastery, gains, grad, layout, offsets);
        let [initial, gains] = ops.parents;
        give!(grads, initial, d_initial);
        give!(grads, gains, d_gains);
    }
}

#[derive(Debug)]
struct NormBackward;

impl<B: Inner> Backward<B, 4> for NormBackward {
    type State = ([FloatTensor<B>; 4], Dropout);

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([x, a, gamma, stats], dropout) = ops.state;
        let (d_sum, d_affine) = B::norm_backward(x, a, gamma, stats, grad, dropout);
        let [x, a, gamma, beta] = ops.parents;
        if let Some(a) = a {
            let d_a = if dropout.is_off() { d_sum.clone() } else { B::dropout_apply(d_sum.clone(), dropout) };
            grads.register::<B>(a.id, d_a);
        }
        give!(grads, x, d_sum);
        give!(grads, gamma, row::<B>(d_affine.clone(), 0));
        give!(grads, beta, row::<B>(d_affine, 1));
    }
}

/// Row `i` of a `[2, D]` tensor as `[D]`.
fn row<B: Inner>(pair: FloatTensor<B>, i: usize) -> FloatTensor<B> {
    use burn::backend::TensorMetadata as _;
    let width = pair.shape()[1];
    let rows = B::float_slice(pair, &[(i..i + 1).into(), (0..width).into()]);
    B::float_reshape(rows, [width].into())
}

#[derive(Debug)]
struct DropoutBackward;

impl<B: Inner> Backward<B, 1> for DropoutBackward {
    type State = Dropout;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [x] = ops.parents;
        give!(grads, x, B::dropout_apply(grad, ops.state));
    }
}

impl<B: Kernels + DifferentiableOps, C: CheckpointStrategy> DifferentiableOps for Autodiff<B, C> {
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
        heads: usize,
    ) -> FloatTensor<Self> {
        let prep = AttentionBackward.prepare::<C>([q.node(), k.node(), v.node()]).compute_bound().stateful();
        let (q, k, v) = (q.into_primitive(), k.into_primitive(), v.into_primitive());
        let (out, lse) = B::attention_forward(q.clone(), k.clone(), v.clone(), layout.clone(), offsets.clone(), heads);
        match prep {
            OpsKind::Tracked(prep) => {
                let saved = [q, k, v, out.clone(), lse];
                prep.finish((saved, layout, offsets, heads), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn mastery_scan(
        initial: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> FloatTensor<Self> {
        let prep = ScanBackward.prepare::<C>([initial.node(), gains.node()]).compute_bound().stateful();
        let gains = gains.into_primitive();
        let out = B::scan_forward(initial.into_primitive(), gains.clone(), layout.clone(), offsets.clone());
        match prep {
            OpsKind::Tracked(prep) => prep.finish((out.clone(), gains, layout, offsets), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn residual_norm(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dropout: Dropout,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), a.node(), gamma.node(), beta.node()];
        let prep = NormBackward.prepare::<C>(nodes).compute_bound().stateful();
        let (x, a, gamma) = (x.into_primitive(), a.into_primitive(), gamma.into_primitive());
        let (out, stats) = B::norm_forward(x.clone(), a.clone(), gamma.clone(), beta.into_primitive(), dropout);
        match prep {
            OpsKind::Tracked(prep) => prep.finish(([x, a, gamma, stats], dropout), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn dropout(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self> {
        let prep = DropoutBackward.prepare::<C>([x.node()]).compute_bound().stateful();
        let out = B::dropout_apply(x.into_primitive(), dropout);
        match prep {
            OpsKind::Tracked(prep) => prep.finish(dropout, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }
}
