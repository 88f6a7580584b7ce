//! A model on tensors as [`crate::model::Model`] uses it: the same requests as to a network of kernels, answered at once.

use std::fmt::Debug;
use std::future::{Ready, ready};

use super::network::{Network, TensorModel};
use crate::error::Result;
use crate::model::architectures::Losses;
use crate::model::model::Output;
use crate::model::network::{LogPlace, TrainingStep};
use crate::model::{DropoutSites, Inspection, Question, WhatIf};
use crate::ops::{DeviceStats, PreparedBatch};

/// A future that is ready at once.
type Now<T> = Ready<Result<T>>;

/// What a network of kernels can do too; see there (`model/network.rs`, `network_reads.rs`).
pub(in crate::model) trait Engine: Debug + Send {
    fn write_params(&mut self, values: &[f32]);
    fn read_params(&mut self) -> Now<Vec<f32>>;
    fn output(&mut self, plan: PreparedBatch) -> Now<Output>;
    fn stats(&mut self, plan: PreparedBatch) -> Now<Vec<f32>>;
    fn mastery(&mut self) -> Now<Vec<f32>>;
    fn encoded(&mut self, rows: usize) -> Now<(Vec<f32>, Vec<f32>)>;
    fn chances(&mut self, wanted: &[usize]) -> Now<Vec<f32>>;
    fn ask(&mut self, questions: &[Question]) -> Now<Vec<f32>>;
    fn what_if(&mut self, questions: &[Question]) -> Now<Vec<WhatIf>>;
    fn transfer(&mut self) -> Now<Vec<Vec<f32>>>;
    fn prior(&mut self) -> Now<Vec<f32>>;
    fn difficulties(&mut self) -> Now<Vec<f32>>;
    fn inspect(&mut self, plan: PreparedBatch) -> Now<Inspection>;
    fn step(&mut self, step: TrainingStep, place: LogPlace) -> Result<()>;
    fn gradients_of(&mut self, b: PreparedBatch, l: Losses, d: DropoutSites) -> Now<(Vec<f32>, Vec<f32>)>;
    fn gradient_norm(&mut self) -> Now<f32>;
    fn read_moments(&mut self) -> Now<Option<Vec<f32>>>;
    fn write_moments(&mut self, values: &[f32]) -> Result<()>;
    fn logged_terms(&mut self, steps: usize) -> Now<Vec<f32>>;
    fn logged_scores(&mut self, rows: usize) -> Now<Vec<f32>>;
    fn device_stats(&mut self) -> &mut DeviceStats;
}

impl<M: TensorModel> Engine for Network<M> {
    fn write_params(&mut self, values: &[f32]) {
        self.load(values.to_vec());
    }

    fn read_params(&mut self) -> Now<Vec<f32>> {
        ready(Ok(self.params.clone()))
    }

    fn output(&mut self, plan: PreparedBatch) -> Now<Output> {
        ready(self.logits(&plan.batch).map(|logits| Output { logits, heads: None }))
    }

    fn stats(&mut self, plan: PreparedBatch) -> Now<Vec<f32>> {
        ready(self.logits(&plan.batch).and_then(|logits| self.figures(plan, &logits)))
    }

    fn mastery(&mut self) -> Now<Vec<f32>> {
        ready(Ok(Vec::new()))
    }

    fn encoded(&mut self, _: usize) -> Now<(Vec<f32>, Vec<f32>)> {
        ready(Ok((Vec::new(), Vec::new())))
    }

    fn chances(&mut self, wanted: &[usize]) -> Now<Vec<f32>> {
        ready(self.every_chance(wanted))
    }

    fn ask(&mut self, questions: &[Question]) -> Now<Vec<f32>> {
        ready(self.chances_of(questions))
    }

    fn what_if(&mut self, questions: &[Question]) -> Now<Vec<WhatIf>> {
        ready(self.changes(questions))
    }

    fn transfer(&mut self) -> Now<Vec<Vec<f32>>> {
        ready(Ok(Vec::new()))
    }

    fn prior(&mut self) -> Now<Vec<f32>> {
        ready(Ok(Vec::new()))
    }

    fn difficulties(&mut self) -> Now<Vec<f32>> {
        ready(Ok(Vec::new()))
    }

    fn inspect(&mut self, plan: PreparedBatch) -> Now<Inspection> {
        let last = plan.rows() - 1;
        let chances = self.logits(&plan.batch).and_then(|_| self.every_chance(&[last]));
        ready(chances.map(|next| Inspection { next, ..Inspection::default() }))
    }

    fn step(&mut self, step: TrainingStep, place: LogPlace) -> Result<()> {
        self.train_step(step, place)
    }

    fn gradients_of(&mut self, b: PreparedBatch, l: Losses, d: DropoutSites) -> Now<(Vec<f32>, Vec<f32>)> {
        ready(self.learn(b, &l, d).map(|_| (self.grads.clone(), self.terms.to_vec())))
    }

    fn gradient_norm(&mut self) -> Now<f32> {
        ready(Ok(self.norm.first().copied().unwrap_or_default()))
    }

    fn read_moments(&mut self) -> Now<Option<Vec<f32>>> {
        ready(Ok((!self.moments.is_empty()).then(|| self.moments.clone())))
    }

    fn write_moments(&mut self, values: &[f32]) -> Result<()> {
        self.moments = values.to_vec();
        Ok(())
    }

    fn logged_terms(&mut self, steps: usize) -> Now<Vec<f32>> {
        let width = self.terms.len();
        ready(Ok(self.log[0][..steps * width].to_vec()))
    }

    fn logged_scores(&mut self, rows: usize) -> Now<Vec<f32>> {
        ready(Ok(self.log[1][..rows].to_vec()))
    }

    fn device_stats(&mut self) -> &mut DeviceStats {
        self.host_stats()
    }
}
