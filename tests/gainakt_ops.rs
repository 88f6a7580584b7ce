//! GainAKT2Exp's statistics, correlations, losses and their gradients against MODEL §3 in 64-bit floats: every loss term,
//! and gradients through scan, ReLU and sigmoid against finite differences; outputs filled with NaN beforehand.

#[path = "support/kernels.rs"]
#[macro_use]
mod kernels;
mod support;
#[path = "support/twin.rs"]
mod twin;

use gainakt::config::Config;
use gainakt::data::RaggedBatch;
use gainakt::model::gainakt2exp::{
    GainAktKernels, GainAktLosses, GroupKind, LossBuffers, LossSettings, LossTargets, LossTerm,
};
use gainakt::model::{Cells, RowStat, RowStatKernels};
use gainakt::objective::{EpochSettings, GainAktObjective};
use gainakt::ops::PreparedBatch;
use kernels::{batch, check, noise, poison, upload, wide};

/// Factors of the gradient; the number of them is the kernels' own.
const FACTORS: usize = 16;

/// Mastery and gains from what goes into sigmoid `[W, C]` and ReLU `[N, C]`.
fn heads(before: &[f64], gains: &[f64], b: &RaggedBatch, c: usize) -> (Vec<f64>, Vec<f64>) {
    let initial: Vec<f64> = before.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
    let gains: Vec<f64> = gains.iter().map(|g| g.max(0.0)).collect();
    (twin::scan(&initial, &gains, &b.offsets, c), gains)
}

/// Pearson's r of x with the group's series, 1e-6 added to the product of deviations (MODEL §3).
fn correlation(x: &[f64], target: &[f32], deviation: f32) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let covariance: f64 = x.iter().zip(target).map(|(x, t)| (x - mean) * f64::from(*t)).sum();
    covariance / ((variance + 1e-20).sqrt() * f64::from(deviation) + 1e-6)
}

/// Every term of MODEL §3, in the order of [`LossTerm`].
fn terms(before: &[f64], gains: &[f64], logits: &[f64], b: &RaggedBatch, c: usize, losses: &GainAktLosses) -> Vec<f64> {
    let (m, g) = heads(before, gains, b, c);
    let (n, s, t) = (b.rows(), &losses.settings, &losses.targets);
    let mean =
        |values: Vec<f64>| if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 };
    let entropy = |(x, &r): (&f64, &u8)| (1.0 + x.exp()).ln() - x * f64::from(r);
    let bce = mean(logits.iter().zip(&b.next_response).map(entropy).collect());
    let later: Vec<usize> = (0..n).filter(|&row| b.position[row] > 0).flat_map(|row| row * c..(row + 1) * c).collect();
    let own = |x: &[f64], wanted: u8| -> Vec<f64> {
        let rows = (0..n).filter(|&row| b.response[row] == wanted);
        rows.map(|row| x[row * c + b.skill[row] as usize]).collect()
    };
    let any = |wanted: u8| b.response.contains(&wanted);
    let performance = if any(1) { 1.0 - mean(own(&m, 1)) } else { 0.0 } + mean(own(&m, 0));
    let gap = mean(own(&g, 0)) - mean(own(&g, 1)) + 0.1;
    let hinge = if any(0) && any(1) { gap.max(0.0) } else { 0.0 };
    let others = (0..n * c).filter(|i| i % c != b.skill[i / c] as usize).map(|i| g[i].abs()).collect();
    let all = mean(m.clone());
    let variance = m.iter().map(|m| (m - all).powi(2)).sum::<f64>() / ((n * c).max(2) - 1) as f64;
    let by_row = |x: &[f64]| -> Vec<f64> { x.chunks(c).map(|row| row.iter().sum::<f64>() / c as f64).collect() };
    let (mean_m, mean_g) = (by_row(&m), by_row(&g));
    let weighted = |fits: &dyn Fn(GroupKind) -> bool| -> f64 {
        let groups = t.groups.iter().filter(|g| fits(g.kind));
        groups
            .map(|group| {
                let series = match group.kind {
                    GroupKind::AlignGain | GroupKind::Lag(_) => &mean_g,
                    _ => &mean_m,
                };
                let x = &series[group.first..group.first + group.target.len()];
                f64::from(group.weight) * correlation(x, &group.target, group.deviation)
            })
            .sum()
    };
    let corr_m = weighted(&|k| k == GroupKind::AlignMastery);
    let corr_g = weighted(&|k| k == GroupKind::AlignGain);
    let lagged = weighted(&|k| matches!(k, GroupKind::Lag(_)));
    let kept = weighted(&|k| k == GroupKind::Retention);
    let alive = if variance >= f64::from(s.variance_floor) { 1.0 } else { 0.0 };
    let mut align = alive * f64::from(s.alignment);
    if let Some(least) = s.adapt_below {
        align *= (1.0 + 4.0 * (f64::from(least) - corr_m).max(0.0)).min(3.0);
    }
    let lag = if lagged > 0.0 { alive * f64::from(s.lag) } else { 0.0 };
    let retained = t.groups.iter().any(|g| g.kind == GroupKind::Retention);
    let lack = if retained { (f64::from(s.retention_floor) - kept).max(0.0) } else { 0.0 };
    let plain = [
        mean(g.iter().map(|g| (-g).max(0.0)).collect()),
        mean(later.iter().map(|&i| (m[i - c] - m[i]).max(0.0)).collect()),
        performance,
        hinge,
        mean(others),
        mean(later.iter().map(|&i| (m[i] - m[i - c] - 0.1 * g[i]).abs()).collect()),
    ];
    let weights =
        [s.non_negative, s.monotonicity, s.mastery_performance, s.gain_performance, s.sparsity, s.consistency];
    let rewards = [-align * (corr_m + corr_g), -lag * lagged, f64::from(s.retention) * lack];
    let constraints: f64 = plain.iter().zip(weights).map(|(p, w)| p * f64::from(w)).sum();
    let mut out = vec![bce + constraints + rewards.iter().sum::<f64>(), bce];
    out.extend(plain);
    out.extend(rewards);
    out.extend([variance, corr_m, corr_g]);
    out
}

fn losses_on<K: GainAktKernels + RowStatKernels>(k: &mut K, device: &str) {
    let config = Config::preset("assist2015_small").unwrap();
    let objective = GainAktObjective {
        alignment: true,
        lag_gain_weight: 0.05,
        retention_weight: 0.1,
        ..GainAktObjective::new(&config)
    };
    let epoch = EpochSettings {
        performance_scale: 1.0,
        alignment_weight: 0.25,
        lag_active: true,
        retention_peak: Some(0.9),
        consistency_weight: 0.2,
        sparsity_weight: 0.1,
        ..EpochSettings::default()
    };
    for (lengths, c) in [(vec![1], 1), (vec![3, 3], 2), (vec![2, 1, 9, 7], 3), (vec![40], 5)] {
        let what = format!("{lengths:?}, {c} skills, {device}");
        let b = batch(&lengths, c);
        let (n, w) = (b.rows(), b.windows());
        let losses = objective.losses(&b, &epoch, true);
        let before = noise(w * c, 30);
        // Far from the ceiling in the first windows and beyond it in long ones; no gain at the kink of ReLU.
        let gains: Vec<f32> =
            noise(n * c, 31).iter().map(|x| x + 0.3 + if (x + 0.3).abs() < 0.05 { 0.2 } else { 0.0 }).collect();
        let logits = noise(n, 32);
        let (b64, g64, l64) = (wide(&before), wide(&gains), wide(&logits));
        let (mastery, relu) = heads(&b64, &g64, &b, c);
        let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
        let prepared = k.batch(PreparedBatch::training(b.clone(), c, 64, 0), None).unwrap();
        let targets = k.targets(&prepared, losses.targets.clone(), None).unwrap();
        let (m, g, l) = (upload(k, &narrow(&mastery)), upload(k, &narrow(&relu)), upload(k, &logits));
        let (mut stats, mut d_logits) = (poison(k, n * RowStat::COUNT), poison(k, n));
        k.row_stats(&prepared, c, Some(Cells { mastery: &m, gains: &g }), &l, &mut stats, &mut d_logits);
        let groups = losses.targets.groups.len();
        let mut buffers = LossBuffers {
            groups: poison(k, 4 * groups.max(1)),
            terms: poison(k, LossTerm::COUNT),
            factors: poison(k, FACTORS),
            rows: poison(k, 4 * n),
        };
        k.losses(&prepared, &targets, c, &losses.settings, &stats, &mut buffers);
        let wanted = terms(&b64, &g64, &l64, &b, c, &losses);
        check(k, &format!("terms of {what}"), &buffers.terms, 0, &wanted, 2e-5);
        let (mut d_gains, mut d_before) = (poison(k, n * c), poison(k, w * c));
        let cells = Cells { mastery: &m, gains: &g };
        k.scan_grad(&prepared, c, cells, &buffers, &mut d_gains, &mut d_before);
        let total = |b2: &[f64], g2: &[f64], l2: &[f64]| vec![terms(b2, g2, l2, &b, c, &losses)[0]];
        let by_gains = twin::gradient(&g64, &[1.0], |x| total(&b64, x, &l64));
        let by_before = twin::gradient(&b64, &[1.0], |x| total(x, &g64, &l64));
        let by_logits = twin::gradient(&l64, &[1.0], |x| total(&b64, &g64, x));
        check(k, &format!("gains' gradient of {what}"), &d_gains, 0, &by_gains, 2e-5);
        check(k, &format!("initial mastery's gradient of {what}"), &d_before, 0, &by_before, 2e-5);
        check(k, &format!("logits' gradient of {what}"), &d_logits, 0, &by_logits, 2e-6);
    }
}

#[test]
fn every_loss_term_and_its_gradient() {
    on_each_device!(losses_on);
}

/// Without heads only the cross-entropy counts.
fn headless_on<K: GainAktKernels + RowStatKernels>(k: &mut K, device: &str) {
    let b = batch(&[3, 5], 4);
    let n = b.rows();
    let logits = noise(n, 33);
    let prepared = k.batch(PreparedBatch::training(b.clone(), 4, 64, 0), None).unwrap();
    let targets = k.targets(&prepared, LossTargets::new(&b, Vec::new()), None).unwrap();
    let l = upload(k, &logits);
    let (mut stats, mut d_logits) = (poison(k, n * RowStat::COUNT), poison(k, n));
    k.row_stats(&prepared, 4, None, &l, &mut stats, &mut d_logits);
    let mut buffers = LossBuffers {
        groups: poison(k, 4),
        terms: poison(k, LossTerm::COUNT),
        factors: poison(k, FACTORS),
        rows: poison(k, 4 * n),
    };
    k.losses(&prepared, &targets, 4, &LossSettings::default(), &stats, &mut buffers);
    let entropy = |(&x, &r): (&f32, &u8)| (1.0 + f64::from(x).exp()).ln() - f64::from(x) * f64::from(r);
    let bce = logits.iter().zip(&b.next_response).map(entropy).sum::<f64>() / n as f64;
    let mut wanted = vec![0.0; LossTerm::COUNT];
    (wanted[0], wanted[1]) = (bce, bce);
    check(k, &format!("terms without heads, {device}"), &buffers.terms, 0, &wanted, 1e-6);
}

#[test]
fn without_heads_only_the_prediction_counts() {
    on_each_device!(headless_on);
}
