//! The rows' statistics in Rust.

use rayon::prelude::*;

use super::{Cells, GAIN_SCALE, RowStat, RowStatKernels};
use crate::ops::PreparedBatch;
use crate::ops::cpu::lanes::{self, exp, sigmoid, squared_deviations, sum, total, vectorised};
use crate::ops::cpu::{Batch, Cpu};

/// Rows of a task.
const ROWS: usize = 64;

/// Mastery and gains `[N, C]` with their width.
#[derive(Clone, Copy)]
struct Rows<'a> {
    mastery: &'a [f32],
    gains: &'a [f32],
    skills: usize,
}

/// Fills the columns of [`RowStat`] and the gradient of the mean cross-entropy.
fn row_stats(batch: &PreparedBatch, cells: Option<Rows<'_>>, logits: &[f32], stats: &mut [f32], d_logits: &mut [f32]) {
    let n = batch.rows();
    let parts: Vec<Vec<[f32; RowStat::COUNT]>> = (0..n)
        .into_par_iter()
        .step_by(ROWS)
        .map(|first| {
            vectorised!((first..(first + ROWS).min(n)).map(|row| row_stat(batch, cells, logits[row], row)).collect())
        })
        .collect();
    for (row, columns) in parts.iter().flatten().enumerate() {
        for (c, value) in columns.iter().enumerate() {
            stats[c * n + row] = *value;
        }
        let answer = f32::from(batch.batch.next_response[row]);
        d_logits[row] = (columns[RowStat::Probability as usize] - answer) / n as f32;
    }
}

#[inline(always)]
fn row_stat(batch: &PreparedBatch, cells: Option<Rows<'_>>, logit: f32, row: usize) -> [f32; RowStat::COUNT] {
    let mut out = [0.0; RowStat::COUNT];
    let mut set = |stat: RowStat, value: f32| out[stat as usize] = value;
    let answer = f32::from(batch.batch.next_response[row]);
    // max(x, 0) − x·y + ln(1 + e^−|x|): never the logarithm of 0.
    set(RowStat::CrossEntropy, logit.max(0.0) - logit * answer + exp(-logit.abs()).ln_1p());
    set(RowStat::Probability, sigmoid(logit));
    let Some(Rows { mastery, gains, skills }) = cells else {
        return out;
    };
    let (m, g) = (&mastery[row * skills..][..skills], &gains[row * skills..][..skills]);
    let mean = sum(m) / skills as f32;
    let (own, next) = (batch.batch.skills(row), batch.batch.next_skills(row));
    let mean_of =
        |of: &[u32], value: &dyn Fn(usize) -> f32| of.iter().map(|&k| value(k as usize)).sum::<f32>() / of.len() as f32;
    set(RowStat::MeanMastery, mean);
    set(RowStat::MeanGain, sum(g) / skills as f32);
    set(RowStat::OwnMastery, mean_of(own, &|k| m[k]));
    set(RowStat::OwnGain, mean_of(own, &|k| g[k]));
    set(RowStat::NextMastery, mean_of(next, &|k| m[k]));
    set(RowStat::Negative, total(g, g, |g, _| if g < 0.0 { -g } else { 0.0 }));
    set(RowStat::Others, total(g, g, |g, _| g.abs()) - own.iter().map(|&k| g[k as usize].abs()).sum::<f32>());
    set(RowStat::Spread, squared_deviations(m, mean));
    let lowest = |x: &[f32]| x.iter().fold(f32::INFINITY, |low, &x| if x < low { x } else { low });
    set(RowStat::LowestGain, lowest(g));
    set(RowStat::LowestMastery, lowest(m));
    set(RowStat::HighestMastery, lanes::max(m));
    if batch.batch.position[row] > 0 {
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

impl RowStatKernels for Cpu {
    fn row_stats(
        &mut self,
        batch: &Batch,
        skills: usize,
        cells: Option<Cells<'_, Vec<f32>>>,
        logits: &Vec<f32>,
        stats: &mut Vec<f32>,
        d_logits: &mut Vec<f32>,
    ) {
        let rows = cells.map(|Cells { mastery, gains }| Rows { mastery, gains, skills });
        self.run("row_stats", || row_stats(&batch.prepared, rows, logits, stats, d_logits));
    }
}
