//! Groups of the correlation rewards: alignment, lag and retention (SPEC §3).

use super::gainakt2exp::GainAktObjective;
use super::statistics::{centred, residual};
use crate::data::RaggedBatch;
use crate::model::gainakt2exp::{Group, GroupKind};

/// Windows of a batch the alignment and lag terms read.
const ALIGNMENT_WINDOWS: usize = 32;

/// The groups of `batch`; lag and retention only where they are on this epoch.
pub(super) fn groups(batch: &RaggedBatch, objective: &GainAktObjective, lag: bool, retention: bool) -> Vec<Group> {
    let windows = batch.windows().min(ALIGNMENT_WINDOWS);
    let answers = |w: usize| batch.next_response[batch.range(w)].iter().map(|&r| f64::from(r)).collect::<Vec<_>>();
    let whole: Vec<f64> = (0..windows)
        .flat_map(|w| match objective.residual_window {
            Some(window) => residual(&answers(w), window),
            None => answers(w),
        })
        .collect();
    let mut groups = Vec::new();
    if whole.len() >= 3 {
        groups.extend([GroupKind::AlignMastery, GroupKind::AlignGain].map(|kind| group(kind, 0, &whole, 1.0)));
    }
    if lag {
        groups.extend(lag_groups(batch, windows, &objective.lag_weights, answers));
    }
    if retention {
        let long = (0..batch.windows()).filter(|&w| batch.range(w).len() >= 3);
        let each = long.map(|w| group(GroupKind::Retention, batch.range(w).start, &answers(w), 1.0));
        groups.extend(normalised(each.collect()));
    }
    groups
}

fn group(kind: GroupKind, first: usize, series: &[f64], weight: f64) -> Group {
    let n = series.len() as f64;
    let y = centred(series);
    Group {
        kind,
        first,
        target: y.iter().map(|y| (y / n) as f32).collect(),
        deviation: (y.iter().map(|y| y * y).sum::<f64>() / n).sqrt() as f32,
        weight: weight as f32,
    }
}

/// Pairs (ḡ\[t\], r_next\[t+k\]) of each window with at least five steps and three pairs, for every lag k.
fn lag_groups(batch: &RaggedBatch, windows: usize, weights: &[f64], answers: impl Fn(usize) -> Vec<f64>) -> Vec<Group> {
    let mut groups = Vec::new();
    for (k, &weight) in (1..).zip(weights) {
        let usable: Vec<usize> = (0..windows).filter(|&w| batch.range(w).len() >= 5.max(k + 3)).collect();
        groups.extend(usable.iter().map(|&w| {
            let kind = GroupKind::Lag(k as u32);
            group(kind, batch.range(w).start, &answers(w)[k..], weight / usable.len() as f64)
        }));
    }
    normalised(groups)
}

/// The groups with weights that add to 1.
fn normalised(mut groups: Vec<Group>) -> Vec<Group> {
    let total: f64 = groups.iter().map(|g| f64::from(g.weight)).sum();
    for group in &mut groups {
        group.weight = (f64::from(group.weight) / total) as f32;
    }
    groups
}
