//! The operations once more in 64-bit floats, one obvious loop each: what the kernels are tested against.

#![allow(dead_code)]

use gainakt::ops::{Activation, AttentionSizes, Dropout, EmbeddingTables, LinearOffsets, NormOffsets};

/// softmax(QKᵀ/√(D/H))·V over steps ≤ t of each window, from q, k, v `[3, N, D]`.
pub fn attention(qkv: &[f64], offsets: &[u32], at: AttentionSizes) -> Vec<f64> {
    let (width, n) = (at.heads * at.width, *offsets.last().unwrap() as usize);
    let cell = |which: usize, row: usize, h: usize, d: usize| qkv[(which * n + row) * width + h * at.width + d];
    let mut out = vec![0.0; n * width];
    for w in offsets.windows(2) {
        for row in w[0] as usize..w[1] as usize {
            for h in 0..at.heads {
                let score = |j: usize| {
                    let product: f64 = (0..at.width).map(|d| cell(0, row, h, d) * cell(1, j, h, d)).sum();
                    (product / (at.width as f64).sqrt()).exp()
                };
                let scores: Vec<f64> = (w[0] as usize..=row).map(score).collect();
                let all: f64 = scores.iter().sum();
                for d in 0..at.width {
                    let sum: f64 = scores.iter().zip(w[0] as usize..).map(|(s, j)| s * cell(2, j, h, d)).sum();
                    out[row * width + h * at.width + d] = sum / all;
                }
            }
        }
    }
    out
}

/// LayerNorm(x + a) of rows of `width`.
pub fn norm(x: &[f64], a: &[f64], params: &[f64], at: NormOffsets, width: usize) -> Vec<f64> {
    let rows = x.chunks(width).zip(a.chunks(width));
    rows.flat_map(|(x, a)| {
        let sum: Vec<f64> = x.iter().zip(a).map(|(x, a)| x + a).collect();
        let mean = sum.iter().sum::<f64>() / width as f64;
        let variance = sum.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / width as f64;
        let normal = move |s: f64| (s - mean) / (variance + 1e-5).sqrt();
        (0..width).map(|c| normal(sum[c]) * params[at.weight + c] + params[at.bias + c]).collect::<Vec<_>>()
    })
    .collect()
}

/// dropout(activation(x·Wᵀ + b)) of rows of `inputs`.
pub fn linear(x: &[f64], params: &[f64], at: LinearOffsets, activation: Activation, dropout: Dropout) -> Vec<f64> {
    let mut out = Vec::new();
    for row in x.chunks(at.inputs) {
        for o in 0..at.outputs {
            let weight = &params[at.weight + o * at.inputs..][..at.inputs];
            let y = params[at.bias + o] + row.iter().zip(weight).map(|(x, w)| x * w).sum::<f64>();
            let y = match activation {
                Activation::None => y,
                Activation::Relu => y.max(0.0),
                Activation::Sigmoid => 1.0 / (1.0 + (-y).exp()),
            };
            let factor = if dropout.is_off() { 1.0 } else { dropout.factor(out.len() as u32) };
            out.push(y * f64::from(factor));
        }
    }
    out
}

/// E_ctx\[token\] + P\[t\], E_val\[token\] + P\[t\] and E_concept\[next\] of each row, one after another.
pub fn embed(params: &[f64], at: EmbeddingTables, token: &[u32], position: &[u32], next: &[u32]) -> Vec<f64> {
    let row = |table: usize, i: u32| params[table + i as usize * at.width..][..at.width].to_vec();
    let sum = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a + b).collect::<Vec<_>>();
    let rows = || token.iter().zip(position);
    let mut out: Vec<f64> = rows().flat_map(|(&k, &p)| sum(row(at.context, k), row(at.position.unwrap(), p))).collect();
    out.extend(rows().flat_map(|(&k, &p)| sum(row(at.value.unwrap(), k), row(at.position.unwrap(), p))));
    if let Some(concept) = at.concept {
        out.extend(next.iter().flat_map(|&q| row(concept, q)));
    }
    out
}

/// M\[0\] = initial, M\[t\] = clamp(M\[t−1\] + 0.1·G\[t\], 0, 1) in each window.
pub fn scan(initial: &[f64], gains: &[f64], offsets: &[u32], skills: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for (w, range) in offsets.windows(2).enumerate() {
        let mut mastery = initial[w * skills..(w + 1) * skills].to_vec();
        out.extend(&mastery);
        for row in range[0] as usize + 1..range[1] as usize {
            for (m, g) in mastery.iter_mut().zip(&gains[row * skills..]) {
                *m = (*m + 0.1 * g).clamp(0.0, 1.0);
            }
            out.extend(&mastery);
        }
    }
    out
}

/// Gradient of Σ weight·f(x), element by element, by central differences.
pub fn gradient(x: &[f64], weights: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let value = |x: &[f64]| f(x).iter().zip(weights).map(|(y, w)| y * w).sum::<f64>();
    (0..x.len())
        .map(|i| {
            let moved = |by: f64| {
                let mut x = x.to_vec();
                x[i] += by;
                value(&x)
            };
            (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
        })
        .collect()
}
