//! Attention weights of each head, for display (MODEL §2).

use super::EncoderWork;
use crate::error::Result;
use crate::ops::Kernels;

impl<F: std::fmt::Debug> EncoderWork<F> {
    /// Attention of the last of the `n` rows of one window over all of them, `[blocks][heads][n]`, where every block's
    /// results were kept; D = `width`.
    pub(in crate::model) async fn attention<K: Kernels<Floats = F>>(
        &self,
        k: &mut K,
        n: usize,
        width: usize,
        heads: usize,
    ) -> Result<Vec<Vec<Vec<f32>>>> {
        let mut attention = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let query = k.read(&block.qkv, (n - 1) * width, width).await?;
            let keys = k.read(&block.qkv, n * width, n * width).await?;
            attention.push(weights(&query, &keys, heads));
        }
        Ok(attention)
    }
}

/// Attention of one query row over all `keys`, `[heads][rows]`.
fn weights(query: &[f32], keys: &[f32], heads: usize) -> Vec<Vec<f32>> {
    let width = query.len() / heads;
    let scale = 1.0 / (width as f32).sqrt();
    let head = |h: usize| {
        let part = h * width..(h + 1) * width;
        let dot = |key: &[f32]| query[part.clone()].iter().zip(&key[part.clone()]).map(|(q, k)| q * k).sum::<f32>();
        softmax(keys.chunks_exact(query.len()).map(|key| dot(key) * scale).collect())
    };
    (0..heads).map(head).collect()
}

fn softmax(mut scores: Vec<f32>) -> Vec<f32> {
    let top = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|s| *s = (*s - top).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= sum);
    scores
}
