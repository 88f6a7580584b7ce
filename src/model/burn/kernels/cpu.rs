//! The operations on burn's CPU backend: the loops of our CPU device.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{Shape, TensorData};
use rayon::prelude::*;

use super::{WindowOps, windows};
use crate::model::gainakt2exp::GainAktKernels as _;
use crate::model::row_stats::GAIN_SCALE;
use crate::ops::cpu::{Batch, Cpu};
use crate::ops::{AttentionKernels as _, AttentionSizes};

/// Sizes and numbers of a tensor.
fn host(x: &FloatTensor<Flex>) -> (Vec<usize>, Vec<f32>) {
    let x = x.to_contiguous();
    (x.layout().shape().to_vec(), x.storage::<f32>().to_vec())
}

/// A tensor of these numbers.
fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}

/// W windows of T rows on the CPU.
fn batch(count: usize, length: usize) -> Batch {
    Batch { prepared: windows(count, length) }
}

/// q, k, v `[3, W, T, D]`, the output and its log-sum-exp.
struct Attended {
    at: AttentionSizes,
    batch: Batch,
    shape: Vec<usize>,
    qkv: Vec<f32>,
    out: Vec<f32>,
    lse: Vec<f32>,
}

fn attend(qkv: &FloatTensor<Flex>, heads: usize) -> Attended {
    let (shape, qkv) = host(qkv);
    let [_, count, length, width] = shape[..] else { unreachable!("queries, keys and values have four dimensions") };
    let (at, batch) = (AttentionSizes { heads, width: width / heads }, batch(count, length));
    let (mut out, mut lse) = (vec![0.0; count * length * width], vec![0.0; count * length * heads]);
    Cpu::default().attention(&batch, at, &qkv, &mut out, &mut lse);
    Attended { at, batch, shape, qkv, out, lse }
}

impl WindowOps for Flex {
    fn window_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let Attended { shape, out, .. } = attend(&qkv, heads);
        tensor(out, shape[1..].to_vec())
    }

    fn window_attention_grad(qkv: FloatTensor<Self>, d_out: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let Attended { at, batch, shape, qkv, out, lse } = attend(&qkv, heads);
        let (_, d_out) = host(&d_out);
        let (mut delta, mut d_qkv) = (vec![0.0; lse.len()], vec![0.0; qkv.len()]);
        Cpu::default().attention_grad(&batch, at, &qkv, &out, &lse, &d_out, &mut delta, &mut d_qkv);
        tensor(d_qkv, shape)
    }

    fn scan(initial: FloatTensor<Self>, gains: FloatTensor<Self>) -> FloatTensor<Self> {
        let ((_, initial), (shape, gains)) = (host(&initial), host(&gains));
        let mut mastery = vec![0.0; gains.len()];
        Cpu::default().scan(&batch(shape[0], shape[1]), shape[2], &initial, &gains, &mut mastery);
        tensor(mastery, shape)
    }

    fn scan_grad(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        d_mastery: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [(shape, mastery), (_, gains), (_, d_mastery)] = [mastery, gains, d_mastery].map(|x| host(&x));
        let (length, skills) = (shape[1], shape[2]);
        let of_window = length * skills;
        let (mut d_initial, mut d_gains) = (vec![0.0; shape[0] * skills], vec![0.0; gains.len()]);
        let tasks = d_initial.par_chunks_mut(skills.max(1)).zip(d_gains.par_chunks_mut(of_window.max(1)));
        tasks.enumerate().for_each(|(w, (carry, d_gains))| {
            let window = w * of_window..(w + 1) * of_window;
            let (mastery, gains, d_mastery) = (&mastery[window.clone()], &gains[window.clone()], &d_mastery[window]);
            for at in (skills..of_window).rev().step_by(skills).map(|last| last + 1 - skills) {
                for (c, carry) in carry.iter_mut().enumerate() {
                    let unclamped = mastery[at - skills + c] + GAIN_SCALE * gains[at + c];
                    let through = if (0.0..=1.0).contains(&unclamped) { *carry + d_mastery[at + c] } else { 0.0 };
                    d_gains[at + c] = GAIN_SCALE * through;
                    *carry = through;
                }
            }
            carry.iter_mut().zip(d_mastery).for_each(|(carry, d)| *carry += d);
        });
        (tensor(d_initial, [shape[0], skills]), tensor(d_gains, shape))
    }
}
