//! Products of small matrices: what a call of the library costs before it computes is more than these take.
#![allow(unsafe_code)]

use pulp::{Simd, WithSimd};

use super::product::Matrix;

/// Rows of a block whose sums stay in registers, beside one vector of columns or two: enough sums under way at a time to hide
/// what one addition takes.
const ROWS: [usize; 2] = [12, 6];

/// `out` (rows every `stride` elements) = `keep`·`out` + `factor`·`a`·`b`, where the rows of `b` lie together in memory.
///
/// # Panics
/// The matrices do not fit each other or their slices: a mistake in this program.
pub(crate) fn small_product(out: &mut [f32], stride: usize, keep: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>) {
    let [m, k] = a.shape();
    let [inner, n] = b.shape();
    assert_eq!(k, inner, "inner sizes of a product");
    assert!(b.rows_lie_together(), "a small product's second factor is transposed");
    assert!(stride >= n || m <= 1, "rows of a product's output overlap");
    assert!(a.fits() && b.fits(), "a factor too short");
    if m == 0 || n == 0 {
        return;
    }
    assert!((m - 1) * stride + n <= out.len(), "a product's output too short");
    pulp::Arch::new().dispatch(Small { out, stride, keep, factor, a, b });
}

struct Small<'a> {
    out: &'a mut [f32],
    stride: usize,
    keep: bool,
    factor: f32,
    a: Matrix<'a>,
    b: Matrix<'a>,
}

impl WithSimd for Small<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let [m, _] = self.a.shape();
        let [_, n] = self.b.shape();
        let lanes = S::F32_LANES;
        let mut j = 0;
        while j < n {
            let left = n - j;
            let columns = if left >= 2 * lanes { 2 * lanes } else { left.min(lanes) };
            let vectors = if columns == 2 * lanes { 2 } else { 1 };
            let mut i = 0;
            while i < m {
                /// The block of as many rows as are left, out of some.
                macro_rules! block {
                    ($vectors:literal: $($rows:literal)*) => {
                        match m - i {
                            $($rows => self.block::<S, $rows, $vectors>(simd, i, j, columns),)*
                            _ => self.block::<S, { ROWS[$vectors - 1] }, $vectors>(simd, i, j, columns),
                        }
                    };
                }
                match vectors {
                    1 => block!(1: 1 2 3 4 5 6 7 8 9 10 11),
                    _ => block!(2: 1 2 3 4 5),
                }
                i += ROWS[vectors - 1];
            }
            j += columns;
        }
    }
}

impl Small<'_> {
    /// Rows `i` to `i + R` of columns `j` to `j + columns`: V whole vectors, or a part of one.
    #[inline(always)]
    fn block<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, i: usize, j: usize, columns: usize) {
        let lanes = S::F32_LANES;
        let whole = columns == V * lanes;
        let [_, depth] = self.a.shape();
        let (a, [row, step]) = (&self.a.data()[i * self.a.strides()[0]..], self.a.strides());
        let (b, b_row) = (self.b.data(), self.b.strides()[0]);
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for k in 0..depth {
            let from = k * b_row + j;
            let mut right = [simd.splat_f32s(0.0); V];
            if whole {
                for (v, right) in right.iter_mut().enumerate() {
                    // SAFETY: columns j to j + V·lanes of row k are inside `b`, whose reach `small_product` has checked.
                    *right = unsafe { b.as_ptr().add(from + v * lanes).cast::<S::f32s>().read_unaligned() };
                }
            } else {
                right[0] = simd.partial_load_f32s(&b[from..from + columns]);
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row i + r and column k are inside `a`, whose reach `small_product` has checked.
                let left = simd.splat_f32s(unsafe { *a.get_unchecked(r * row + k * step) });
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = simd.mul_add_e_f32s(left, right, *sum);
                }
            }
        }
        let factor = simd.splat_f32s(self.factor);
        for (r, sums) in sums.into_iter().enumerate() {
            for (v, sum) in sums.into_iter().enumerate() {
                let at = (i + r) * self.stride + j + v * lanes;
                let count = (columns - v * lanes).min(lanes);
                let out = &mut self.out[at..at + count];
                if whole {
                    let place = out.as_mut_ptr().cast::<S::f32s>();
                    // SAFETY: `out` is one vector long.
                    unsafe {
                        place.write_unaligned(match self.keep {
                            true => simd.mul_add_e_f32s(factor, sum, place.read_unaligned()),
                            false => simd.mul_f32s(factor, sum),
                        });
                    }
                } else {
                    let value = match self.keep {
                        true => simd.mul_add_e_f32s(factor, sum, simd.partial_load_f32s(out)),
                        false => simd.mul_f32s(factor, sum),
                    };
                    simd.partial_store_f32s(out, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_products_of_every_shape() {
        let noise = |n: usize| (0..n).map(|i| ((i * 7919) % 23) as f32 - 11.0).collect::<Vec<f32>>();
        for (m, n, k) in
            [(1, 1, 1), (5, 3, 2), (6, 16, 4), (11, 16, 5), (25, 16, 9), (13, 33, 16), (32, 47, 21), (7, 64, 3)]
        {
            // Both factors lie inside wider rows.
            let (a, b) = (noise(m.max(k) * (m.max(k) + 3)), noise(k * (n + 5)));
            for transposed in [false, true] {
                let width = m.max(k) + 3;
                let view = match transposed {
                    true => Matrix::new(&a, k, m, width).transposed(),
                    false => Matrix::new(&a, m, k, width),
                };
                let mut out = vec![2.0; m * (n + 1)];
                small_product(&mut out, n + 1, true, 0.5, view, Matrix::new(&b, k, n, n + 5));
                for i in 0..m {
                    for j in 0..n {
                        let at = |i: usize, l: usize| if transposed { a[l * width + i] } else { a[i * width + l] };
                        let sum: f32 = (0..k).map(|l| at(i, l) * b[l * (n + 5) + j]).sum();
                        assert_eq!(out[i * (n + 1) + j], 2.0 + 0.5 * sum, "{m}×{k}×{n} at {i}, {j}");
                    }
                    assert_eq!(out[i * (n + 1) + n], 2.0, "what lies between rows is left alone");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "transposed")]
    fn a_transposed_second_factor_is_refused() {
        let data = [0.0; 16];
        let b = Matrix::new(&data, 4, 4, 4).transposed();
        small_product(&mut [0.0; 16], 4, false, 1.0, Matrix::new(&data, 4, 4, 4), b);
    }
}
