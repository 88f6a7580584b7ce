//! A model on one device: encoder and readout forward and backward as a fixed sequence of kernels, and the optimizer.

use super::architectures::{Losses, ModelKernels, ParameterOffsets, Readout};
use super::encoder::{self, EncoderWork, StreamGrads};
use super::layout::Layout;
use super::pass::{Pass, RowOutputs};
use super::row_stats::RowStat;
use super::{DropoutSites, ModelConfig};
use crate::error::Result;
use crate::ops::{AdamStep, PreparedBatch};

/// A model on a device.
#[derive(Debug)]
pub(super) struct Network<K: ModelKernels> {
    pub kernels: K,
    pub config: ModelConfig,
    pub layout: Layout,
    pub places: ParameterOffsets,
    pub params: K::Floats,
    pub encoder: EncoderWork<K::Floats>,
    pub rows: RowOutputs<K::Floats>,
    pub readout: Readout<K>,
    pub learning: Option<Learning<K::Floats>>,
    pub batch: Option<K::Batch>,
    /// Loss terms and probabilities of the steps since the last read.
    pub log: [K::Floats; 2],
    /// Rows of answers that were never given, once any were asked about.
    pub imagined: Option<ImaginedRows<K>>,
}

/// What a pass over answers that were never given needs on the device, kept from pass to pass.
#[derive(Debug)]
pub(super) struct ImaginedRows<K: ModelKernels> {
    pub work: EncoderWork<K::Floats>,
    pub batch: K::Batch,
}

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A training step, which reads no mastery where the losses do not.
    Learn,
    /// Figures, mastery and gains.
    Measure,
    /// The same, with every encoder block's results kept: for attention, and for what one more answer would change.
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

/// All that one training step needs.
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

impl<K: ModelKernels> Network<K> {
    pub(super) fn new(
        mut kernels: K,
        config: ModelConfig,
        layout: Layout,
        places: ParameterOffsets,
        values: &[f32],
    ) -> Result<Self> {
        let mut params = kernels.floats(values.len())?;
        kernels.write(&mut params, values);
        let encoder = EncoderWork::new(&mut kernels)?;
        let rows = RowOutputs::new(&mut kernels)?;
        let readout = Readout::new(&mut kernels, &places.readout)?;
        let log = [kernels.floats(4)?, kernels.floats(4)?];
        Ok(Self {
            kernels,
            config,
            layout,
            places,
            params,
            encoder,
            rows,
            readout,
            learning: None,
            batch: None,
            log,
            imagined: None,
        })
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
        let Self { kernels: k, params, config, places, batch: stored, encoder, rows, readout, .. } = self;
        let batch = k.batch(batch, stored.take())?;
        let batch = stored.insert(batch);
        encoder::forward(k, params, batch, &places.encoder, config, encoder, &mut sites);
        let pass = Pass { params, batch, config };
        readout.forward(k, &pass, encoder, rows, &mut sites, step);
        Ok(())
    }

    /// Makes arrays for gradients and moments, unless they are there; moments start at 0.
    pub(super) fn ensure_training_buffers(&mut self) -> Result<()> {
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
        self.ensure_training_buffers()?;
        let entries = batch.batch.lists.as_ref().map_or(batch.rows(), |lists| lists.skills.len());
        self.forward(batch, sites.clone(), Purpose::Learn)?;
        let Self { kernels: k, params, config, places, batch, learning, encoder, rows, readout, .. } = self;
        let batch = batch.as_ref().expect("the forward pass stores the batch");
        let Learning { grads, streams, .. } = learning.as_mut().expect("the training buffers are allocated above");
        streams.reserve(k, config, rows.count)?;
        let pass = Pass { params, batch, config };
        let item_weight = losses.item_weight();
        let after = encoder::sites_after(config, sites.clone());
        readout.backward(k, &pass, losses, encoder, rows, after, entries, streams, grads)?;
        encoder::backward(k, params, batch, &places.encoder, config, encoder, streams, grads, sites);
        readout.backward_items(k, &pass, item_weight, rows, streams, grads);
        Ok(())
    }

    /// One training step. Terms and probabilities are appended to the log.
    pub(super) fn step(&mut self, step: TrainingStep, place: LogPlace) -> Result<()> {
        let TrainingStep { batch, losses, dropout, adam } = step;
        self.gradients(batch, losses, dropout)?;
        let total = self.layout.count();
        let width = self.config.term_names().len();
        let Self { kernels: k, learning, params, log: [terms, scores], rows, readout, .. } = self;
        let learning = learning.as_mut().expect("allocated for the gradients");
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
}
