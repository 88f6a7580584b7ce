//! The rows' statistics, the loss terms and their gradients (SPEC §3).

use rayon::prelude::*;

use super::lanes::{dot, exp, sigmoid, squared_deviations, sum, total, vectorised};
use crate::ops::losses::{CORR_EPS, Factor, MARGIN, VARIANCE_EPS};
use crate::ops::{GAIN_SCALE, LossSettings, PreparedBatch, RowStat, TERMS};

/// Rows of a task.
const ROWS: usize = 64;

/// Mastery and gains `[N, C]` of a batch.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub mastery: &'a [f32],
    pub gains: &'a [f32],
    pub skills: usize,
}

/// Fills the columns of [`RowStat`] and the gradient of the mean cross-entropy.
pub(super) fn row_stats(
    plan: &PreparedBatch,
    cells: Option<Cells<'_>>,
    logits: &[f32],
    stats: &mut [f32],
    d_logits: &mut [f32],
) {
    let n = plan.rows();
    let parts: Vec<Vec<[f32; RowStat::COUNT]>> = (0..n)
        .into_par_iter()
        .step_by(ROWS)
        .map(|first| {
            vectorised(|| (first..(first + ROWS).min(n)).map(|row| row_stat(plan, cells, logits[row], row)).collect())
        })
        .collect();
    for (row, columns) in parts.iter().flatten().enumerate() {
        for (c, value) in columns.iter().enumerate() {
            stats[c * n + row] = *value;
        }
        let answer = f32::from(plan.batch.next_response[row]);
        d_logits[row] = (columns[RowStat::Probability as usize] - answer) / n as f32;
    }
}

#[inline(always)]
fn row_stat(plan: &PreparedBatch, cells: Option<Cells<'_>>, logit: f32, row: usize) -> [f32; RowStat::COUNT] {
    let mut out = [0.0; RowStat::COUNT];
    let mut set = |stat: RowStat, value: f32| out[stat as usize] = value;
    let answer = f32::from(plan.batch.next_response[row]);
    // max(x, 0) − x·y + ln(1 + e^−|x|): never the logarithm of 0.
    set(RowStat::CrossEntropy, logit.max(0.0) - logit * answer + exp(-logit.abs()).ln_1p());
    set(RowStat::Probability, sigmoid(logit));
    let Some(Cells { mastery, gains, skills }) = cells else {
        return out;
    };
    let (m, g) = (&mastery[row * skills..][..skills], &gains[row * skills..][..skills]);
    let (own, next) = (plan.batch.skill[row] as usize, plan.batch.next_skill[row] as usize);
    let mean = sum(m) / skills as f32;
    set(RowStat::MeanMastery, mean);
    set(RowStat::MeanGain, sum(g) / skills as f32);
    set(RowStat::OwnMastery, m[own]);
    set(RowStat::OwnGain, g[own]);
    set(RowStat::NextMastery, m[next]);
    set(RowStat::Negative, total(g, g, |g, _| if g < 0.0 { -g } else { 0.0 }));
    set(RowStat::Others, total(g, g, |g, _| g.abs()) - g[own].abs());
    set(RowStat::Spread, squared_deviations(m, mean));
    let lowest = |x: &[f32]| x.iter().fold(f32::INFINITY, |low, &x| if x < low { x } else { low });
    set(RowStat::LowestGain, lowest(g));
    set(RowStat::LowestMastery, lowest(m));
    set(RowStat::HighestMastery, super::lanes::max(m));
    if plan.batch.position[row] > 0 {
        let before = &mastery[(row - 1) * skills..][..skills];
        set(RowStat::Fall, total(before, m, |b, m| if b > m { b - m } else { 0.0 }));
        let (mut gap, mut at) = (0.0, 0);
        // Three series at once, in blocks whose sums stay apart as in `lanes`.
        while at < skills {
            let end = (at + 256).min(skills);
            let mut gaps = [0.0; 256];
            for (gap, (b, (m, g))) in
                gaps.iter_mut().zip(before[at..end].iter().zip(m[at..end].iter().zip(&g[at..end])))
            {
                *gap = (m - b - GAIN_SCALE * g).abs();
            }
            gap += sum(&gaps);
            at = end;
        }
        set(RowStat::Gap, gap);
    }
    out
}

/// r, mean of x, and the factors of (target, x − mean) in dr/dx of every correlation group, `[G, 4]`.
pub(super) fn correlations(plan: &PreparedBatch, stats: &[f32], groups: &mut [f32]) {
    let n = plan.rows();
    groups.par_chunks_mut(4).zip(&plan.targets.groups).for_each(|(out, group)| {
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

/// The values of [`TERMS`] and the [`Factor`]s of their gradients.
pub(super) fn terms(
    plan: &PreparedBatch,
    skills: usize,
    s: &LossSettings,
    stats: &[f32],
    groups: &[f32],
    terms: &mut [f32],
    factors: &mut [f32],
) {
    let n = plan.rows();
    let column = |stat: RowStat| &stats[stat as usize * n..][..n];
    let t = &plan.targets;
    let mut value = [0.0; TERMS.len()];
    let bce = sum(column(RowStat::CrossEntropy)) / n as f32;
    factors.fill(0.0);
    let mut put = |name: &str, v: f32| {
        if let Some(i) = TERMS.iter().position(|t| *t == name) {
            value[i] = v;
        }
    };
    put("bce", bce);
    let mut all = bce;
    if s.heads {
        let cells = (n * skills) as f32;
        let (right, wrong) = (t.right_share, t.wrong_share);
        let answered = |stat: RowStat, wanted: u8| -> f32 {
            column(stat).iter().zip(&plan.batch.response).map(|(x, &r)| if r == wanted { *x } else { 0.0 }).sum()
        };
        let any = |share: f32| if share > 0.0 { 1.0 } else { 0.0 };
        let performance =
            any(right) - right * answered(RowStat::OwnMastery, 1) + wrong * answered(RowStat::OwnMastery, 0);
        let both = any(right) * any(wrong);
        let gap = wrong * answered(RowStat::OwnGain, 0) - right * answered(RowStat::OwnGain, 1) + MARGIN;
        let hinge = both * gap.max(0.0);
        let others = if skills > 1 { 1.0 / (n * (skills - 1)) as f32 } else { 0.0 };
        let later = if t.later_rows > 0 { 1.0 / (t.later_rows * skills) as f32 } else { 0.0 };
        let plain = [
            ("non_negative", s.non_negative, sum(column(RowStat::Negative)) / cells),
            ("monotonicity", s.monotonicity, sum(column(RowStat::Fall)) * later),
            ("mastery_performance", s.mastery_performance, performance),
            ("gain_performance", s.gain_performance, hinge),
            ("sparsity", s.sparsity, sum(column(RowStat::Others)) * others),
            ("consistency", s.consistency, sum(column(RowStat::Gap)) * later),
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
        put("mastery_variance", variance);
        let alive = if variance >= s.variance_floor { 1.0 } else { 0.0 };
        let mut corr = [0.0; 4];
        for (group, out) in t.groups.iter().zip(groups.chunks_exact(4)) {
            corr[group.kind.class()] += group.weight * out[0];
        }
        let mut align = alive * s.alignment;
        if let Some(least) = s.adapt_below {
            align *= (1.0 + 4.0 * (least - corr[0]).max(0.0)).min(3.0);
        }
        let lag = if corr[2] > 0.0 { alive * s.lag } else { 0.0 };
        let has = |class: usize| t.groups.iter().any(|g| g.kind.class() == class);
        let lack = if has(3) { (s.retention_floor - corr[3]).max(0.0) } else { 0.0 };
        let rewards =
            [("alignment", -align * (corr[0] + corr[1])), ("lag", -lag * corr[2]), ("retention", s.retention * lack)];
        for (name, v) in rewards {
            put(name, v);
            all += v;
        }
        put("corr_mastery", corr[0]);
        put("corr_gain", corr[1]);
        let retention = if lack > 0.0 { -s.retention } else { 0.0 };
        factors[Factor::Group as usize..][..4].copy_from_slice(&[-align, -align, -lag, retention]);
    }
    put("total", all);
    terms[..value.len()].copy_from_slice(&value);
}

/// Unbiased variance of all cells, from each row's mean and sum of squares about it.
fn mastery_variance(n: usize, skills: usize, means: &[f32], spreads: &[f32]) -> f32 {
    let mean = sum(means) / n as f32;
    (sum(spreads) + skills as f32 * squared_deviations(means, mean)) / ((n * skills).max(2) - 1) as f32
}

/// Gradients by all of a row's mastery, all its gains, its own mastery and its own gain, `[4, N]`.
pub(super) fn row_grads(
    plan: &PreparedBatch,
    skills: usize,
    stats: &[f32],
    groups: &[f32],
    factors: &[f32],
    group_rows: &[u32],
    out: &mut [f32],
) {
    let n = plan.rows();
    let (all_mastery, rest) = out[..4 * n].split_at_mut(n);
    let (all_gains, rest) = rest.split_at_mut(n);
    let (own_mastery, own_gain) = rest.split_at_mut(n);
    all_mastery.fill(0.0);
    all_gains.fill(0.0);
    for (row, group) in group_rows.chunks_exact(n).flat_map(|slot| slot.iter().enumerate()) {
        let Some(group_of) = plan.targets.groups.get(*group as usize) else { continue };
        let [_, mean, scale, along] = std::array::from_fn(|i| groups[*group as usize * 4 + i]);
        let of_gain = group_of.kind.of_gain();
        let column = if of_gain { RowStat::MeanGain } else { RowStat::MeanMastery };
        let x = stats[column as usize * n + row];
        let slope = scale * group_of.target[row - group_of.first] + along * (x - mean);
        let weight = factors[group_of.kind.class()] * group_of.weight / skills as f32;
        let to = if of_gain { &mut all_gains[row] } else { &mut all_mastery[row] };
        *to += weight * slope;
    }
    for row in 0..n {
        let t = &plan.targets;
        let right = plan.batch.response[row] == 1;
        let toward = if right { -t.right_share } else { t.wrong_share };
        own_mastery[row] = factors[Factor::OwnMastery as usize] * toward;
        own_gain[row] = factors[Factor::OwnGain as usize] * toward;
    }
}
