//! Matrix products by the `gemm` crate behind checked views; small ones are in `small_product.rs`.
#![allow(unsafe_code)]

use gemm::Parallelism;

/// A matrix inside a slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` rows of `cols` elements that begin every `stride` elements.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        Self { data, rows, cols, row_stride: stride, col_stride: 1 }
    }

    /// Rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// Rows and columns.
    pub(super) fn shape(self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// Elements from a row to the next, and from a column to the next.
    pub(super) fn strides(self) -> [usize; 2] {
        [self.row_stride, self.col_stride]
    }

    /// The slice from the first element on.
    pub(super) fn data(self) -> &'a [f32] {
        self.data
    }

    /// Whether the elements of a row follow one another.
    pub(super) fn rows_lie_together(self) -> bool {
        self.col_stride == 1
    }

    /// Whether every element lies inside the slice.
    pub(super) fn fits(self) -> bool {
        reach(self.rows, self.cols, self.row_stride, self.col_stride) <= self.data.len()
    }
}

/// One past the last element a matrix touches.
fn reach(rows: usize, cols: usize, row_stride: usize, col_stride: usize) -> usize {
    if rows == 0 || cols == 0 { 0 } else { (rows - 1) * row_stride + (cols - 1) * col_stride + 1 }
}

/// `out` (rows every `stride` elements) = `keep`·`out` + `factor`·`a`·`b`, on the calling thread.
///
/// # Panics
/// The matrices do not fit each other or their slices: a mistake in this program.
pub(crate) fn product(out: &mut [f32], stride: usize, keep: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "inner sizes of a product");
    assert!(stride >= n || m <= 1, "rows of a product's output overlap");
    for view in [a, b] {
        assert!(view.fits(), "a factor too short");
    }
    assert!(reach(m, n, stride, 1) <= out.len(), "a product's output too short");
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: every element of the three matrices lies inside its slice (checked above), `out` is borrowed
    // exclusively, and its rows do not overlap.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            keep,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            factor,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_views_and_their_transposes() {
        let a: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let b: Vec<f32> = (0..20).map(|i| (i * i % 7) as f32).collect();
        // a: 3×2 inside rows of 4; b: 5×2 inside rows of 4, transposed to 2×5.
        let (va, vb) = (Matrix::new(&a, 3, 2, 4), Matrix::new(&b, 5, 2, 4).transposed());
        let mut out = vec![1.0; 3 * 6];
        product(&mut out, 6, true, 2.0, va, vb);
        for i in 0..3 {
            for j in 0..5 {
                let wanted = 1.0 + 2.0 * (a[i * 4] * b[j * 4] + a[i * 4 + 1] * b[j * 4 + 1]);
                assert_eq!(out[i * 6 + j], wanted);
            }
            assert_eq!(out[i * 6 + 5], 1.0, "what lies between rows is left alone");
        }
    }

    #[test]
    #[should_panic(expected = "a factor too short")]
    fn a_view_past_its_slice_is_refused() {
        let data = [0.0; 7];
        product(&mut [0.0; 16], 4, false, 1.0, Matrix::new(&data, 4, 2, 2), Matrix::new(&data, 2, 2, 2));
    }
}
