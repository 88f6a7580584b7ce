//! Targets of the correlation rewards: alignment, lag and retention (SPEC §3).

use burn::tensor::Device;

use super::correlation::{Group, PearsonGroups};
use super::statistics::residual;
use super::terms::Objective;
use crate::data::RaggedBatch;

/// Windows of a batch the alignment and lag terms read.
const ALIGNMENT_WINDOWS: usize = 32;

/// What the correlation terms of one batch compare with.
#[derive(Debug, Clone)]
pub struct AlignmentTargets {
    /// One group: every step of the first windows against the (residual) answers.
    pub alignment: Option<PearsonGroups>,
    /// A group a window and lag, weights adding to 1.
    pub lag: Option<PearsonGroups>,
    /// A group a window, weights adding to 1.
    pub retention: Option<PearsonGroups>,
}

impl AlignmentTargets {
    /// Prepares the targets of `batch`; lag and retention only where they are on this epoch.
    pub(super) fn new(batch: &RaggedBatch, objective: &Objective, lag: bool, retention: bool, device: &Device) -> Self {
        let windows = batch.windows().min(ALIGNMENT_WINDOWS);
        let rows = batch.offsets[windows] as usize;
        let answers = |w: usize| batch.next_response[batch.range(w)].iter().map(|&r| f64::from(r)).collect::<Vec<_>>();
        let whole = Group {
            first: 0,
            target: (0..windows)
                .flat_map(|w| match objective.residual_window {
                    Some(window) => residual(&answers(w), window),
                    None => answers(w),
                })
                .collect(),
            weight: 1.0,
        };
        let enough = whole.target.len() >= 3;
        let retention_groups: Vec<Group> = (0..batch.windows())
            .filter(|&w| retention && batch.range(w).len() >= 3)
            .map(|w| Group { first: batch.range(w).start, target: answers(w), weight: 1.0 })
            .collect();
        Self {
            alignment: PearsonGroups::new(&[whole][..usize::from(enough)], rows, device),
            lag: if lag {
                PearsonGroups::new(&lag_groups(batch, windows, &objective.lag_weights, answers), rows, device)
            } else {
                None
            },
            retention: PearsonGroups::new(&normalised(retention_groups), batch.rows(), device),
        }
    }
}

/// Pairs (ḡ\[t\], r_next\[t+k\]) of each window with at least five steps and three pairs, for every lag k.
fn lag_groups(batch: &RaggedBatch, windows: usize, weights: &[f64], answers: impl Fn(usize) -> Vec<f64>) -> Vec<Group> {
    let mut groups = Vec::new();
    for (k, &weight) in (1..).zip(weights) {
        let usable: Vec<usize> = (0..windows).filter(|&w| batch.range(w).len() >= 5.max(k + 3)).collect();
        groups.extend(usable.iter().map(|&w| Group {
            first: batch.range(w).start,
            target: answers(w).split_off(k),
            weight: weight / usable.len() as f64,
        }));
    }
    normalised(groups)
}

/// The groups with weights that add to 1.
fn normalised(mut groups: Vec<Group>) -> Vec<Group> {
    let total: f64 = groups.iter().map(|g| g.weight).sum();
    for group in &mut groups {
        group.weight /= total;
    }
    groups
}
