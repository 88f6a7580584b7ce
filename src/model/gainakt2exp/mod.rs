//! GainAKT2Exp (MODEL §2–3): what follows the encoder. An MLP predicts the next answer; a mastery head says where mastery
//! begins, a gain head what each answer adds, and a scan adds it up; the losses tie the three together.

mod chances;
mod cpu;
pub(super) mod gpu;
mod kernels;
mod losses_cpu;
mod scan_cpu;
mod targets;
mod terms;

pub use kernels::{GainAktKernels, LossBuffers};
pub use targets::{Group, GroupKind, LossTargets};
pub use terms::{ADAPT_MOST, ADAPT_SLOPE, LossSettings, LossTerm};

use super::encoder::{EncoderOffsets, EncoderWork, StreamGrads};
use super::parameters::Builder;
use super::pass::{Pass, RowOutputs, rows_of};
use super::question::Imagined;
use super::row_stats::{Cells, RowStatKernels};
use super::{DropoutSites, ModelConfig};
use crate::error::Result;
use crate::ops::{Activation, Dropout, Input, InputGrad, Kernels, LinearOffsets};
use chances::PredictionHead;
use terms::Factor;

/// Places of the parameters after the encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ReadoutOffsets {
    prediction: [LinearOffsets; 2],
    /// Mastery and gain head; `None` unless the model has both.
    heads: Option<[LinearOffsets; 2]>,
}

impl ReadoutOffsets {
    /// Lays the parameters in the order PyTorch lists them; also the number of leading values the loss depends on.
    pub(super) fn new(b: &mut Builder, config: &ModelConfig) -> (Self, usize) {
        let (c, d) = (config.num_c, config.d_model);
        let prediction =
            [b.linear("prediction_head.0", 3 * d, config.d_ff), b.linear("prediction_head.3", config.d_ff, 1)];
        let without_heads = b.len();
        let mastery = config.use_mastery_head.then(|| b.linear("mastery_head", d, c));
        let gain = config.use_gain_head.then(|| b.linear("gain_head", d, c));
        let heads = mastery.zip(gain).map(|(m, g)| [m, g]);
        (Self { prediction, heads }, if heads.is_some() { b.len() } else { without_heads })
    }
}

/// Settings and targets of a step's losses.
#[derive(Debug, Clone, PartialEq)]
pub struct GainAktLosses {
    /// Weights and switches.
    pub settings: LossSettings,
    /// What the batch is compared with.
    pub targets: LossTargets,
}

/// The part after the encoder on a device.
#[derive(Debug)]
pub(super) struct Readout<K: GainAktKernels> {
    at: ReadoutOffsets,
    hidden: K::Floats,
    /// Mastery before the first gain, `[W, C]`.
    initial: K::Floats,
    learning: Option<Learning<K>>,
}

/// Arrays of the losses and of the way back.
#[derive(Debug)]
struct Learning<K: GainAktKernels> {
    losses: LossBuffers<K::Floats>,
    d_gains: K::Floats,
    d_initial: K::Floats,
    targets: Option<K::Targets>,
}

impl<K: Kernels + RowStatKernels + GainAktKernels> Readout<K> {
    pub(super) fn new(k: &mut K, at: ReadoutOffsets) -> Result<Self> {
        Ok(Self { at, hidden: k.floats(4)?, initial: k.floats(4)?, learning: None })
    }

    /// Makes room for `n` rows and `w` windows.
    pub(super) fn reserve(&mut self, k: &mut K, c: &ModelConfig, n: usize, w: usize) -> Result<()> {
        k.reserve(&mut self.hidden, n * c.d_ff)?;
        k.reserve(&mut self.initial, w * c.mastery_width())
    }

    /// Predictions, mastery and gains of the encoder's rows.
    pub(super) fn forward(
        &mut self,
        k: &mut K,
        pass: &Pass<'_, K>,
        encoder: &EncoderWork<K::Floats>,
        rows: &mut RowOutputs<K::Floats>,
        sites: &mut DropoutSites,
    ) {
        let Pass { params: p, batch, config } = *pass;
        let [ctx, val] = encoder.streams();
        let [first, second] = self.at.prediction;
        let joined = Input::Joined(vec![ctx, val, &encoder.next]);
        k.linear(p, batch, joined, &[first], Activation::Relu, sites.site(), &mut self.hidden);
        k.linear(p, batch, Input::Rows(&self.hidden), &[second], Activation::None, Dropout::OFF, &mut rows.logits);
        let mut cells = None;
        if let Some([mastery, gain]) = self.at.heads {
            k.linear(p, batch, Input::Rows(val), &[gain], Activation::Relu, Dropout::OFF, &mut rows.gains);
            let firsts = Input::FirstRows(ctx);
            k.linear(p, batch, firsts, &[mastery], Activation::Sigmoid, Dropout::OFF, &mut self.initial);
            k.scan(batch, config.num_c, &self.initial, &rows.gains, &mut rows.mastery);
            cells = Some(Cells { mastery: &rows.mastery, gains: &rows.gains });
        }
        k.row_stats(batch, config.num_c, cells, &rows.logits, &mut rows.stats, &mut rows.d_logits);
    }

    /// Chance of a correct answer were each skill asked after each of the `wanted` of the last pass's `n` rows,
    /// `[wanted, C]`.
    pub(super) async fn chances(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        at: &EncoderOffsets,
        encoder: &EncoderWork<K::Floats>,
        n: usize,
        wanted: &[usize],
    ) -> Result<Vec<f32>> {
        let d = pass.config.d_model;
        let head = self.prediction_head(k, pass, at).await?;
        let [ctx, val] = encoder.streams();
        let ctx = rows_of(&k.read(ctx, 0, n * d).await?, d, wanted);
        let val = rows_of(&k.read(val, 0, n * d).await?, d, wanted);
        Ok(head.chances(&ctx, &val))
    }

    /// Chance of a correct answer to each of these answers' skills right after it; the encoder has read the answers as rows.
    pub(super) async fn chances_after(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        at: &EncoderOffsets,
        encoder: &EncoderWork<K::Floats>,
        answers: &[Imagined],
    ) -> Result<Vec<f32>> {
        let len = answers.len() * pass.config.d_model;
        let head = self.prediction_head(k, pass, at).await?;
        let [ctx, val] = encoder.streams();
        let (ctx, val) = (k.read(ctx, 0, len).await?, k.read(val, 0, len).await?);
        Ok(head.chances_of(&ctx, &val, answers.iter().map(|a| a.skill as usize)))
    }

    /// The prediction head on the host.
    async fn prediction_head(&self, k: &mut K, pass: &Pass<'_, K>, at: &EncoderOffsets) -> Result<PredictionHead> {
        let (c, d) = (pass.config.num_c, pass.config.d_model);
        let concepts = at.tables.concept.expect("this model reads the skill asked next");
        let mut params = [const { Vec::new() }; 4];
        for (values, (at, len)) in params.iter_mut().zip(PredictionHead::places(self.at.prediction)) {
            *values = k.read(pass.params, at, len).await?;
        }
        Ok(PredictionHead { params, concepts: k.read(pass.params, concepts, c * d).await?, width: d })
    }

    /// The loss terms of the rows, and gradients of the parameters and of the encoder's streams.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn backward(
        &mut self,
        k: &mut K,
        pass: &Pass<'_, K>,
        losses: GainAktLosses,
        encoder: &EncoderWork<K::Floats>,
        rows: &RowOutputs<K::Floats>,
        dropout: Dropout,
        back: &mut StreamGrads<K::Floats>,
        grads: &mut K::Floats,
    ) -> Result<()> {
        let Pass { params: p, batch, config } = *pass;
        let GainAktLosses { settings, targets } = losses;
        let skills = config.num_c;
        self.reserve_learning(k, config, [rows.count, rows.windows, targets.groups.len()])?;
        let Some(learning) = &mut self.learning else { return Ok(()) };
        let on_device = k.targets(batch, targets, learning.targets.take())?;
        k.losses(batch, &on_device, skills, &settings, &rows.stats, &mut learning.losses);
        learning.targets = Some(on_device);

        let [ctx, val] = encoder.streams();
        let [first, second] = self.at.prediction;
        k.linear_weight_grad(batch, &rows.d_logits, Input::Rows(&self.hidden), &[second], grads);
        let through = InputGrad::Through { grad: &mut back.d_hidden, output: &self.hidden, scale: dropout.scale() };
        k.linear_input_grad(p, batch, &rows.d_logits, &[second], through);
        let joined = Input::Joined(vec![ctx, val, &encoder.next]);
        k.linear_weight_grad(batch, &back.d_hidden, joined, &[first], grads);
        let parts = InputGrad::Joined(vec![&mut back.d_ctx, &mut back.d_val, &mut back.d_next]);
        k.linear_input_grad(p, batch, &back.d_hidden, &[first], parts);
        if let Some([mastery, gain]) = self.at.heads {
            let cells = Cells { mastery: &rows.mastery, gains: &rows.gains };
            let Learning { losses, d_gains, d_initial, .. } = learning;
            k.scan_grad(batch, skills, cells, losses, d_gains, d_initial);
            k.linear_weight_grad(batch, d_gains, Input::Rows(val), &[gain], grads);
            k.linear_input_grad(p, batch, d_gains, &[gain], InputGrad::Add(&mut back.d_val));
            k.linear_weight_grad(batch, d_initial, Input::FirstRows(ctx), &[mastery], grads);
            k.linear_input_grad(p, batch, d_initial, &[mastery], InputGrad::AddFirstRows(&mut back.d_ctx));
        }
        Ok(())
    }

    /// Values of [`LossTerm`] of the last step; `None` before the first.
    pub(super) fn terms(&self) -> Option<&K::Floats> {
        self.learning.as_ref().map(|l| &l.losses.terms)
    }

    fn reserve_learning(&mut self, k: &mut K, c: &ModelConfig, [n, w, groups]: [usize; 3]) -> Result<()> {
        if self.learning.is_none() {
            let (terms, factors) = (k.floats(LossTerm::COUNT)?, k.floats(Factor::COUNT)?);
            let losses = LossBuffers { groups: k.floats(4)?, terms, factors, rows: k.floats(4)? };
            self.learning = Some(Learning { losses, d_gains: k.floats(4)?, d_initial: k.floats(4)?, targets: None });
        }
        let Some(learning) = &mut self.learning else { return Ok(()) };
        let cells = c.mastery_width();
        k.reserve(&mut learning.losses.groups, 4 * groups)?;
        k.reserve(&mut learning.losses.rows, 4 * n)?;
        k.reserve(&mut learning.d_gains, n * cells)?;
        k.reserve(&mut learning.d_initial, w * cells)
    }
}
