//! The evidence model (MODEL §9): the prediction is the mastery of the skill that is asked next.
//!
//! Each answer is evidence of some strength; it says something about its own skill and, by a learned transfer, about the
//! others; evidence decays from answer to answer, and what has come together, with a prior and what the context adds, is
//! the logit of every skill's mastery.

mod cpu;
mod explanation;
pub(super) mod gpu;
mod kernels;
mod transfer_cpu;

pub use explanation::Explanation;
pub use kernels::{
    EvidenceGrads, EvidenceKernels, EvidenceLosses, EvidenceOffsets, EvidenceWork, ItemOffsets, LossTerm, RANK,
};

use super::ModelConfig;
use super::encoder::{EncoderWork, StreamGrads};
use super::parameters::{Builder, Start};
use super::pass::{Pass, RowOutputs};
use super::question::Imagined;
use super::row_stats::{Cells, RowStatKernels};
use crate::config::EncoderKind;
use crate::data::RaggedBatch;
use crate::error::Result;
use crate::ops::cpu::lanes::sigmoid;
use crate::ops::{Activation, Dropout, EmbeddingTables, ItemTables, Kernels};
use explanation::transfer_row;

impl EvidenceOffsets {
    /// Lays the parameters one after another; all of them are learned.
    pub(super) fn new(b: &mut Builder, config: &ModelConfig) -> Self {
        let c = config.num_c;
        // An LSTM has one output, blocks of attention have two streams.
        let features = match config.encoder {
            EncoderKind::Attention => 2 * config.d_model,
            EncoderKind::Lstm => config.d_model,
        };
        let (zero, normal) = (Start::Constant(0.0), |deviation| Start::Normal(deviation));
        Self {
            prior: b.add("prior", &[c], zero),
            strength: b.linear_from("strength_head", features, 2, normal(0.02), Start::Constant(-0.4)),
            transfer: b.add("transfer_embedding", &[c, RANK], normal(0.1)),
            transfer_bias: b.add("transfer_bias", &[], Start::Constant(-2.0)),
            decay: b.add("decay", &[c], Start::Constant(3.5)),
            context: b.linear_from("context_head", features, c, normal(0.01), zero),
            skills: c,
            items: None,
        }
    }

    /// Adds what is known of items, after all other parameters, where the model knows any.
    pub(super) fn add_items(&mut self, b: &mut Builder, tables: &mut EmbeddingTables, config: &ModelConfig) {
        let (c, d, count) = (config.num_c, config.d_model, config.num_items);
        if count == 0 {
            return;
        }
        let mut table = |name: &str| b.add(&format!("{name}.weight"), &[2 * c, d], Start::Normal(0.1));
        let context = table("context_item_embedding");
        let value = (config.encoder == EncoderKind::Attention).then(|| table("value_item_embedding"));
        let zero = Start::Constant(0.0);
        let difficulty = b.add("item_difficulty", &[count], zero);
        let shift = b.add("item_shift", &[count], zero);
        tables.items = Some(ItemTables { context, value, shift, count });
        self.items = Some(ItemOffsets { difficulty, shift, count });
    }
}

/// The part after the encoder on a device.
#[derive(Debug)]
pub(super) struct Readout<K: EvidenceKernels> {
    at: EvidenceOffsets,
    work: EvidenceWork<K::Floats>,
    learning: Option<EvidenceGrads<K::Floats>>,
}

impl<K: Kernels + RowStatKernels + EvidenceKernels> Readout<K> {
    pub(super) fn new(k: &mut K, at: EvidenceOffsets) -> Result<Self> {
        let work = EvidenceWork {
            strength: k.floats(4)?,
            evidence: k.floats(4)?,
            state: k.floats(4)?,
            context: k.floats(4)?,
            squares: k.floats(4)?,
            item_squares: k.floats(64)?,
        };
        Ok(Self { at, work, learning: None })
    }

    /// Makes room for `n` rows.
    pub(super) fn reserve(&mut self, k: &mut K, n: usize) -> Result<()> {
        let cells = n * self.at.skills;
        for (array, len) in [
            (&mut self.work.strength, 2 * n),
            (&mut self.work.evidence, n),
            (&mut self.work.state, cells),
            (&mut self.work.context, cells),
            (&mut self.work.squares, n),
        ] {
            k.reserve(array, len)?;
        }
        Ok(())
    }

    /// Predictions of the encoder's rows; mastery and gains too, unless only the predictions are wanted.
    pub(super) fn forward(
        &mut self,
        k: &mut K,
        pass: &Pass<'_, K>,
        encoder: &EncoderWork<K::Floats>,
        rows: &mut RowOutputs<K::Floats>,
        mastery: bool,
    ) {
        let Pass { params: p, batch, config } = *pass;
        let (at, work) = (self.at, &mut self.work);
        let linear = |k: &mut K, layer, out: &mut K::Floats| {
            k.linear(p, batch, encoder.features(), &[layer], Activation::None, Dropout::OFF, out);
        };
        linear(k, at.strength, &mut work.strength);
        linear(k, at.context, &mut work.context);
        k.evidence_scan(p, batch, at, work);
        k.evidence_logits(p, batch, at, work, &mut rows.logits);
        let mut cells = None;
        if mastery {
            k.evidence_mastery(p, batch, at, work, &mut rows.mastery, &mut rows.gains);
            cells = Some(Cells { mastery: &rows.mastery, gains: &rows.gains });
        }
        k.row_stats(batch, config.num_c, cells, &rows.logits, &mut rows.stats, &mut rows.d_logits);
    }

    /// The loss terms of the rows, and gradients of the parameters and of the encoder's streams; `entries`: skills of all
    /// answers of the batch.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn backward(
        &mut self,
        k: &mut K,
        pass: &Pass<'_, K>,
        losses: EvidenceLosses,
        encoder: &EncoderWork<K::Floats>,
        rows: &RowOutputs<K::Floats>,
        entries: usize,
        back: &mut StreamGrads<K::Floats>,
        grads: &mut K::Floats,
    ) -> Result<()> {
        let Pass { params: p, batch, config } = *pass;
        let (at, penalty) = (self.at, losses.context_penalty);
        let own = Self::reserve_learning(&mut self.learning, k, at.skills, rows.count, entries)?;
        k.evidence_losses(p, batch, at, losses, &rows.stats, &mut self.work, &mut own.terms);
        k.evidence_grad(p, batch, at, penalty, &rows.d_logits, &self.work, own, grads);
        for (d_out, layer, add) in [(&own.context, at.context, false), (&own.strength, at.strength, true)] {
            k.linear_weight_grad(batch, d_out, encoder.features(), &[layer], grads);
            k.linear_input_grad(p, batch, d_out, &[layer], back.features(config.encoder, add));
        }
        Ok(())
    }

    /// Gradients of what is known of items, once the encoder's backward pass has left `shift_by_row`.
    pub(super) fn backward_items(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        weight: f32,
        rows: &RowOutputs<K::Floats>,
        shift_by_row: &K::Floats,
        grads: &mut K::Floats,
    ) {
        if let Some(items) = self.at.items {
            k.item_grads(pass.params, pass.batch, items, weight, &rows.d_logits, shift_by_row, grads);
        }
    }

    /// Mastery of each of these answers' skills right after it: s\[t, k\] becomes σ(decay\[k\])·s\[t, k\] + e, and the encoder,
    /// which has read the answers as rows that follow the last pass's `n`, says how strong e is and what the context adds.
    pub(super) async fn chances_after(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        encoder: &EncoderWork<K::Floats>,
        n: usize,
        answers: &[Imagined],
    ) -> Result<Vec<f32>> {
        let Pass { params: p, batch, .. } = *pass;
        let (at, count, c) = (self.at, answers.len(), self.at.skills);
        let (mut strength, mut context) = (k.floats(2 * count)?, k.floats(count * c)?);
        for (layer, out) in [(at.strength, &mut strength), (at.context, &mut context)] {
            k.linear(p, batch, encoder.features(), &[layer], Activation::None, Dropout::OFF, out);
        }
        let (prior, decay) = (k.read(p, at.prior, c).await?, k.read(p, at.decay, c).await?);
        let state = k.read(&self.work.state, 0, n * c).await?;
        let (strengths, contexts) = (k.read(&strength, 0, 2 * count).await?, k.read(&context, 0, count * c).await?);
        [strength, context].into_iter().for_each(|array| k.release(array));
        let chance = |(i, answer): (usize, &Imagined)| {
            let skill = answer.skill as usize;
            let softplus = |x: f32| x.max(0.0) + (-x.abs()).exp().ln_1p();
            let e = if answer.response == 1 { softplus(strengths[2 * i]) } else { -softplus(strengths[2 * i + 1]) };
            let s = sigmoid(decay[skill]) * state[answer.row * c + skill] + e;
            sigmoid(prior[skill] + s + contexts[i * c + skill])
        };
        Ok(answers.iter().enumerate().map(chance).collect())
    }

    /// Difficulty of each item, `[I]`; empty where the model knows no items.
    pub(super) async fn difficulties(&self, k: &mut K, params: &K::Floats) -> Result<Vec<f32>> {
        match self.at.items {
            Some(items) => k.read(params, items.difficulty, items.count).await,
            None => Ok(Vec::new()),
        }
    }

    /// Chance of a correct answer to each skill before any answer, `[C]`.
    pub(super) async fn prior(&self, k: &mut K, params: &K::Floats) -> Result<Vec<f32>> {
        let logits = k.read(params, self.at.prior, self.at.skills).await?;
        Ok(logits.into_iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect())
    }

    /// The transfer matrix `[C, C]`, row by row, from all `count` parameters.
    pub(super) async fn transfer(&self, k: &mut K, params: &K::Floats, count: usize) -> Result<Vec<Vec<f32>>> {
        let params = k.read(params, 0, count).await?;
        Ok((0..self.at.skills).map(|q| transfer_row(&params, self.at, q)).collect())
    }

    /// What mastery after the last row is made of, once the model has run on one window of these answers.
    pub(super) async fn inside(
        &self,
        k: &mut K,
        params: &K::Floats,
        count: usize,
        answers: &RaggedBatch,
    ) -> Result<Explanation> {
        let params = k.read(params, 0, count).await?;
        let (n, skills) = (answers.rows(), self.at.skills);
        let evidence = k.read(&self.work.evidence, 0, n).await?;
        let context = k.read(&self.work.context, (n - 1) * skills, skills).await?;
        Ok(Explanation::new(&params, self.at, answers, &evidence, context))
    }

    /// Values of [`LossTerm`] of the last step; `None` before the first.
    pub(super) fn terms(&self) -> Option<&K::Floats> {
        self.learning.as_ref().map(|l| &l.terms)
    }

    /// Arrays for gradients over `n` rows and `entries` skills of answers.
    fn reserve_learning<'a>(
        learning: &'a mut Option<EvidenceGrads<K::Floats>>,
        k: &mut K,
        skills: usize,
        n: usize,
        entries: usize,
    ) -> Result<&'a mut EvidenceGrads<K::Floats>> {
        let own = match learning {
            Some(own) => own,
            None => learning.insert(EvidenceGrads {
                context: k.floats(4)?,
                state: k.floats(4)?,
                strength: k.floats(4)?,
                rows: k.floats(4)?,
                terms: k.floats(LossTerm::COUNT)?,
            }),
        };
        k.reserve(&mut own.context, n * skills)?;
        k.reserve(&mut own.state, n * skills)?;
        k.reserve(&mut own.strength, 2 * n)?;
        k.reserve(&mut own.rows, (RANK + 1) * entries)?;
        Ok(own)
    }
}
