//! GainAKT2Exp's operations on the CPU.

use super::kernels::{GainAktKernels, LossBuffers};
use super::targets::LossTargets;
use super::terms::LossSettings;
use super::{losses_cpu, scan_cpu};
use crate::error::Result;
use crate::model::row_stats::Cells;
use crate::ops::cpu::{Batch, Cpu};

/// Targets on the CPU.
#[derive(Debug)]
pub struct Targets {
    targets: LossTargets,
    /// [`LossTargets::group_rows`].
    group_rows: Vec<u32>,
}

impl GainAktKernels for Cpu {
    type Targets = Targets;

    fn targets(&mut self, batch: &Batch, targets: LossTargets, _: Option<Targets>) -> Result<Targets> {
        let (group_rows, _) = targets.group_rows(batch.prepared.rows());
        Ok(Targets { targets, group_rows })
    }

    fn scan(&mut self, batch: &Batch, skills: usize, initial: &Vec<f32>, gains: &Vec<f32>, mastery: &mut Vec<f32>) {
        let mastery = &mut mastery[..batch.prepared.rows() * skills];
        self.run("scan", || scan_cpu::forward(initial, gains, &batch.prepared.batch.offsets, skills, mastery));
    }

    fn losses(
        &mut self,
        batch: &Batch,
        targets: &Targets,
        skills: usize,
        settings: &LossSettings,
        stats: &Vec<f32>,
        buffers: &mut LossBuffers<Vec<f32>>,
    ) {
        let LossBuffers { groups, terms, factors, rows } = buffers;
        let Targets { targets, group_rows } = targets;
        let batch = &batch.prepared.batch;
        self.run("losses", || {
            losses_cpu::correlations(batch.rows(), targets, stats, &mut groups[..4 * targets.groups.len()]);
            losses_cpu::terms(batch, targets, skills, settings, stats, groups, terms, factors);
            losses_cpu::row_grads(batch, targets, skills, stats, groups, factors, group_rows, rows);
        });
    }

    fn scan_grad(
        &mut self,
        batch: &Batch,
        skills: usize,
        cells: Cells<'_, Vec<f32>>,
        losses: &LossBuffers<Vec<f32>>,
        d_gains: &mut Vec<f32>,
        d_initial: &mut Vec<f32>,
    ) {
        let batch = &batch.prepared.batch;
        let (rows, windows) = (batch.rows(), batch.windows());
        let Cells { mastery, gains } = cells;
        let loss = scan_cpu::LossGrad { batch, mastery, gains, skills, factors: &losses.factors, rows: &losses.rows };
        let (d_gains, d_initial) = (&mut d_gains[..rows * skills], &mut d_initial[..windows * skills]);
        self.run("scan_grad", || scan_cpu::backward(&loss, d_gains, d_initial));
    }
}
