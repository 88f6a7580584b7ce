//! The loss terms and their gradients in Rust (MODEL §3).

use rayon::prelude::*;

use super::targets::{GroupKind, LossTargets};
use super::terms::{ADAPT_MOST, ADAPT_SLOPE, CORR_EPS, Factor, LossSettings, LossTerm, MARGIN, VARIANCE_EPS};
use crate::data::RaggedBatch;
use crate::model::row_stats::RowStat;
use crate::ops::cpu::lanes::{dot, squared_deviations, sum};

/// r, mean of x, and the factors of (target, x − mean) in dr/dx of every correlation group, `[G, 4]`.
pub(super) fn correlations(n: usize, targets: &LossTargets, stats: &[f32], groups: &mut [f32]) {
    groups.par_chunks_mut(4).zip(&targets.groups).for_each(|(out, group)| {
        let column = if group.kind.of_gain() { RowStat::MeanGain } else { RowStat::MeanMastery };
        let x = &stats[column as usize * n + group.first..][..group.target.len()];
        let size = x.len() as f32;
        let mean = sum(x) / size;
        let deviation = (squared_deviations(x, mean) / size + VARIANCE_EPS).sqrt();
        let covariance = dot(x, &group.target) - mean * sum(&group.target);
        let scale = 1.0 / (deviation * group.deviation + CORR_EPS);
        let along = -covariance * group.deviation * scale * scale / (size * deviation);
        out.copy_from_slice(&[covariance * scale, mean, scale, along]);
    });
}

/// The values of [`LossTerm`] and the [`Factor`]s of their gradients.
#[allow(clippy::too_many_arguments)]
pub(super) fn terms(
    batch: &RaggedBatch,
    t: &LossTargets,
    skills: usize,
    s: &LossSettings,
    stats: &[f32],
    groups: &[f32],
    terms: &mut [f32],
    factors: &mut [f32],
) {
    let n = batch.rows();
    let column = |stat: RowStat| &stats[stat as usize * n..][..n];
    let bce = sum(column(RowStat::CrossEntropy)) / n as f32;
    factors.fill(0.0);
    let mut value = [0.0; LossTerm::COUNT];
    let mut put = |term: LossTerm, v: f32| value[term as usize] = v;
    put(LossTerm::Bce, bce);
    let mut all = bce;
    if s.heads {
        let cells = (n * skills) as f32;
        let (correct, incorrect) = (t.correct_share, t.incorrect_share);
        let answered = |stat: RowStat, wanted: u8| -> f32 {
            column(stat).iter().zip(&batch.response).map(|(x, &r)| if r == wanted { *x } else { 0.0 }).sum()
        };
        let any = |share: f32| if share > 0.0 { 1.0 } else { 0.0 };
        let performance =
            any(correct) - correct * answered(RowStat::OwnMastery, 1) + incorrect * answered(RowStat::OwnMastery, 0);
        let both = any(correct) * any(incorrect);
        let gap = incorrect * answered(RowStat::OwnGain, 0) - correct * answered(RowStat::OwnGain, 1) + MARGIN;
        let hinge = both * gap.max(0.0);
        let others = if skills > 1 { 1.0 / (n * (skills - 1)) as f32 } else { 0.0 };
        let later = if t.later_rows > 0 { 1.0 / (t.later_rows * skills) as f32 } else { 0.0 };
        let plain = [
            (LossTerm::NonNegative, s.non_negative, sum(column(RowStat::Negative)) / cells),
            (LossTerm::Monotonicity, s.monotonicity, sum(column(RowStat::Fall)) * later),
            (LossTerm::MasteryPerformance, s.mastery_performance, performance),
            (LossTerm::GainPerformance, s.gain_performance, hinge),
            (LossTerm::Sparsity, s.sparsity, sum(column(RowStat::Others)) * others),
            (LossTerm::Consistency, s.consistency, sum(column(RowStat::Gap)) * later),
        ];
        for (name, weight, v) in plain {
            put(name, v);
            all += weight * v;
        }
        factors[Factor::OwnMastery as usize] = s.mastery_performance;
        factors[Factor::OwnGain as usize] = if both * gap > 0.0 { s.gain_performance } else { 0.0 };
        factors[Factor::Others as usize] = s.sparsity * others;
        factors[Factor::Fall as usize] = s.monotonicity * later;
        factors[Factor::Gap as usize] = s.consistency * later;

        let variance = mastery_variance(n, skills, column(RowStat::MeanMastery), column(RowStat::Spread));
        put(LossTerm::MasteryVariance, variance);
        let alive = if variance >= s.variance_floor { 1.0 } else { 0.0 };
        let mut corr = [0.0; GroupKind::COUNT];
        for (group, out) in t.groups.iter().zip(groups.chunks_exact(4)) {
            corr[group.kind.number()] += group.weight * out[0];
        }
        let mut align = alive * s.alignment;
        if let Some(least) = s.adapt_below {
            align *= (1.0 + ADAPT_SLOPE * (least - corr[0]).max(0.0)).min(ADAPT_MOST);
        }
        let lag = if corr[2] > 0.0 { alive * s.lag } else { 0.0 };
        let has = |kind: usize| t.groups.iter().any(|g| g.kind.number() == kind);
        let lack = if has(3) { (s.retention_floor - corr[3]).max(0.0) } else { 0.0 };
        let rewards = [
            (LossTerm::Alignment, -align * (corr[0] + corr[1])),
            (LossTerm::Lag, -lag * corr[2]),
            (LossTerm::Retention, s.retention * lack),
        ];
        for (name, v) in rewards {
            put(name, v);
            all += v;
        }
        put(LossTerm::CorrMastery, corr[0]);
        put(LossTerm::CorrGain, corr[1]);
        let retention = if lack > 0.0 { -s.retention } else { 0.0 };
        factors[Factor::AlignMastery as usize..][..GroupKind::COUNT]
            .copy_from_slice(&[-align, -align, -lag, retention]);
    }
    put(LossTerm::Total, all);
    terms[..value.len()].copy_from_slice(&value);
}

/// Unbiased variance of all cells, from each row's mean and sum of squares about it.
fn mastery_variance(n: usize, skills: usize, means: &[f32], spreads: &[f32]) -> f32 {
    let mean = sum(means) / n as f32;
    (sum(spreads) + skills as f32 * squared_deviations(means, mean)) / ((n * skills).max(2) - 1) as f32
}

/// Gradients with respect to all of a row's mastery, all its gains, its own mastery and its own gain, `[4, N]`.
#[allow(clippy::too_many_arguments)]
pub(super) fn row_grads(
    batch: &RaggedBatch,
    t: &LossTargets,
    skills: usize,
    stats: &[f32],
    groups: &[f32],
    factors: &[f32],
    group_rows: &[u32],
    out: &mut [f32],
) {
    let n = batch.rows();
    let (all_mastery, rest) = out[..4 * n].split_at_mut(n);
    let (all_gains, rest) = rest.split_at_mut(n);
    let (own_mastery, own_gain) = rest.split_at_mut(n);
    all_mastery.fill(0.0);
    all_gains.fill(0.0);
    for (row, group) in group_rows.chunks_exact(n).flat_map(|slot| slot.iter().enumerate()) {
        let Some(group_of) = t.groups.get(*group as usize) else { continue };
        let [_, mean, scale, along] = std::array::from_fn(|i| groups[*group as usize * 4 + i]);
        let of_gain = group_of.kind.of_gain();
        let column = if of_gain { RowStat::MeanGain } else { RowStat::MeanMastery };
        let x = stats[column as usize * n + row];
        let slope = scale * group_of.target[row - group_of.first] + along * (x - mean);
        let weight = factors[group_of.kind.number()] * group_of.weight / skills as f32;
        let to = if of_gain { &mut all_gains[row] } else { &mut all_mastery[row] };
        *to += weight * slope;
    }
    for row in 0..n {
        let correct = batch.response[row] == 1;
        let toward = if correct { -t.correct_share } else { t.incorrect_share };
        own_mastery[row] = factors[Factor::OwnMastery as usize] * toward;
        own_gain[row] = factors[Factor::OwnGain as usize] * toward;
    }
}
