//! Arithmetic on neighbouring floats that compilers turn into vector instructions.

use pulp::{Simd, WithSimd};

/// Computes an expression compiled for the widest vectors this processor has. Functions it calls must be inlined.
macro_rules! vectorised {
    ($work:expr) => {
        pulp::Arch::new().dispatch($crate::ops::cpu::lanes::Vectorised(
            #[inline(always)]
            || $work,
        ))
    };
}
pub(crate) use vectorised;

/// Work that is compiled once for each kind of vectors. The library takes plain closures too, but calls them through functions
/// that are not inlined: what a long closure does would then be compiled for the oldest processors only.
pub(crate) struct Vectorised<F>(pub(crate) F);

impl<R, F: FnMut() -> R> WithSimd for Vectorised<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}

/// Partial sums kept apart: as many as the widest vectors hold, in a fixed order.
pub(crate) const LANES: usize = 16;

/// Σ f(a, b).
#[inline(always)]
fn fold(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| f(*a, *b)).sum();
    for (a, b) in a.zip(b) {
        for i in 0..LANES {
            sums[i] += f(a[i], b[i]);
        }
    }
    joined(sums, |a, b| a + b) + rest
}

/// The partial results of all lanes as one: halves joined with halves.
#[inline(always)]
fn joined(lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    // Else compilers take what gave the lanes apart into pairs, to suit the last of these sums.
    let lanes = std::hint::black_box(lanes);
    let eight: [f32; 8] = std::array::from_fn(|i| join(lanes[i], lanes[i + 8]));
    let four: [f32; 4] = std::array::from_fn(|i| join(eight[i], eight[i + 4]));
    let two: [f32; 2] = std::array::from_fn(|i| join(four[i], four[i + 2]));
    join(two[0], two[1])
}

/// Σ x.
#[inline(always)]
pub(crate) fn sum(x: &[f32]) -> f32 {
    fold(x, x, |x, _| x)
}

/// Σ (x − from)².
#[inline(always)]
pub(crate) fn squared_deviations(x: &[f32], from: f32) -> f32 {
    fold(x, x, |x, _| (x - from) * (x - from))
}

/// Σ a·b.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    fold(a, b, |a, b| a * b)
}

/// Σ f(a, b) of two series of one length.
#[inline(always)]
pub(crate) fn total(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    fold(a, b, f)
}

/// Largest element; −∞ of none.
#[inline(always)]
pub(crate) fn max(x: &[f32]) -> f32 {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder().iter().fold(f32::NEG_INFINITY, |m, &x| if x > m { x } else { m });
    for chunk in chunks {
        for i in 0..LANES {
            tops[i] = if chunk[i] > tops[i] { chunk[i] } else { tops[i] };
        }
    }
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    larger(rest, joined(tops, larger))
}

/// eˣ to about two units in the last place, for x ≤ 88; 0 below −87.
///
/// Range reduction to |r| ≤ ln 2/2 and the Cephes polynomial, in operations every vector unit has.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    // Adding and taking away 1.5·2²³ rounds to the nearest whole number.
    let rounded = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = rounded - 12_582_912.0;
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    // The low bits of `rounded` are n; shifted into the exponent they are 2ⁿ.
    let power = f32::from_bits((rounded.to_bits().wrapping_add(127)) << 23);
    if x <= -87.0 { 0.0 } else { y * power }
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // exp overflows nowhere: the argument is never above 0.
    let e = exp(-x.abs());
    let low = e / (1.0 + e);
    if x >= 0.0 { 1.0 - low } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_sigmoid_are_those_of_64_bits() {
        for i in -88_000..=88_000 {
            let x = i as f32 * 1e-3;
            let wanted = f64::from(x).exp();
            if x > -87.0 {
                let error = (f64::from(exp(x)) - wanted).abs() / wanted;
                assert!(error < 3e-7, "exp({x}) is off by {error}");
            }
            let wanted = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid(x)) - wanted).abs() < 1e-7, "sigmoid({x})");
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
    }

    #[test]
    fn sums_take_every_element() {
        for n in [0usize, 1, 15, 16, 17, 33, 199] {
            let x: Vec<f32> = (0..n).map(|i| i as f32 - 3.0).collect();
            let wanted: f32 = x.iter().sum();
            assert_eq!(vectorised!(sum(&x)), wanted);
            assert_eq!(max(&x), x.last().copied().unwrap_or(f32::NEG_INFINITY));
            assert_eq!(dot(&x, &x), x.iter().map(|x| x * x).sum::<f32>());
        }
    }
}
