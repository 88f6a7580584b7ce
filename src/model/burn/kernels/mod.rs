//! Two of our own kernels as operations of burn's, forward and backward: attention within windows and the mastery scan. A model on
//! tensors that uses them keeps no matrix of scores and no chain of small operations; what differentiates is a node of burn's
//! automatic differentiation whose gradient is a kernel too. On a GPU they are the WGSL of `shaders/`, on the CPU the loops of
//! `ops/`.

mod cpu;
mod general;
pub(in crate::model) mod gpu;

pub use self::general::{general_attention, general_scan};

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{AutodiffBackend, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use crate::data::RaggedBatch;
use crate::ops::PreparedBatch;

/// Attention of row t of a window over its rows up to t, softmax(q·kᵀ/√(D/H))·v for each of `heads`, H: from queries, keys and
/// values `[W, T, D]` to `[W, T, D]`.
pub fn causal_attention([q, k, v]: [Tensor<3>; 3], heads: usize) -> Tensor<3> {
    let qkv = Tensor::stack::<4>(vec![q, k, v], 0);
    Tensor::from_dispatch(<Dispatch as WindowOps>::window_attention(qkv.into_dispatch(), heads))
}

/// Mastery over time (MODEL §2): `initial` `[W, C]` in row 0, then `clamp(M[t−1] + 0.1·G[t], 0, 1)` with the gains `[W, T, C]`.
pub fn mastery_scan(initial: Tensor<2>, gains: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(<Dispatch as WindowOps>::scan(initial.into_dispatch(), gains.into_dispatch()))
}

/// The operations, for burn's backends.
#[backend_extension(Cube, Flex, Autodiff)]
pub(in crate::model) trait WindowOps: Backend {
    /// From q, k, v `[3, W, T, D]` to `[W, T, D]`.
    fn window_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
    /// The gradient with respect to q, k, v `[3, W, T, D]` from that with respect to the output `[W, T, D]`. Attends once more, since
    /// q, k and v are all that is kept.
    fn window_attention_grad(qkv: FloatTensor<Self>, d_out: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
    /// Mastery `[W, T, C]` from `initial` `[W, C]` and `gains` `[W, T, C]`.
    fn scan(initial: FloatTensor<Self>, gains: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Gradients with respect to `initial` and `gains` from that with respect to `mastery`.
    fn scan_grad(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        d_mastery: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// W windows of T rows each, as our kernels want them; the skills do not matter to them.
fn windows(count: usize, length: usize) -> PreparedBatch {
    let mut batch = RaggedBatch::default();
    let (skills, responses) = (vec![0; length + 1], vec![0; length + 1]);
    (0..count).for_each(|_| batch.push_skills(&skills, &responses));
    PreparedBatch::new(batch, 1)
}

/// The node of [`causal_attention`].
#[derive(Debug)]
struct AttentionNode;

impl<B: WindowOps> Backward<B, 1> for AttentionNode {
    type State = (FloatTensor<B>, usize);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        let d_out = grads.consume::<B>(&ops.node);
        if let Some(parent) = parent {
            let (qkv, heads) = ops.state;
            grads.register::<B>(parent.id, B::window_attention_grad(qkv, d_out, heads));
        }
    }
}

/// The node of [`mastery_scan`].
#[derive(Debug)]
struct ScanNode;

impl<B: WindowOps> Backward<B, 2> for ScanNode {
    /// Mastery and gains.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [initial, gains] = ops.parents;
        let d_mastery = grads.consume::<B>(&ops.node);
        let (d_initial, d_gains) = B::scan_grad(ops.state.0, ops.state.1, d_mastery);
        if let Some(parent) = initial {
            grads.register::<B>(parent.id, d_initial);
        }
        if let Some(parent) = gains {
            grads.register::<B>(parent.id, d_gains);
        }
    }
}

impl<B: WindowOps, C: CheckpointStrategy> WindowOps for Autodiff<B, C> {
    fn window_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        match AttentionNode.prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let qkv = qkv.into_primitive();
                prepared.finish((qkv.clone(), heads), B::window_attention(qkv, heads))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::window_attention(qkv.into_primitive(), heads)),
        }
    }

    fn scan(initial: FloatTensor<Self>, gains: FloatTensor<Self>) -> FloatTensor<Self> {
        match ScanNode.prepare::<C>([initial.node(), gains.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let gains = gains.into_primitive();
                let mastery = B::scan(initial.into_primitive(), gains.clone());
                prepared.finish((mastery.clone(), gains), mastery)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::scan(initial.into_primitive(), gains.into_primitive())),
        }
    }

    // Gradients are not differentiated again: constants to whoever asks.
    fn window_attention_grad(qkv: FloatTensor<Self>, d_out: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        Self::from_inner(B::window_attention_grad(qkv.into_primitive(), d_out.into_primitive(), heads))
    }

    fn scan_grad(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        d_mastery: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (d_initial, d_gains) =
            B::scan_grad(mastery.into_primitive(), gains.into_primitive(), d_mastery.into_primitive());
        (Self::from_inner(d_initial), Self::from_inner(d_gains))
    }
}
