//! Host statistics in 64-bit floats: what the device's correlations and targets are defined by.

/// Added to the product of deviations, so that a constant series gives 0.
pub(super) const CORR_EPS: f64 = 1e-6;

/// Population Pearson correlation with 1e-6 added to the product of deviations (MODEL §3); 0 below three pairs.
pub fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    if n < 3 {
        return 0.0;
    }
    let (x, y) = (centred(&x[..n]), centred(&y[..n]));
    let mean = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    mean(&x, &y) / (mean(&x, &x).sqrt() * mean(&y, &y).sqrt() + CORR_EPS)
}

/// The series less its mean.
pub(super) fn centred(x: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len().max(1) as f64;
    x.iter().map(|x| x - mean).collect()
}

/// `series` minus its centred moving average of `window` steps with reflected ends (MODEL §3); the series
/// itself where it is shorter than window + 2.
pub fn residual(series: &[f64], window: usize) -> Vec<f64> {
    let n = series.len();
    if n < window + 2 {
        return series.to_vec();
    }
    let pad = window / 2;
    let reflected = |i: usize| {
        let i = i.abs_diff(pad);
        if i < n { i } else { 2 * (n - 1) - i }
    };
    (0..n)
        .map(|t| {
            let sum: f64 = (t..t + window).map(|i| series[reflected(i)]).sum();
            series[t] - sum / window as f64
        })
        .collect()
}
