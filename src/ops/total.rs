//! The sum of a whole tensor in a fixed order.

use burn::tensor::Tensor;

/// Longest row a flat tensor is folded into.
const MAX_WIDTH_LOG2: u32 = 10;

/// Σ of all elements, `[1]`, the same bytes every time.
///
/// burn's own `sum` and `mean` of a whole tensor add with float atomics on adapters that have them, in whatever
/// order the workgroups end; sums along one dimension do not.
pub fn total<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let count: usize = x.dims().iter().product();
    let width = match D {
        1 => 1 << count.trailing_zeros().min(MAX_WIDTH_LOG2),
        _ => x.dims()[D - 1],
    };
    let rows = count / width;
    x.reshape([rows, width]).sum_dim(1).reshape([1, rows]).sum_dim(1).reshape([1])
}
