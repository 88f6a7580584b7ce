//! Causal attention within windows, one task a window and head.
//!
//! Keys are transposed once a task so that the inner loops run over neighbouring floats.

use rayon::prelude::*;

/// Rows of one window and columns of one head, copied together: `[len, dk]`.
fn gather(x: &[f32], width: usize, rows: std::ops::Range<usize>, head: usize, dk: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() * dk);
    for row in rows {
        out.extend_from_slice(&x[row * width + head * dk..][..dk]);
    }
    out
}

fn transpose(x: &[f32], dk: usize) -> Vec<f32> {
    let len = x.len() / dk;
    let mut out = vec![0.0; x.len()];
    for (i, row) in x.chunks_exact(dk).enumerate() {
        for (d, &value) in row.iter().enumerate() {
            out[d * len + i] = value;
        }
    }
    out
}

/// out\[j\] = Σ_d x\[d\]·t\[d\]\[j\] for j < out.len(), with `t` `[dk, len]`.
fn times_transposed(x: &[f32], t: &[f32], len: usize, out: &mut [f32]) {
    out.fill(0.0);
    for (d, &factor) in x.iter().enumerate() {
        for (o, &value) in out.iter_mut().zip(&t[d * len..]) {
            *o += factor * value;
        }
    }
}

fn add_scaled(out: &mut [f32], factor: f32, x: &[f32]) {
    for (o, &value) in out.iter_mut().zip(x) {
        *o += factor * value;
    }
}

/// Every (window, head) pair, windows outermost.
fn tasks(offsets: &[u32], heads: usize) -> Vec<(std::ops::Range<usize>, usize)> {
    offsets.windows(2).flat_map(|w| (0..heads).map(move |h| (w[0] as usize..w[1] as usize, h))).collect()
}

/// Puts a task's `[len, dk]` result into its window's rows and its head's columns.
fn scatter(out: &mut [f32], part: &[f32], width: usize, rows: &std::ops::Range<usize>, head: usize, dk: usize) {
    for (row, values) in rows.clone().zip(part.chunks_exact(dk)) {
        out[row * width + head * dk..][..dk].copy_from_slice(values);
    }
}

/// Output `[N, D]` and log-sum-exp `[N, H]` of q, k, v `[N, D]`.
pub(super) fn forward([q, k, v]: [&[f32]; 3], offsets: &[u32], heads: usize, width: usize) -> (Vec<f32>, Vec<f32>) {
    let dk = width / heads;
    let scale = 1.0 / (dk as f32).sqrt();
    let tasks = tasks(offsets, heads);
    let parts: Vec<(Vec<f32>, Vec<f32>)> = tasks
        .par_iter()
        .map(|(rows, head)| {
            let len = rows.len();
            let take = |x| gather(x, width, rows.clone(), *head, dk);
            let (q, kt, v) = (take(q), transpose(&take(k), dk), take(v));
            let (mut out, mut lse, mut scores) = (vec![0.0; len * dk], vec![0.0; len], vec![0.0; len]);
            for i in 0..len {
                let scores = &mut scores[..=i];
                times_transposed(&q[i * dk..][..dk], &kt, len, scores);
                let max = scores.iter().fold(f32::NEG_INFINITY, |m, &s| m.max(s)) * scale;
                let mut sum = 0.0;
                for s in scores.iter_mut() {
                    *s = (*s * scale - max).exp();
                    sum += *s;
                }
                let row = &mut out[i * dk..][..dk];
                for (j, &p) in scores.iter().enumerate() {
                    add_scaled(row, p / sum, &v[j * dk..][..dk]);
                }
                lse[i] = max + sum.ln();
            }
            (out, lse)
        })
        .collect();
    let (mut out, mut lse) = (vec![0.0; q.len()], vec![0.0; q.len() / width * heads]);
    for ((rows, head), (part, part_lse)) in tasks.iter().zip(&parts) {
        scatter(&mut out, part, width, rows, *head, dk);
        scatter(&mut lse, part_lse, heads, rows, *head, 1);
    }
    (out, lse)
}

/// Gradients of q, k, v; `saved` = q, k, v, output, log-sum-exp.
pub(super) fn backward(saved: [&[f32]; 5], grad: &[f32], offsets: &[u32], heads: usize, width: usize) -> [Vec<f32>; 3] {
    let dk = width / heads;
    let scale = 1.0 / (dk as f32).sqrt();
    let tasks = tasks(offsets, heads);
    let parts: Vec<[Vec<f32>; 3]> = tasks
        .par_iter()
        .map(|(rows, head)| {
            let len = rows.len();
            let take = |x| gather(x, width, rows.clone(), *head, dk);
            let [q, k, v, out, grad] = [take(saved[0]), take(saved[1]), take(saved[2]), take(saved[3]), take(grad)];
            let (kt, vt) = (transpose(&k, dk), transpose(&v, dk));
            let [mut dq, mut d_k, mut dv] = [vec![0.0; len * dk], vec![0.0; len * dk], vec![0.0; len * dk]];
            let (mut p, mut dp) = (vec![0.0; len], vec![0.0; len]);
            for i in 0..len {
                let at = i * dk..(i + 1) * dk;
                let (qi, gi) = (&q[at.clone()], &grad[at.clone()]);
                let (p, dp) = (&mut p[..=i], &mut dp[..=i]);
                times_transposed(qi, &kt, len, p);
                times_transposed(gi, &vt, len, dp);
                let lse = saved[4][(rows.start + i) * heads + head];
                let delta: f32 = gi.iter().zip(&out[at.clone()]).map(|(g, o)| g * o).sum();
                for (j, (p, dp)) in p.iter_mut().zip(dp.iter()).enumerate() {
                    *p = (*p * scale - lse).exp();
                    let ds = *p * (dp - delta) * scale;
                    add_scaled(&mut dv[j * dk..][..dk], *p, gi);
                    add_scaled(&mut d_k[j * dk..][..dk], ds, qi);
                    add_scaled(&mut dq[at.clone()], ds, &k[j * dk..][..dk]);
                }
            }
            [dq, d_k, dv]
        })
        .collect();
    let mut grads = [vec![0.0; grad.len()], vec![0.0; grad.len()], vec![0.0; grad.len()]];
    for ((rows, head), part) in tasks.iter().zip(&parts) {
        for (grad, part) in grads.iter_mut().zip(part) {
            scatter(grad, part, width, rows, *head, dk);
        }
    }
    grads
}
