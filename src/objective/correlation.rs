//! Pearson correlations of many groups of rows at once, differentiable, in a handful of tensor operations.

use burn::tensor::{Device, Tensor, TensorData};

use super::statistics::{CORR_EPS, centred};
use crate::ops::total;

/// Keeps √variance differentiable at zero; far below what a correlation can show.
const VARIANCE_EPS: f32 = 1e-20;

/// Groups of rows with a known target each: everything about them that does not depend on the model.
///
/// For G groups over the first n rows of a batch.
#[derive(Debug, Clone)]
pub struct PearsonGroups {
    rows: usize,
    /// 1 where a row belongs to the group, `[G, n]`.
    member: Tensor<2>,
    /// Centred target over group size, `[G, n]`.
    target: Tensor<2>,
    /// 1 / group size, `[G, 1]`.
    inverse_size: Tensor<2>,
    /// Standard deviation of the target, `[G, 1]`.
    deviation: Tensor<2>,
    /// Weight of each group in [`Self::weighted`], `[G, 1]`.
    weight: Tensor<2>,
}

/// One group on the host.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// First row; the group is as long as `target`.
    pub first: usize,
    /// Target of each row.
    pub target: Vec<f64>,
    /// Weight in [`PearsonGroups::weighted`].
    pub weight: f64,
}

impl PearsonGroups {
    /// Uploads `groups` over the first `rows` rows; `None` where there is no group.
    pub(super) fn new(groups: &[Group], rows: usize, device: &Device) -> Option<Self> {
        if groups.is_empty() {
            return None;
        }
        let count = groups.len();
        let (mut member, mut target) = (vec![0f32; count * rows], vec![0f32; count * rows]);
        let (mut inverse_size, mut deviation, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        for (g, group) in groups.iter().enumerate() {
            let n = group.target.len() as f64;
            let y = centred(&group.target);
            for (i, y) in y.iter().enumerate() {
                member[g * rows + group.first + i] = 1.0;
                target[g * rows + group.first + i] = (y / n) as f32;
            }
            inverse_size.push((1.0 / n) as f32);
            deviation.push((y.iter().map(|y| y * y).sum::<f64>() / n).sqrt() as f32);
            weight.push(group.weight as f32);
        }
        let matrix = |values, width| Tensor::<2>::from_data(TensorData::new(values, [count, width]), device);
        Some(Self {
            rows,
            member: matrix(member, rows),
            target: matrix(target, rows),
            inverse_size: matrix(inverse_size, 1),
            deviation: matrix(deviation, 1),
            weight: matrix(weight, 1),
        })
    }

    /// Correlation of each group's rows of `x` `[N]` with its target, `[G, 1]`.
    pub fn correlations(&self, x: Tensor<1>) -> Tensor<2> {
        let x = x.slice([0..self.rows]).reshape([1, self.rows]) * self.member.clone();
        let mean = x.clone().sum_dim(1) * self.inverse_size.clone();
        let x = (x - mean) * self.member.clone();
        let covariance = (x.clone() * self.target.clone()).sum_dim(1);
        let variance = (x.clone() * x).sum_dim(1) * self.inverse_size.clone();
        covariance / ((variance + VARIANCE_EPS).sqrt() * self.deviation.clone() + CORR_EPS as f32)
    }

    /// Σ weight · correlation, `[1]`.
    pub fn weighted(&self, x: Tensor<1>) -> Tensor<1> {
        total(self.correlations(x) * self.weight.clone())
    }
}
