//! The evidence model's operations as WGSL kernels (`shaders/evidence/`). The transfer between two skills is computed where
//! it is needed: no array has a cell for each pair of skills.

use super::kernels::{
    EvidenceGrads, EvidenceKernels, EvidenceLosses, EvidenceOffsets, EvidenceWork, ItemOffsets, LossTerm, RANK,
};
use crate::model::row_stats;
use crate::ops::gpu::{Array, Batch, Gpu, Includes, groups, kernel_args, kernels, skills_of_answers, workgroup_grid};

kernel_args! {
    /// Arguments of every kernel here but those of items alone: skills, where the parameters lie, weights of the penalties, and
    /// most skills of an answer.
    EvidenceArgs {
        skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
        most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
    }
}

kernel_args! {
    /// Arguments of item_squares.wgsl.
    ItemSquaresArgs { first: u32, count: u32 }
}

kernel_args! {
    /// Arguments of item_grad.wgsl.
    ItemGradArgs { count: u32, difficulty: u32, shift: u32, weight: f32 }
}

kernels! {
    includes includes;
    evidence_answers(): EvidenceArgs, "evidence/answers.wgsl", [Read, Read, Write];
    evidence_state(several): EvidenceArgs, "evidence/state.wgsl", [Read, Read, Read, Write];
    evidence_logits(several): EvidenceArgs, "evidence/logits.wgsl", [Read, Read, Read, Read, Write, Write];
    evidence_mastery(): EvidenceArgs, "evidence/mastery.wgsl", [Read, Read, Read, Read, Write, Write];
    evidence_losses(): EvidenceArgs, "evidence/losses.wgsl", [Read, Read, Read, Read, Write];
    evidence_context_grad(several): EvidenceArgs, "evidence/context_grad.wgsl", [Read, Read, Read, Write];
    evidence_state_grad(several): EvidenceArgs, "evidence/state_grad.wgsl", [Read, Read, Read, Write];
    evidence_row_grad(several): EvidenceArgs, "evidence/row_grad.wgsl", [Read, Read, Read, Read, Read, Write, Write];
    subgroup_evidence_row_grad(several, lanes): EvidenceArgs, "evidence/row_grad.wgsl",
        [Read, Read, Read, Read, Read, Write, Write];
    evidence_skill_grad(several): EvidenceArgs, "evidence/skill_grad.wgsl",
        [Read, Read, Read, Read, Read, Read, Read, Write];
    item_squares(): ItemSquaresArgs, "evidence/item_squares.wgsl", [Read, Write];
    item_grad(): ItemGradArgs, "evidence/item_grad.wgsl", [Read, Read, Read, Read, Write];
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

fn args(at: EvidenceOffsets, batch: &Batch, losses: EvidenceLosses) -> EvidenceArgs {
    let [skills, prior, transfer, transfer_bias, decay, most_skills] =
        [at.skills, at.prior, at.transfer, at.transfer_bias, at.decay, batch.prepared.most_skills()].map(|v| v as u32);
    let [items, difficulty] = at.items.map_or([0; 2], |items| [items.count as u32, items.difficulty as u32]);
    let EvidenceLosses { context_penalty: penalty, item_weight } = losses;
    EvidenceArgs { skills, prior, transfer, transfer_bias, decay, penalty, most_skills, items, difficulty, item_weight }
}

impl EvidenceKernels for Gpu {
    fn evidence_scan(&mut self, params: &Array, batch: &Batch, at: EvidenceOffsets, work: &mut EvidenceWork<Array>) {
        let args = args(at, batch, EvidenceLosses::default());
        let arrays = [&batch.integers, &work.strength, &work.evidence].map(Some);
        self.dispatch(&evidence_answers(), &args, &arrays, groups(batch.prepared.rows()));
        let arrays = [&batch.integers, params, &work.evidence, &work.state].map(Some);
        self.dispatch(
            &evidence_state(skills_of_answers(batch)),
            &args,
            &arrays,
            groups(batch.prepared.windows() * at.skills),
        );
    }

    fn evidence_logits(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceOffsets,
        work: &mut EvidenceWork<Array>,
        logits: &mut Array,
    ) {
        let arrays = [&batch.integers, params, &work.state, &work.context, logits, &work.squares].map(Some);
        let args = args(at, batch, EvidenceLosses::default());
        self.dispatch(&evidence_logits(skills_of_answers(batch)), &args, &arrays, groups(batch.prepared.rows()));
    }

    fn evidence_mastery(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceOffsets,
        work: &EvidenceWork<Array>,
        mastery: &mut Array,
        gains: &mut Array,
    ) {
        let arrays = [&batch.integers, params, &work.state, &work.context, mastery, gains].map(Some);
        let tasks = groups(batch.prepared.rows() * at.skills);
        self.dispatch(&evidence_mastery(), &args(at, batch, EvidenceLosses::default()), &arrays, tasks);
    }

    fn evidence_losses(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceOffsets,
        losses: EvidenceLosses,
        stats: &Array,
        work: &mut EvidenceWork<Array>,
        terms: &mut Array,
    ) {
        if let Some(items) = at.items {
            let args = ItemSquaresArgs { first: items.difficulty as u32, count: 2 * items.count as u32 };
            self.dispatch(&item_squares(), &args, &[params, &work.item_squares].map(Some), [64, 1, 1]);
        }
        let arrays = [&batch.integers, stats, &work.squares, &work.item_squares, terms].map(Some);
        self.dispatch(&evidence_losses(), &args(at, batch, losses), &arrays, [1, 1, 1]);
    }

    fn item_grads(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: ItemOffsets,
        weight: f32,
        d_logits: &Array,
        shift_by_row: &Array,
        grads: &mut Array,
    ) {
        let [count, difficulty, shift] = [at.count, at.difficulty, at.shift].map(|v| v as u32);
        let args = ItemGradArgs { count, difficulty, shift, weight };
        let arrays = [&batch.integers, params, d_logits, shift_by_row, grads].map(Some);
        self.dispatch(&item_grad(), &args, &arrays, groups(at.count));
    }

    fn evidence_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EvidenceOffsets,
        penalty: f32,
        d_logits: &Array,
        work: &EvidenceWork<Array>,
        back: &mut EvidenceGrads<Array>,
        grads: &mut Array,
    ) {
        let args = args(at, batch, EvidenceLosses { context_penalty: penalty, item_weight: 0.0 });
        let several = skills_of_answers(batch);
        let (rows, windows, skills) = (batch.prepared.rows(), batch.prepared.windows(), at.skills);
        let integers = &batch.integers;
        let EvidenceWork { strength, evidence, state, context, .. } = work;
        let arrays = [integers, context, d_logits, &back.context].map(Some);
        self.dispatch(&evidence_context_grad(several), &args, &arrays, groups(rows * skills));
        let arrays = [integers, params, d_logits, &back.state].map(Some);
        self.dispatch(&evidence_state_grad(several), &args, &arrays, groups(windows * skills));
        let arrays = [integers, params, strength, evidence, &back.state, &back.strength, &back.rows].map(Some);
        let row_grad = match self.hardware.lanes() {
            Some(lanes) => subgroup_evidence_row_grad(several, lanes),
            None => evidence_row_grad(several),
        };
        self.dispatch(&row_grad, &args, &arrays, workgroup_grid(rows, 1));
        let arrays = [integers, params, evidence, state, &back.state, d_logits, &back.rows, &*grads].map(Some);
        self.dispatch(&evidence_skill_grad(several), &args, &arrays, workgroup_grid(skills, 1));
    }
}
