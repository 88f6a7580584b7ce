//! The mastery scan: a running sum with a ceiling, one task a window.

use rayon::prelude::*;

use super::terms::Factor;
use crate::data::RaggedBatch;
use crate::model::row_stats::GAIN_SCALE;
use crate::ops::cpu::by_window;
use crate::ops::cpu::lanes::vectorised;

/// Mastery `[N, C]` from `initial` `[W, C]` and `gains` `[N, C]`.
pub(super) fn forward(initial: &[f32], gains: &[f32], offsets: &[u32], skills: usize, mastery: &mut [f32]) {
    by_window(mastery, offsets, skills).into_par_iter().enumerate().for_each(|(w, out)| {
        vectorised!({
            out[..skills].copy_from_slice(&initial[w * skills..][..skills]);
            let gains = &gains[offsets[w] as usize * skills..][..out.len()];
            for at in (skills..out.len()).step_by(skills) {
                let (before, now) = out.split_at_mut(at);
                let rows = now[..skills].iter_mut().zip(&before[at - skills..]).zip(&gains[at..]);
                for ((now, before), gain) in rows {
                    *now = (before + GAIN_SCALE * gain).clamp(0.0, 1.0);
                }
            }
        });
    });
}

/// What the gradient of a batch's losses is made of.
pub(super) struct LossGrad<'a> {
    pub batch: &'a RaggedBatch,
    pub mastery: &'a [f32],
    pub gains: &'a [f32],
    pub skills: usize,
    pub factors: &'a [f32],
    /// `[4, N]` of [`super::losses_cpu::row_grads`].
    pub rows: &'a [f32],
}

/// Gradients with respect to what went into ReLU (`d_gains` `[N, C]`) and sigmoid (`d_initial` `[W, C]`).
pub(super) fn backward(loss: &LossGrad<'_>, d_gains: &mut [f32], d_initial: &mut [f32]) {
    let skills = loss.skills;
    let parts = by_window(d_gains, &loss.batch.offsets, skills);
    let tasks = parts.into_par_iter().zip(d_initial.par_chunks_mut(skills.max(1)));
    tasks.enumerate().for_each(|(w, (d_gains, carry))| {
        let range = loss.batch.range(w);
        carry.fill(0.0);
        vectorised!({
            for row in range.clone().skip(1).rev() {
                later_row(loss, row, &mut d_gains[(row - range.start) * skills..][..skills], carry);
            }
            first_row(loss, range.start, &mut d_gains[..skills], carry);
        });
    });
}

/// Sign of x, 0 at 0.
#[inline(always)]
fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// A step with t ≥ 1; `carry` holds the gradient with respect to M\[t\] from later steps and leaves with that to M\[t−1\].
#[inline(always)]
fn later_row(loss: &LossGrad<'_>, row: usize, d_gains: &mut [f32], carry: &mut [f32]) {
    let LossGrad { mastery, gains, skills, .. } = *loss;
    let n = loss.batch.rows();
    let [all_m, all_g, own_m, own_g] = std::array::from_fn(|i| loss.rows[i * n + row]);
    let [others, fall, gap] = [Factor::Others, Factor::Fall, Factor::Gap].map(|f| loss.factors[f as usize]);
    let own = loss.batch.skill[row] as usize;
    let cells =
        mastery[(row - 1) * skills..row * skills].iter().zip(&mastery[row * skills..]).zip(&gains[row * skills..]);
    // The own skill pays no sparsity and alone has a share in performance: taken out and put right below.
    let own_carry = carry[own];
    for ((d_gain, carry), ((before, now), gain)) in d_gains.iter_mut().zip(carry.iter_mut()).zip(cells) {
        let (d, c) = cell(*before, *now, *gain, *carry + all_m, all_g + others * sign(*gain), fall, gap);
        (*d_gain, *carry) = (d, c);
    }
    let at = row * skills + own;
    let (before, now, gain) = (mastery[at - skills], mastery[at], gains[at]);
    (d_gains[own], carry[own]) = cell(before, now, gain, own_carry + all_m + own_m, all_g + own_g, fall, gap);
}

/// Gradients with respect to (the gain before ReLU, M\[t−1\]) from those with respect to M\[t\] and the gain.
#[inline(always)]
fn cell(before: f32, now: f32, gain: f32, d_now: f32, d_gain: f32, fall: f32, gap: f32) -> (f32, f32) {
    let step = now - before;
    let falls = if step < 0.0 { fall } else { 0.0 };
    let side = gap * sign(step - GAIN_SCALE * gain);
    let direct = side - falls;
    let unclamped = before + GAIN_SCALE * gain;
    let through = if (0.0..=1.0).contains(&unclamped) { d_now + direct } else { 0.0 };
    let d_gain = d_gain + GAIN_SCALE * (through - side);
    (if gain > 0.0 { d_gain } else { 0.0 }, through - direct)
}

/// A window's first step: mastery comes from the mastery head through a sigmoid.
#[inline(always)]
fn first_row(loss: &LossGrad<'_>, row: usize, d_gains: &mut [f32], carry: &mut [f32]) {
    let LossGrad { mastery, gains, skills, .. } = *loss;
    let n = loss.batch.rows();
    let [all_m, all_g, own_m, own_g] = std::array::from_fn(|i| loss.rows[i * n + row]);
    let others = loss.factors[Factor::Others as usize];
    let own = loss.batch.skill[row] as usize;
    for c in 0..skills {
        let (m, gain) = (mastery[row * skills + c], gains[row * skills + c]);
        let (own_m, d_gain) = if c == own { (own_m, own_g) } else { (0.0, others * sign(gain)) };
        d_gains[c] = if gain > 0.0 { all_g + d_gain } else { 0.0 };
        carry[c] = (carry[c] + all_m + own_m) * m * (1.0 - m);
    }
}
