//! A model on one device: encoder and readout forward and backward as a fixed sequence of kernels, and the optimizer.

use super::encoder::{self, EncoderWork, StreamGrads};
use super::evidence::inside::transfer_row;
use super::evidence::{self, EvidenceKernels, EvidenceLosses};
use super::gainakt2exp::chances::PredictionHead;
use super::gainakt2exp::{self, GainAktKernels, GainAktLosses};
use super::layout::{Layout, ReadoutAt};
use super::pass::{Pass, RowOutputs};
use super::row_stats::{RowStat, RowStatKernels};
use super::{DropoutSites, ModelConfig};
use crate::error::{Error, Result};
use crate::ops::{AdamStep, Kernels, PreparedBatch};

/// A device that runs everything the models need.
pub(super) trait ModelKernels: Kernels + RowStatKernels + GainAktKernels + EvidenceKernels {}

impl<D: Kernels + RowStatKernels + GainAktKernels + EvidenceKernels> ModelKernels for D {}

/// A model on a device.
#[derive(Debug)]
pub(super) struct Network<K: ModelKernels> {
    pub kernels: K,
    pub config: ModelConfig,
    pub layout: Layout,
    pub params: K::Floats,
    pub encoder: EncoderWork<K::Floats>,
    pub rows: RowOutputs<K::Floats>,
    pub readout: Readout<K>,
    pub learning: Option<Learning<K::Floats>>,
    pub batch: Option<K::Batch>,
    /// Loss terms and probabilities of the steps since the last read.
    log: [K::Floats; 2],
}

/// What follows the encoder.
#[derive(Debug)]
pub(super) enum Readout<K: ModelKernels> {
    GainAkt(gainakt2exp::Readout<K>),
    Evidence(evidence::Readout<K>),
}

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A training step, which reads no mastery where the losses do not.
    Learn,
    /// Figures, mastery and gains.
    Measure,
    /// The same, with every encoder block's results kept.
    Inspect,
}

/// Gradients and the optimizer's moments.
#[derive(Debug)]
pub(super) struct Learning<F> {
    pub grads: F,
    pub moments: F,
    pub norm: F,
    streams: StreamGrads<F>,
}

/// What moves a model in one step.
#[derive(Debug, Clone)]
pub struct TrainingStep {
    /// The batch, prepared for training.
    pub batch: PreparedBatch,
    /// The losses.
    pub losses: Losses,
    /// Dropout.
    pub dropout: DropoutSites,
    /// The optimizer's settings.
    pub adam: AdamStep,
}

/// What a step minimises, by the kind of model.
#[derive(Debug, Clone, PartialEq)]
pub enum Losses {
    /// GainAKT2Exp's terms (SPEC §3).
    GainAkt(GainAktLosses),
    /// The evidence model's terms (SPEC §9).
    Evidence(EvidenceLosses),
}

/// Where a step's figures go until they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// Steps since the last read.
    pub step: usize,
    /// Most steps between two reads.
    pub steps: usize,
    /// Rows of the epoch before this step.
    pub row: usize,
    /// Rows of the epoch.
    pub rows: usize,
}

impl<K: ModelKernels> Readout<K> {
    fn new(k: &mut K, at: &ReadoutAt) -> Result<Self> {
        match at {
            ReadoutAt::GainAkt(at) => gainakt2exp::Readout::new(k, *at).map(Self::GainAkt),
            ReadoutAt::Evidence(at) => evidence::Readout::new(k, *at).map(Self::Evidence),
        }
    }

    pub(super) fn reserve(&mut self, k: &mut K, c: &ModelConfig, n: usize, w: usize) -> Result<()> {
        match self {
            Self::GainAkt(readout) => readout.reserve(k, c, n, w),
            Self::Evidence(readout) => readout.reserve(k, n),
        }
    }

    /// Values of the loss terms of the last step; `None` before the first.
    pub(super) fn terms(&self) -> Option<&K::Floats> {
        match self {
            Self::GainAkt(readout) => readout.terms(),
            Self::Evidence(readout) => readout.terms(),
        }
    }
}

impl<K: ModelKernels> Network<K> {
    pub(super) fn new(mut kernels: K, config: ModelConfig, layout: Layout, values: &[f32]) -> Result<Self> {
        let mut params = kernels.floats(values.len())?;
        kernels.write(&mut params, values);
        let encoder = EncoderWork::new(&mut kernels)?;
        let rows = RowOutputs::new(&mut kernels)?;
        let readout = Readout::new(&mut kernels, &layout.readout)?;
        let log = [kernels.floats(4)?, kernels.floats(4)?];
        Ok(Self { kernels, config, layout, params, encoder, rows, readout, learning: None, batch: None, log })
    }

    pub(super) fn write_params(&mut self, values: &[f32]) {
        self.kernels.write(&mut self.params, values);
    }

    pub(super) async fn read_params(&mut self) -> Result<Vec<f32>> {
        self.kernels.read(&self.params, 0, self.layout.count()).await
    }

    /// Runs the model on `batch`; results lie in `rows`.
    pub(super) fn forward(&mut self, batch: PreparedBatch, mut sites: DropoutSites, purpose: Purpose) -> Result<()> {
        let (n, w) = (batch.rows(), batch.windows());
        // A model that learns always keeps every block's results: its next step needs the room again.
        let keep = purpose != Purpose::Measure || self.learning.is_some();
        let step = purpose == Purpose::Learn;
        self.encoder.reserve(&mut self.kernels, &self.config, keep, n)?;
        self.rows.reserve(&mut self.kernels, &self.config, n, w)?;
        self.readout.reserve(&mut self.kernels, &self.config, n, w)?;
        self.batch = Some(self.kernels.batch(batch, self.batch.take())?);
        let Self { kernels: k, params, config, layout, batch: Some(batch), encoder, rows, readout, .. } = self else {
            return Ok(());
        };
        encoder::forward(k, params, batch, &layout.encoder, config, encoder, &mut sites);
        let pass = Pass { params, batch, config };
        match readout {
            Readout::GainAkt(readout) => readout.forward(k, &pass, encoder, rows, &mut sites),
            Readout::Evidence(readout) => readout.forward(k, &pass, encoder, rows, !step),
        }
        Ok(())
    }

    /// The streams after the encoder, `len` values each.
    pub(super) async fn read_encoded(&mut self, len: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let Self { kernels, encoder, .. } = self;
        let [ctx, val] = encoder.streams();
        Ok((kernels.read(ctx, 0, len).await?, kernels.read(val, 0, len).await?))
    }

    /// Chance of a correct answer were each skill asked after each of these rows of the last pass, `[rows, C]`.
    pub(super) async fn chances(&mut self, wanted: &[usize]) -> Result<Vec<f32>> {
        let (n, c, d) = (self.rows.count, self.config.num_c, self.config.d_model);
        let chosen = |values: &[f32], width: usize| -> Vec<f32> {
            wanted.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect()
        };
        let (ReadoutAt::GainAkt(at), Some(concepts)) = (&self.layout.readout, self.layout.encoder.tables.concept)
        else {
            // The prediction is the mastery.
            return Ok(chosen(&self.kernels.read(&self.rows.mastery, 0, n * c).await?, c));
        };
        let mut params = [const { Vec::new() }; 4];
        for (values, (at, len)) in params.iter_mut().zip(PredictionHead::places(at.prediction)) {
            *values = self.kernels.read(&self.params, at, len).await?;
        }
        let concepts = self.kernels.read(&self.params, concepts, c * d).await?;
        let (ctx, val) = self.read_encoded(n * d).await?;
        Ok(PredictionHead { params, concepts, width: d }.chances(&chosen(&ctx, d), &chosen(&val, d)))
    }

    /// The transfer matrix `[C, C]`, row by row: what an answer to the row's skill says about the column's; empty where the
    /// model has none.
    pub(super) async fn transfer(&mut self) -> Result<Vec<Vec<f32>>> {
        let ReadoutAt::Evidence(at) = self.layout.readout else { return Ok(Vec::new()) };
        let params = self.read_params().await?;
        Ok((0..at.skills).map(|q| transfer_row(&params, at, q)).collect())
    }

    /// Chance of a correct answer to each skill before any answer, `[C]`; empty where the model has no prior.
    pub(super) async fn prior(&mut self) -> Result<Vec<f32>> {
        let ReadoutAt::Evidence(at) = self.layout.readout else { return Ok(Vec::new()) };
        let logits = self.kernels.read(&self.params, at.prior, at.skills).await?;
        Ok(logits.into_iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect())
    }

    /// Makes arrays for gradients and moments, unless they are there; moments start at 0.
    pub(super) fn learn(&mut self) -> Result<()> {
        if self.learning.is_none() {
            let (k, count) = (&mut self.kernels, self.layout.count());
            let (grads, mut moments, norm) = (k.floats(count)?, k.floats(2 * count)?, k.floats(257)?);
            k.write(&mut moments, &vec![0.0; 2 * count]);
            self.learning = Some(Learning { grads, moments, norm, streams: StreamGrads::new(k)? });
        }
        Ok(())
    }

    /// Forward, losses and backward: gradients of all parameters lie in `learning`.
    pub(super) fn gradients(&mut self, batch: PreparedBatch, losses: Losses, sites: DropoutSites) -> Result<()> {
        self.learn()?;
        self.forward(batch, sites.clone(), Purpose::Learn)?;
        let Self {
            kernels: k,
            params,
            config,
            layout,
            batch: Some(batch),
            learning: Some(Learning { grads, streams, .. }),
            encoder,
            rows,
            readout,
            ..
        } = self
        else {
            return Ok(());
        };
        streams.reserve(k, config, rows.count)?;
        let pass = Pass { params, batch, config };
        let mut after = encoder::sites_after(config, sites.clone());
        match (readout, losses) {
            (Readout::GainAkt(readout), Losses::GainAkt(losses)) => {
                readout.backward(k, &pass, losses, encoder, rows, after.site(), streams, grads)?;
            }
            (Readout::Evidence(readout), Losses::Evidence(losses)) => {
                readout.backward(k, &pass, losses, encoder, rows, streams, grads)?;
            }
            _ => return Err(Error::Device("the losses are those of another kind of model".to_owned())),
        }
        encoder::backward(k, params, batch, &layout.encoder, config, encoder, streams, grads, sites);
        Ok(())
    }

    /// One training step. Terms and probabilities are appended to the log.
    pub(super) fn step(&mut self, step: TrainingStep, place: LogPlace) -> Result<()> {
        let TrainingStep { batch, losses, dropout, adam } = step;
        self.gradients(batch, losses, dropout)?;
        let total = self.layout.count();
        let width = self.config.term_names().len();
        let Self { kernels: k, learning: Some(learning), params, log: [terms, scores], rows, readout, .. } = self
        else {
            return Ok(());
        };
        k.adam(params, &learning.grads, &mut learning.moments, total, adam, &mut learning.norm);
        k.reserve(terms, place.steps * width)?;
        k.reserve(scores, place.rows)?;
        if let Some(values) = readout.terms() {
            k.copy(values, 0, terms, place.step * width, width);
        }
        k.copy(&rows.stats, RowStat::Probability as usize * rows.count, scores, place.row, rows.count);
        k.submit();
        Ok(())
    }

    /// Loss terms of the first `steps` steps of the log, one after another.
    pub(super) async fn logged_terms(&mut self, steps: usize) -> Result<Vec<f32>> {
        self.kernels.read(&self.log[0], 0, steps * self.config.term_names().len()).await
    }

    /// Probabilities of the first `rows` rows of the epoch.
    pub(super) async fn logged_scores(&mut self, rows: usize) -> Result<Vec<f32>> {
        self.kernels.read(&self.log[1], 0, rows).await
    }
}
