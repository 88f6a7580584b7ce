//! The mastery scan: a running sum with a ceiling, one task a window.

use rayon::prelude::*;

use crate::ops::GAIN_SCALE;

/// Splits a `[N, C]` buffer into its windows' parts.
fn by_window<'a>(mut data: &'a mut [f32], offsets: &[u32], skills: usize) -> Vec<&'a mut [f32]> {
    let mut parts = Vec::with_capacity(offsets.len());
    for w in offsets.windows(2) {
        let (part, rest) = data.split_at_mut((w[1] - w[0]) as usize * skills);
        parts.push(part);
        data = rest;
    }
    parts
}

/// Mastery `[N, C]` from `initial` `[W, C]` and `gains` `[N, C]`.
pub(super) fn forward(initial: &[f32], gains: &[f32], offsets: &[u32], skills: usize) -> Vec<f32> {
    let mut mastery = vec![0.0; gains.len()];
    by_window(&mut mastery, offsets, skills).into_par_iter().enumerate().for_each(|(w, out)| {
        out[..skills].copy_from_slice(&initial[w * skills..][..skills]);
        let gains = &gains[offsets[w] as usize * skills..][..out.len()];
        for at in (skills..out.len()).step_by(skills) {
            let (before, now) = out.split_at_mut(at);
            let before = &before[at - skills..];
            for c in 0..skills {
                now[c] = (before[c] + GAIN_SCALE * gains[at + c]).clamp(0.0, 1.0);
            }
        }
    });
    mastery
}

/// Gradients of `initial` and `gains`: what arrives past the ceiling is lost (SPEC §2).
pub(super) fn backward(
    mastery: &[f32],
    gains: &[f32],
    grad: &[f32],
    offsets: &[u32],
    skills: usize,
) -> (Vec<f32>, Vec<f32>) {
    let mut d_gains = vec![0.0; gains.len()];
    let mut d_initial = vec![0.0; (offsets.len() - 1) * skills];
    let parts = by_window(&mut d_gains, offsets, skills);
    parts.into_par_iter().zip(d_initial.par_chunks_mut(skills.max(1))).enumerate().for_each(|(w, (d_gains, carry))| {
        let start = offsets[w] as usize * skills;
        let window = start..start + d_gains.len();
        let (mastery, gains, grad) = (&mastery[window.clone()], &gains[window.clone()], &grad[window]);
        for at in (skills..d_gains.len()).step_by(skills).rev() {
            for c in 0..skills {
                carry[c] += grad[at + c];
                let unclamped = mastery[at - skills + c] + GAIN_SCALE * gains[at + c];
                if (0.0..=1.0).contains(&unclamped) {
                    d_gains[at + c] = GAIN_SCALE * carry[c];
                } else {
                    carry[c] = 0.0;
                }
            }
        }
        for (carry, grad) in carry.iter_mut().zip(grad) {
            *carry += grad;
        }
    });
    (d_initial, d_gains)
}
