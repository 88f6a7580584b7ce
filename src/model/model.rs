//! A model as training, evaluation and the service see it: on one of the devices, results on the host.

use super::architectures::{Losses, ParameterOffsets};
use super::layout::Layout;
use super::network::{LogPlace, Network, Purpose, TrainingStep};
use super::parameters::{Builder, Parameter, Weights};
use super::row_stats::RowStat;
use super::{DropoutSites, Inspection, ModelConfig, Question, WhatIf};
use crate::data::RaggedBatch;
use crate::error::Result;
use crate::ops::cpu::Cpu;
use crate::ops::cpu::threads::with_threads_awake;
use crate::ops::gpu::Gpu;
use crate::ops::{DeviceStats, PreparedBatch};
use crate::platform::device::Device;

/// A model of either kind.
#[derive(Debug)]
pub struct Model {
    config: ModelConfig,
    layout: Layout,
    network: Backend,
}

/// The same network on one of the devices.
#[derive(Debug)]
enum Backend {
    Cpu(Box<Network<Cpu>>),
    Gpu(Box<Network<Gpu>>),
    /// A model on burn's tensors, on either.
    #[cfg(feature = "burn")]
    Tensors(Box<dyn super::burn::Engine>),
}

/// Evaluates an expression for the network of either device.
macro_rules! dispatch {
    ($model:expr, $network:ident => $what:expr) => {
        match &mut $model.network {
            Backend::Cpu($network) => $what,
            Backend::Gpu($network) => $what,
            #[cfg(feature = "burn")]
            Backend::Tensors($network) => $what,
        }
    };
}

/// What a forward pass gives, on the host; N rows, C skills, D = d_model.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Logit of answering the next exercise right, `[N]`.
    pub logits: Vec<f32>,
    /// Mastery and gains, where the model has both heads.
    pub heads: Option<HeadsOutput>,
}

/// The interpretable part of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadsOutput {
    /// M, `[N, C]`.
    pub mastery: Vec<f32>,
    /// G, `[N, C]`.
    pub gains: Vec<f32>,
}

/// Columns of [`RowStat`] of one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct RowStats {
    values: Vec<f32>,
    rows: usize,
}

impl RowStats {
    /// One column, `[N]`.
    pub fn column(&self, stat: RowStat) -> &[f32] {
        &self.values[stat as usize * self.rows..][..self.rows]
    }
}

impl Model {
    /// Draws a model's weights from `seed`.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn new(config: &ModelConfig, seed: u64, device: &Device) -> Result<Self> {
        Self::start(config, device, |layout| Ok(layout.draw(seed)))
    }

    /// A model on burn's tensors that has no kind of its own yet, its weights drawn from `seed` (docs/OWN_MODEL.md).
    ///
    /// # Errors
    /// burn cannot use the device.
    #[cfg(feature = "burn")]
    pub fn on_tensors<M: super::burn::TensorModel>(config: &ModelConfig, seed: u64, device: &Device) -> Result<Self> {
        let layout = super::burn::layout_of::<M>(config);
        let network = super::burn::start_of::<M>(config, &layout.draw(seed), device)?;
        Ok(Self { config: config.clone(), layout, network: Backend::Tensors(network) })
    }

    /// A model with the given weights.
    ///
    /// # Errors
    /// The weights are of another model, or the device has no room for them.
    pub fn from_weights(config: &ModelConfig, weights: &Weights, device: &Device) -> Result<Self> {
        Self::start(config, device, |layout| layout.flatten(weights))
    }

    fn start(config: &ModelConfig, device: &Device, values: impl FnOnce(&Layout) -> Result<Vec<f32>>) -> Result<Self> {
        #[cfg(feature = "burn")]
        if let Some(layout) = super::burn::layout(config) {
            let values = values(&layout)?;
            let network = super::burn::start(config, &values, device)?;
            return Ok(Self { config: config.clone(), layout, network: Backend::Tensors(network) });
        }
        let (places, layout) = places(config)?;
        let (c, l, values) = (config.clone(), layout.clone(), values(&layout)?);
        let network = match device {
            Device::Cpu => Backend::Cpu(Box::new(Network::new(Cpu::default(), c, l, places, &values)?)),
            Device::Gpu(gpu) => Backend::Gpu(Box::new(Network::new(Gpu::new(gpu), c, l, places, &values)?)),
        };
        Ok(Self { config: config.clone(), layout, network })
    }

    /// Names and places of the parameters of such a model.
    ///
    /// # Errors
    /// This build does not have the model.
    pub fn layout_of(config: &ModelConfig) -> Result<Layout> {
        #[cfg(feature = "burn")]
        if let Some(layout) = super::burn::layout(config) {
            return Ok(layout);
        }
        places(config).map(|(_, layout)| layout)
    }

    /// A batch as a forward pass of this model reads it.
    fn prepared(&self, batch: RaggedBatch) -> PreparedBatch {
        PreparedBatch::new(batch, self.config.num_c).for_items(self.config.num_items)
    }

    /// Sizes.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Names and places of the parameters.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Replaces all weights.
    ///
    /// # Errors
    /// They are of another model; nothing is replaced then.
    pub fn write_weights(&mut self, weights: &Weights) -> Result<()> {
        let values = self.layout.flatten(weights)?;
        dispatch!(self, n => n.write_params(&values));
        Ok(())
    }

    /// Copies all weights to the host.
    ///
    /// # Errors
    /// The device fails.
    pub async fn read_weights(&mut self) -> Result<Weights> {
        let values = dispatch!(self, n => n.read_params().await)?;
        Ok(self.layout.named(&values))
    }

    /// Mastery and gains after every row and the logit of every next answer, by one forward pass.
    ///
    /// # Errors
    /// The device fails.
    pub async fn forward(&mut self, batch: RaggedBatch) -> Result<Output> {
        let plan = self.prepared(batch);
        dispatch!(self, n => n.output(plan).await)
    }

    /// Chance of a correct answer were each skill asked after each of these rows of the last forward pass, `[rows, C]`.
    ///
    /// # Errors
    /// The device fails.
    pub async fn chances(&mut self, rows: &[usize]) -> Result<Vec<f32>> {
        dispatch!(self, n => n.chances(rows).await)
    }

    /// Chance of a correct answer to each of these questions about the last forward pass; empty where the model cannot be
    /// asked.
    ///
    /// # Errors
    /// The device fails.
    pub async fn ask(&mut self, questions: &[Question]) -> Result<Vec<f32>> {
        dispatch!(self, n => n.ask(questions).await)
    }

    /// What one more answer to each question's skill, on an average item, would change, after rows of the last batch given to
    /// [`Self::forward`] or [`Self::survey`]; empty where the model cannot be asked.
    ///
    /// # Errors
    /// The device fails.
    pub async fn what_if(&mut self, questions: &[Question]) -> Result<Vec<WhatIf>> {
        dispatch!(self, n => n.what_if(questions).await)
    }

    /// Chance of a correct answer to each skill before any answer, `[C]`; empty where the model has no prior.
    ///
    /// # Errors
    /// The device fails.
    pub async fn prior(&mut self) -> Result<Vec<f32>> {
        dispatch!(self, n => n.prior().await)
    }

    /// Difficulty of each item, `[I]`, in logits above the average item (that of item 0, unknown, is 0); empty where the
    /// model knows no items.
    ///
    /// # Errors
    /// The device fails.
    pub async fn difficulties(&mut self) -> Result<Vec<f32>> {
        dispatch!(self, n => n.difficulties().await)
    }

    /// The transfer matrix `[C, C]` of the evidence model, row by row: what an answer to the row's skill says about the
    /// column's; empty for other models.
    ///
    /// # Errors
    /// The device fails.
    pub async fn transfer(&mut self) -> Result<Vec<Vec<f32>>> {
        dispatch!(self, n => n.transfer().await)
    }

    /// Context and value stream after the encoder in the last forward pass over `rows` rows, each `[N, D]`.
    ///
    /// # Errors
    /// The device fails.
    pub async fn encoded(&mut self, rows: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        dispatch!(self, n => n.encoded(rows).await)
    }

    /// One forward pass, of which only figures of each row come back.
    ///
    /// # Errors
    /// The device fails.
    pub async fn row_stats(&mut self, batch: RaggedBatch) -> Result<RowStats> {
        self.stats_for(batch, Purpose::Measure).await
    }

    async fn stats_for(&mut self, batch: RaggedBatch, purpose: Purpose) -> Result<RowStats> {
        let rows = batch.rows();
        let plan = self.prepared(batch);
        let values = match &mut self.network {
            // The CPU's results are there when its operations are done: nothing is waited for.
            Backend::Cpu(network) => {
                with_threads_awake(|| futures_lite::future::block_on(network.stats(plan, purpose)))?
            }
            Backend::Gpu(network) => network.stats(plan, purpose).await?,
            #[cfg(feature = "burn")]
            Backend::Tensors(network) => network.stats(plan).await?,
        };
        Ok(RowStats { values, rows })
    }

    /// Looks closely at the last row of `batch`, which must be one window.
    ///
    /// # Errors
    /// The device fails.
    pub async fn inspect(&mut self, batch: RaggedBatch) -> Result<Inspection> {
        let plan = self.prepared(batch);
        dispatch!(self, n => n.inspect(plan).await)
    }

    /// Mastery after every row, `[N, C]`, with the figures of each row: what a survey of many students needs.
    /// Mastery is empty where the model has none.
    ///
    /// # Errors
    /// The device fails.
    pub async fn survey(&mut self, batch: RaggedBatch) -> Result<(RowStats, Vec<f32>)> {
        let stats = self.stats_for(batch, Purpose::Inspect).await?;
        Ok((stats, dispatch!(self, n => n.mastery().await)?))
    }

    /// One training step; nothing is read from the device.
    ///
    /// # Errors
    /// The device has no room.
    pub fn step(&mut self, step: TrainingStep, place: LogPlace) -> Result<()> {
        match &mut self.network {
            Backend::Cpu(network) => with_threads_awake(|| network.step(step, place)),
            Backend::Gpu(network) => network.step(step, place),
            #[cfg(feature = "burn")]
            Backend::Tensors(network) => network.step(step, place),
        }
    }

    /// Loss terms of the first `steps` steps since they were last read, `[steps, terms]` ([`ModelConfig::term_names`]).
    ///
    /// # Errors
    /// The device fails.
    pub async fn logged_terms(&mut self, steps: usize) -> Result<Vec<f32>> {
        dispatch!(self, n => n.logged_terms(steps).await)
    }

    /// Probabilities of the epoch's first `rows` rows.
    ///
    /// # Errors
    /// The device fails.
    pub async fn logged_scores(&mut self, rows: usize) -> Result<Vec<f32>> {
        dispatch!(self, n => n.logged_scores(rows).await)
    }

    /// Gradients of the loss of `batch`, by parameter, and the loss terms; the weights stay.
    ///
    /// # Errors
    /// The device fails.
    pub async fn gradients(
        &mut self,
        batch: PreparedBatch,
        losses: Losses,
        dropout: DropoutSites,
    ) -> Result<(Weights, Vec<f32>)> {
        let (mut values, terms) = dispatch!(self, n => n.gradients_of(batch, losses, dropout).await)?;
        values.resize(self.layout.count(), 0.0);
        Ok((self.layout.named(&values), terms))
    }

    /// Norm of the last step's gradient before clipping.
    ///
    /// # Errors
    /// There was no step, or the device fails.
    pub async fn gradient_norm(&mut self) -> Result<f32> {
        dispatch!(self, n => n.gradient_norm().await)
    }

    /// Adam's moments by parameter, `[2, n]` each; none before the first step.
    ///
    /// # Errors
    /// The device fails.
    pub async fn read_moments(&mut self) -> Result<Weights> {
        let count = self.layout.count();
        let Some(values) = dispatch!(self, n => n.read_moments().await)? else { return Ok(Weights::new()) };
        let part = |p: &Parameter| {
            let half = |from: usize| &values[from + p.at..from + p.at + p.len()];
            (p.name.clone(), (vec![2, p.len()], [half(0), half(count)].concat()))
        };
        Ok(self.layout.parameters().iter().filter(|p| p.at < self.layout.active()).map(part).collect())
    }

    /// Replaces Adam's moments.
    ///
    /// # Errors
    /// They are of another model, or the device has no room.
    pub fn write_moments(&mut self, moments: &Weights) -> Result<()> {
        let count = self.layout.count();
        let mut values = vec![0.0; 2 * count];
        for p in self.layout.parameters() {
            // A head without its partner never moved and has none.
            let Some((_, part)) = moments.get(&p.name) else { continue };
            if part.len() != 2 * p.len() {
                return Err(crate::error::Error::Checkpoint(format!(
                    "the moments of \"{}\" have {} values, expected {}; they are of another model",
                    p.name,
                    part.len(),
                    2 * p.len()
                )));
            }
            values[p.at..p.at + p.len()].copy_from_slice(&part[..p.len()]);
            values[count + p.at..count + p.at + p.len()].copy_from_slice(&part[p.len()..]);
        }
        dispatch!(self, n => n.write_moments(&values))
    }

    /// What the device did.
    pub fn stats(&mut self) -> &mut DeviceStats {
        dispatch!(self, n => n.device_stats())
    }
}

/// Where the parameters of a model lie, and their names.
fn places(config: &ModelConfig) -> Result<(ParameterOffsets, Layout)> {
    let mut builder = Builder::default();
    let (places, active) = ParameterOffsets::new(&mut builder, config)?;
    Ok((places, Layout::new(builder, active)))
}
