//! The operations once more in burn's general ones: what the kernels are held against and timed beside.

use burn::tensor::Tensor;

use crate::model::burn::attention::{joined, scores, shares, split};
use crate::model::burn::windows::hidden;
use crate::model::row_stats::GAIN_SCALE;

/// [`super::causal_attention`] with a matrix of scores.
pub fn general_attention([q, k, v]: [Tensor<3>; 3], heads: usize) -> Tensor<3> {
    let rows = q.dims()[1];
    let later = hidden(rows, rows, 1, &q.device()).unsqueeze_dim(0);
    joined(shares(scores(q, k, heads), later).matmul(split(v, heads)))
}

/// [`super::mastery_scan`] as a loop over time.
pub fn general_scan(initial: Tensor<2>, gains: Tensor<3>) -> Tensor<3> {
    let mut rows = vec![initial.unsqueeze_dim::<3>(1)];
    for row in 1..gains.dims()[1] {
        let unclamped = rows[row - 1].clone() + gains.clone().narrow(1, row, 1) * GAIN_SCALE;
        rows.push(unclamped.clamp(0.0, 1.0));
    }
    Tensor::cat(rows, 1)
}
