//! The operations once more in plain, differentiable tensor operations: slow, obvious, and what the
//! kernels are tested against.

use burn::tensor::{Tensor, TensorData, activation};

use super::{Dropout, GAIN_SCALE, NORM_EPS, Ragged};

/// [`super::causal_attention`], window by window with stored scores.
pub fn causal_attention(q: Tensor<2>, k: Tensor<2>, v: Tensor<2>, rows: &Ragged, heads: usize) -> Tensor<2> {
    let [_, width] = q.dims();
    let dk = width / heads;
    let parts = windows(rows).map(|at| {
        let len = at.len();
        let split = |x: &Tensor<2>| x.clone().slice([at.clone(), 0..width]).reshape([len, heads, dk]).swap_dims(0, 1);
        let (q, k, v) = (split(&q), split(&k), split(&v));
        let future = (0..len * len).map(|i| if i % len > i / len { -1e9f32 } else { 0.0 }).collect::<Vec<_>>();
        let future = Tensor::<3>::from_data(TensorData::new(future, [1, len, len]), &v.device());
        let scores = q.matmul(k.swap_dims(1, 2)).div_scalar((dk as f32).sqrt()) + future;
        activation::softmax(scores, 2).matmul(v).swap_dims(0, 1).reshape([len, width])
    });
    Tensor::cat(parts.collect(), 0)
}

/// [`super::mastery_scan`], step by step.
pub fn mastery_scan(initial: Tensor<2>, gains: Tensor<2>, rows: &Ragged) -> Tensor<2> {
    let [_, skills] = gains.dims();
    let mut steps = Vec::new();
    for (w, at) in windows(rows).enumerate() {
        let mut mastery = initial.clone().slice([w..w + 1, 0..skills]);
        steps.push(mastery.clone());
        for t in at.skip(1) {
            let gain = gains.clone().slice([t..t + 1, 0..skills]).mul_scalar(GAIN_SCALE);
            mastery = (mastery + gain).clamp(0.0, 1.0);
            steps.push(mastery.clone());
        }
    }
    Tensor::cat(steps, 0)
}

/// [`super::residual_norm`].
pub fn residual_norm(x: Tensor<2>, a: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, drop: Dropout) -> Tensor<2> {
    let sum = x + dropout(a, drop);
    let centred = sum.clone() - sum.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    centred / (variance + NORM_EPS).sqrt() * gamma.unsqueeze() + beta.unsqueeze()
}

/// [`super::dropout`] with the mask made on the host.
pub fn dropout(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    let shape @ [rows, width] = x.dims();
    let mask: Vec<f32> =
        (0..rows * width).map(|i| if dropout.is_off() { 1.0 } else { dropout.factor(i as u32) }).collect();
    let mask = Tensor::<2>::from_data(TensorData::new(mask, shape), &x.device());
    x * mask
}

fn windows(rows: &Ragged) -> impl Iterator<Item = std::ops::Range<usize>> {
    let offsets = rows.offsets();
    (0..rows.windows()).map(move |w| offsets[w] as usize..offsets[w + 1] as usize)
}
