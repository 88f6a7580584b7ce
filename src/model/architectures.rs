//! What follows the shared encoder, by architecture: everything in which one differs from the other is chosen here.

use super::encoder::{EncoderOffsets, EncoderWork, StreamGrads};
use super::evidence::{self, EvidenceKernels, EvidenceLosses, EvidenceOffsets, Explanation};
use super::gainakt2exp::{self, GainAktKernels, GainAktLosses};
use super::parameters::Builder;
use super::pass::{Pass, RowOutputs, rows_of};
use super::question::Imagined;
use super::row_stats::{self, RowStatKernels};
use super::{DropoutSites, ModelConfig};
use crate::config::ModelKind;
use crate::data::RaggedBatch;
use crate::error::{Error, Result};
use crate::ops::Kernels;
use crate::ops::gpu::Shader;

/// A device that runs everything the models need.
pub(super) trait ModelKernels: Kernels + RowStatKernels + GainAktKernels + EvidenceKernels {}

impl<D: Kernels + RowStatKernels + GainAktKernels + EvidenceKernels> ModelKernels for D {}

/// Every kernel beside the general operations, compiled for constants of one size.
pub(super) fn shaders(size: usize) -> Vec<Shader> {
    let mut all = row_stats::gpu::shaders(size);
    all.extend(gainakt2exp::gpu::shaders(size));
    all.extend(evidence::gpu::shaders(size));
    #[cfg(feature = "burn")]
    all.extend(super::burn::kernels::gpu::shaders(size));
    all
}

/// Names of the loss terms a step reports; the first is the total, the second the cross-entropy.
pub(super) fn term_names(config: &ModelConfig) -> &'static [&'static str] {
    match config.kind {
        ModelKind::GainAkt2Exp => &gainakt2exp::LossTerm::NAMES,
        ModelKind::Evidence if config.num_items > 0 => &evidence::LossTerm::NAMES,
        // The last term is that of items.
        ModelKind::Evidence => &evidence::LossTerm::NAMES[..evidence::LossTerm::ItemPenalty as usize],
        _ => &["total", "bce"],
    }
}

/// Whether mastery and gains are computed: GainAKT2Exp needs both heads for it.
pub(super) fn has_mastery(config: &ModelConfig) -> bool {
    match config.kind {
        ModelKind::GainAkt2Exp => config.use_mastery_head && config.use_gain_head,
        ModelKind::Evidence => true,
        _ => false,
    }
}

/// What a step minimises, by architecture.
#[derive(Debug, Clone, PartialEq)]
pub enum Losses {
    /// GainAKT2Exp's terms (MODEL §3).
    GainAkt(GainAktLosses),
    /// The evidence model's terms (MODEL §9).
    Evidence(EvidenceLosses),
    /// The cross-entropy of the predictions and nothing else.
    CrossEntropy,
}

impl Losses {
    /// Weight of the items' prior in the loss, 0 where there is none.
    pub(super) fn item_weight(&self) -> f32 {
        match self {
            Self::Evidence(losses) => losses.item_weight,
            Self::GainAkt(_) | Self::CrossEntropy => 0.0,
        }
    }
}

/// Places of all parameters of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ParameterOffsets {
    pub encoder: EncoderOffsets,
    pub readout: ReadoutOffsets,
}

/// Places of the parameters that follow the encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ReadoutOffsets {
    GainAkt(gainakt2exp::ReadoutOffsets),
    Evidence(EvidenceOffsets),
}

impl ParameterOffsets {
    /// Lays the parameters in the order PyTorch lists them; also the number of leading values the loss depends on.
    ///
    /// # Errors
    /// The model does not run on kernels.
    pub(super) fn new(b: &mut Builder, config: &ModelConfig) -> Result<(Self, usize)> {
        let mut encoder = EncoderOffsets::new(b, config, config.kind == ModelKind::GainAkt2Exp);
        let (readout, active) = match config.kind {
            ModelKind::GainAkt2Exp => {
                let (at, active) = gainakt2exp::ReadoutOffsets::new(b, config);
                (ReadoutOffsets::GainAkt(at), active)
            }
            ModelKind::Evidence => {
                let mut at = EvidenceOffsets::new(b, config);
                at.add_items(b, &mut encoder.tables, config);
                (ReadoutOffsets::Evidence(at), b.len())
            }
            other => {
                return Err(Error::Request(format!(
                    "{} needs burn, which the page and builds without the feature \"burn\" do not have; use a full build of \
                     the program",
                    other.title()
                )));
            }
        };
        Ok((Self { encoder, readout }, active))
    }
}

/// What follows the encoder, on a device.
#[derive(Debug)]
pub(super) enum Readout<K: ModelKernels> {
    GainAkt(gainakt2exp::Readout<K>),
    Evidence(evidence::Readout<K>),
}

impl<K: ModelKernels> Readout<K> {
    pub(super) fn new(k: &mut K, at: &ReadoutOffsets) -> Result<Self> {
        match at {
            ReadoutOffsets::GainAkt(at) => gainakt2exp::Readout::new(k, *at).map(Self::GainAkt),
            ReadoutOffsets::Evidence(at) => evidence::Readout::new(k, *at).map(Self::Evidence),
        }
    }

    /// Makes room for `n` rows of `w` windows.
    pub(super) fn reserve(&mut self, k: &mut K, c: &ModelConfig, n: usize, w: usize) -> Result<()> {
        match self {
            Self::GainAkt(readout) => readout.reserve(k, c, n, w),
            Self::Evidence(readout) => readout.reserve(k, n),
        }
    }

    /// Predictions, figures, and mastery and gains of the rows; `step`: for a training step, which may leave out mastery.
    pub(super) fn forward(
        &mut self,
        k: &mut K,
        pass: &Pass<'_, K>,
        encoder: &EncoderWork<K::Floats>,
        rows: &mut RowOutputs<K::Floats>,
        sites: &mut DropoutSites,
        step: bool,
    ) {
        match self {
            Self::GainAkt(readout) => readout.forward(k, pass, encoder, rows, sites),
            Self::Evidence(readout) => readout.forward(k, pass, encoder, rows, !step),
        }
    }

    /// Gradients of the readout's parameters and of the encoder's streams; `sites` begins where the encoder's end, `entries`
    /// counts the skills of all answers of the batch.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn backward(
        &mut self,
        k: &mut K,
        pass: &Pass<'_, K>,
        losses: Losses,
        encoder: &EncoderWork<K::Floats>,
        rows: &RowOutputs<K::Floats>,
        mut sites: DropoutSites,
        entries: usize,
        streams: &mut StreamGrads<K::Floats>,
        grads: &mut K::Floats,
    ) -> Result<()> {
        match (self, losses) {
            (Self::GainAkt(readout), Losses::GainAkt(losses)) => {
                readout.backward(k, pass, losses, encoder, rows, sites.site(), streams, grads)
            }
            (Self::Evidence(readout), Losses::Evidence(losses)) => {
                readout.backward(k, pass, losses, encoder, rows, entries, streams, grads)
            }
            _ => Err(Error::Request("the losses are those of another kind of model".to_owned())),
        }
    }

    /// Gradients of what is known of items, after the encoder's backward pass; `weight` is [`Losses::item_weight`].
    pub(super) fn backward_items(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        weight: f32,
        rows: &RowOutputs<K::Floats>,
        streams: &StreamGrads<K::Floats>,
        grads: &mut K::Floats,
    ) {
        if let Self::Evidence(readout) = self {
            readout.backward_items(k, pass, weight, rows, &streams.shift_by_row, grads);
        }
    }

    /// Difficulty of each item, `[I]`; empty where the model knows no items.
    pub(super) async fn difficulties(&self, k: &mut K, params: &K::Floats) -> Result<Vec<f32>> {
        match self {
            Self::GainAkt(_) => Ok(Vec::new()),
            Self::Evidence(readout) => readout.difficulties(k, params).await,
        }
    }

    /// Values of the loss terms of the last step; `None` before the first.
    pub(super) fn terms(&self) -> Option<&K::Floats> {
        match self {
            Self::GainAkt(readout) => readout.terms(),
            Self::Evidence(readout) => readout.terms(),
        }
    }

    /// Chance of a correct answer were each skill asked after each of the `wanted` rows of the last pass, `[wanted, C]`.
    pub(super) async fn chances(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        at: &EncoderOffsets,
        encoder: &EncoderWork<K::Floats>,
        rows: &RowOutputs<K::Floats>,
        wanted: &[usize],
    ) -> Result<Vec<f32>> {
        match self {
            Self::GainAkt(readout) => readout.chances(k, pass, at, encoder, rows.count, wanted).await,
            // The prediction is the mastery.
            Self::Evidence(_) => {
                let c = pass.config.num_c;
                Ok(rows_of(&k.read(&rows.mastery, 0, rows.count * c).await?, c, wanted))
            }
        }
    }

    /// Chance of a correct answer to each of these answers' skills right after it; `encoder` has read them as rows that follow the
    /// last pass's `n` rows.
    pub(super) async fn chances_after(
        &self,
        k: &mut K,
        pass: &Pass<'_, K>,
        at: &EncoderOffsets,
        encoder: &EncoderWork<K::Floats>,
        n: usize,
        answers: &[Imagined],
    ) -> Result<Vec<f32>> {
        match self {
            Self::GainAkt(readout) => readout.chances_after(k, pass, at, encoder, answers).await,
            Self::Evidence(readout) => readout.chances_after(k, pass, encoder, n, answers).await,
        }
    }

    /// Chance of a correct answer to each skill before any answer, `[C]`; empty where the model has no prior.
    pub(super) async fn prior(&self, k: &mut K, params: &K::Floats) -> Result<Vec<f32>> {
        match self {
            Self::GainAkt(_) => Ok(Vec::new()),
            Self::Evidence(readout) => readout.prior(k, params).await,
        }
    }

    /// The transfer matrix `[C, C]`, row by row: what an answer to the row's skill says about the column's; empty where
    /// the model has none.
    pub(super) async fn transfer(&self, k: &mut K, params: &K::Floats, count: usize) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::GainAkt(_) => Ok(Vec::new()),
            Self::Evidence(readout) => readout.transfer(k, params, count).await,
        }
    }

    /// What mastery after the last row of a window of these answers is made of, where that can be told exactly.
    pub(super) async fn inside(
        &self,
        k: &mut K,
        params: &K::Floats,
        count: usize,
        answers: &RaggedBatch,
    ) -> Result<Option<Explanation>> {
        match self {
            Self::GainAkt(_) => Ok(None),
            Self::Evidence(readout) => readout.inside(k, params, count, answers).await.map(Some),
        }
    }
}
