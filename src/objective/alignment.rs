//! Groups of the correlation rewards: alignment, lag and retention (MODEL §3).

use super::statistics::{centred, residual};
use crate::data::RaggedBatch;
use crate::model::gainakt2exp::{Group, GroupKind};

/// Windows of a batch the alignment and lag terms read.
const ALIGNMENT_WINDOWS: usize = 32;

/// The groups of `batch`: alignment against the answers, less their moving average of `residual_window` steps where there
/// is one; a group for each of `lag_weights`; retention where it is on.
pub(super) fn groups(
    batch: &RaggedBatch,
    residual_window: Option<usize>,
    lag_weights: &[f64],
    retention: bool,
) -> Vec<Group> {
    let windows = batch.windows().min(ALIGNMENT_WINDOWS);
    let answers = |w: usize| batch.next_response[batch.range(w)].iter().map(|&r| f64::from(r)).collect::<Vec<_>>();
    let whole: Vec<f64> = (0..windows)
        .flat_map(|w| match residual_window {
            Some(window) => residual(&answers(w), window),
            None => answers(w),
        })
        .collect();
    let mut groups = Vec::new();
    if whole.len() >= 3 {
        groups.extend([GroupKind::AlignMastery, GroupKind::AlignGain].map(|kind| group(kind, 0, &whole, 1.0)));
    }
    groups.extend(lag_groups(batch, windows, lag_weights, answers));
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
