//! The evidence model's operations as WGSL kernels (`shaders/evidence/`). The transfer between two skills is computed where
//! it is needed: no array has a cell for each pair of skills.

use super::kernels::{EvidenceAt, EvidenceGrads, EvidenceKernels, EvidenceWork, LossTerm, RANK};
use crate::model::row_stats;
use crate::ops::gpu::{Array, Batch, Gpu, Includes, groups, kernel_args, kernels, workgroup_grid};

kernel_args! {
    /// Arguments of every kernel here: skills, where the parameters lie, and the weight of the penalty.
    EvidenceArgs { skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32 }
}

kernels! {
    includes includes;
    evidence_answers(): EvidenceArgs, "evidence/answers.wgsl", [Read, Read, Write];
    evidence_state(): EvidenceArgs, "evidence/state.wgsl", [Read, Read, Read, Write];
    evidence_logits(): EvidenceArgs, "evidence/logits.wgsl", [Read, Read, Read, Read, Write, Write];
    evidence_mastery(): EvidenceArgs, "evidence/mastery.wgsl", [Read, Read, Read, Read, Write, Write];
    evidence_losses(): EvidenceArgs, "evidence/losses.wgsl", [Read, Read, Read, Write];
    evidence_context_grad(): EvidenceArgs, "evidence/context_grad.wgsl", [Read, Read, Read, Write];
    evidence_state_grad(): EvidenceArgs, "evidence/state_grad.wgsl", [Read, Read, Read, Write];
    evidence_row_grad(): EvidenceArgs, "evidence/row_grad.wgsl", [Read, Read, Read, Read, Read, Write, Write];
    subgroup_evidence_row_grad(lanes): EvidenceArgs, "evidence/row_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write];
    evidence_skill_grad(): EvidenceArgs, "evidence/skill_grad.wgsl", [Read, Read, Read, Read, Read, Read, Read, Write];
}

fn includes() -> Includes {
    let mut includes = row_stats::gpu::includes();
    let transfer = include_str!("../../../shaders/include/transfer.wgsl");
    includes.extend([
        ("terms", LossTerm::wgsl()),
        ("logistic", include_str!("../../../shaders/include/logistic.wgsl").to_owned()),
        ("transfer", format!("const RANK: u32 = {RANK}u;\n{transfer}")),
    ]);
    includes
}

fn args(at: EvidenceAt, penalty: f32) -> EvidenceArgs {
    let [skills, prior, transfer, transfer_bias, decay] =
        [at.skills, at.prior, at.transfer, at.transfer_bias, at.decay].map(|v| v as u32);
    EvidenceArgs { skills, prior, transfer, transfer_bias, decay, penalty }
}

impl EvidenceKernels for Gpu {
    fn evidence_scan(&mut self, params: &Array, batch: &Batch, at: EvidenceAt, work: &mut EvidenceWork<Array>) {
        let args = args(at, 0.0);
        let arrays = [&batch.integers, &work.strength, &work.evidence].map(Some);
        self.dispatch(&evidence_answers(), &args, &arrays, groups(batch.prepared.rows()));
        let arrays = [&batch.integers, params, &work.evidence, &work.state].map(Some);
        self.dispatch(&evidence_state(), &args, &arrays, groups(batch.prepared.windows() * at.skills));
    }

    fn evidence_logits(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceAt,
        work: &mut EvidenceWork<Array>,
        logits: &mut Array,
    ) {
        let arrays = [&batch.integers, params, &work.state, &work.context, logits, &work.squares].map(Some);
        self.dispatch(&evidence_logits(), &args(at, 0.0), &arrays, groups(batch.prepared.rows()));
    }

    fn evidence_mastery(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceAt,
        work: &EvidenceWork<Array>,
        mastery: &mut Array,
        gains: &mut Array,
    ) {
        let arrays = [&batch.integers, params, &work.state, &work.context, mastery, gains].map(Some);
        let tasks = groups(batch.prepared.rows() * at.skills);
        self.dispatch(&evidence_mastery(), &args(at, 0.0), &arrays, tasks);
    }

    fn evidence_losses(
        &mut self,
        batch: &Batch,
        skills: usize,
        penalty: f32,
        stats: &Array,
        work: &EvidenceWork<Array>,
        terms: &mut Array,
    ) {
        let args = EvidenceArgs { skills: skills as u32, penalty, ..EvidenceArgs::default() };
        let arrays = [&batch.integers, stats, &work.squares, terms].map(Some);
        self.dispatch(&evidence_losses(), &args, &arrays, [1, 1, 1]);
    }

    fn evidence_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceAt,
        penalty: f32,
        d_logits: &Array,
        work: &EvidenceWork<Array>,
        back: &mut EvidenceGrads<Array>,
        grads: &mut Array,
    ) {
        let args = args(at, penalty);
        let (rows, windows, skills) = (batch.prepared.rows(), batch.prepared.windows(), at.skills);
        let integers = &batch.integers;
        let EvidenceWork { strength, evidence, state, context, .. } = work;
        let arrays = [integers, context, d_logits, &back.context].map(Some);
        self.dispatch(&evidence_context_grad(), &args, &arrays, groups(rows * skills));
        let arrays = [integers, params, d_logits, &back.state].map(Some);
        self.dispatch(&evidence_state_grad(), &args, &arrays, groups(windows * skills));
        let arrays = [integers, params, strength, evidence, &back.state, &back.strength, &back.rows].map(Some);
        let row_grad = self.hardware.lanes().map_or_else(evidence_row_grad, subgroup_evidence_row_grad);
        self.dispatch(&row_grad, &args, &arrays, workgroup_grid(rows, 1));
        let arrays = [integers, params, evidence, state, &back.state, d_logits, &back.rows, &*grads].map(Some);
        self.dispatch(&evidence_skill_grad(), &args, &arrays, workgroup_grid(skills, 1));
    }
}
