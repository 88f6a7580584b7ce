//! A model on tensors, trained and measured: burn differentiates, the program's own optimizer moves the parameters.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use super::parameters::{flat, gradients, list, replace, to_host};
use super::windows::{Asked, Windows};
use crate::data::RaggedBatch;
use crate::error::{Error, Result};
use crate::model::architectures::Losses;
use crate::model::layout::Layout;
use crate::model::network::{LogPlace, TrainingStep};
use crate::model::parameters::Start;
use crate::model::question::{Imagined, Question, WhatIf};
use crate::model::row_stats::{RowStat, RowStatKernels as _};
use crate::model::{DropoutSites, ModelConfig};
use crate::ops::cpu::Cpu;
use crate::ops::cpu::lanes::sigmoid;
use crate::ops::{AdamKernels as _, Arrays as _, DeviceStats, PreparedBatch};

/// Questions to a model at once times rows of the windows: bounds the memory of [`Network::chances_of`].
const CELLS: usize = 1 << 18;

/// Most questions about a window at once: models in which a question sees itself compare each with all.
const QUESTIONS: usize = 256;

/// Rows of windows read again at once ([`Network::changes`]).
const READ_AGAIN: usize = 1 << 14;

/// A model written on burn's tensors.
pub trait TensorModel: Module + Debug + Send + Sync + 'static {
    /// Its layers for a model of these sizes; the values of their parameters are drawn elsewhere.
    fn new(config: &ModelConfig, device: &Device) -> Self;

    /// Logit of a correct next answer after every row, `[W, T]`. A row must not depend on later rows.
    fn next(&self, windows: &Windows, dropout: &mut Dropouts) -> Tensor<2>;

    /// The same with what training minimises beside the mean cross-entropy, `[1]` ([`Windows::mean_of_rows`]).
    fn next_and_penalty(&self, windows: &Windows, dropout: &mut Dropouts) -> (Tensor<2>, Option<Tensor<1>>) {
        (self.next(windows, dropout), None)
    }

    /// Logit of a correct answer were a skill asked after a row, `[W, K]`, without dropout: what the chance of every skill
    /// is drawn from. `None`: this model cannot be asked.
    fn asked(&self, _: &Windows, _: &Asked) -> Option<Tensor<2>> {
        None
    }

    /// How a parameter starts where it does not start as its layer does in PyTorch.
    fn start(_: &str, _: &[usize]) -> Option<Start> {
        None
    }
}

/// Dropout whose masks are drawn on the host: the same on every device, and again the same when a run goes on.
#[derive(Debug, Clone)]
pub struct Dropouts(DropoutSites);

impl Dropouts {
    /// None.
    pub fn off() -> Self {
        Self(DropoutSites::evaluation())
    }

    /// Drops elements of `x` in training.
    pub fn apply<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        let site = self.0.site();
        if site.is_off() {
            return x;
        }
        let shape = x.dims();
        let factors = (0..shape.iter().product::<usize>() as u32).into_par_iter().map(|i| site.factor(i));
        let mask = TensorData::new(factors.collect::<Vec<f32>>(), shape);
        let device = x.device();
        x * Tensor::from_data(mask, &device)
    }
}

/// A model on a device, its parameters on the host too.
#[derive(Debug)]
pub(in crate::model) struct Network<M: TensorModel> {
    model: M,
    /// The device with automatic differentiation.
    device: Device,
    /// Whether it computes on the CPU.
    on_cpu: bool,
    config: ModelConfig,
    pub(super) params: Vec<f32>,
    pub(super) grads: Vec<f32>,
    /// First and second moments, `[2, P]`; empty before the first step.
    pub(super) moments: Vec<f32>,
    pub(super) norm: Vec<f32>,
    pub(super) terms: [f32; 2],
    /// Loss terms and probabilities of the steps since the last read.
    pub(super) log: [Vec<f32>; 2],
    /// The optimizer and the figures of rows.
    host: Cpu,
    /// The last batch that was measured, and the same in groups on the plain device.
    last_batch: RaggedBatch,
    last: Vec<Windows>,
}

/// Names, shapes and starts of the parameters of a model.
pub(super) fn layout<M: TensorModel>(config: &ModelConfig) -> Layout {
    let list = list(&M::new(config, &Device::flex()), M::start);
    let count = list.len();
    Layout::new(list, count)
}

/// Held while a thread differentiates: burn 0.22 takes two locks of its graphs in either order, so that two threads that do
/// can wait for one another for ever (seen in `GraphLocator::merge` and `AutodiffServer::cleanup`). Hence also groups one
/// after another.
static DIFFERENTIATING: Mutex<()> = Mutex::new(());

/// What one group of a batch adds to a step.
struct PartOfGradients {
    /// Logits, `[W, T]`.
    logits: Vec<f32>,
    /// Gradients of all parameters, `[P]`.
    grads: Vec<f32>,
    penalty: f32,
}

/// Forward and backward of a group; `answers` are the responses that all rows of the batch predict.
fn part_of_gradients<M: TensorModel>(
    model: &M,
    windows: &Windows,
    answers: &[u8],
    dropout: &mut Dropouts,
) -> Result<PartOfGradients> {
    let (out, penalty) = model.next_and_penalty(windows, dropout);
    let logits = to_host(out.clone().inner())?;
    // The gradient of the mean cross-entropy with respect to each logit; 0 where there is padding.
    let mut seed = vec![0.0; logits.len()];
    for (row, cell) in windows.cells() {
        seed[cell] = (sigmoid(logits[cell]) - f32::from(answers[row])) / answers.len() as f32;
    }
    let seed = Tensor::from_data(TensorData::new(seed, out.dims()), &windows.device);
    let mut loss = (out * seed).sum();
    let mut told = 0.0;
    if let Some(penalty) = penalty {
        told = to_host(penalty.clone().inner())?[0];
        loss = loss + penalty;
    }
    let mut grads = loss.backward();
    Ok(PartOfGradients { logits, grads: to_host(gradients(model, &mut grads))?, penalty: told })
}

impl<M: TensorModel> Network<M> {
    /// A model with these parameters; `device` without automatic differentiation.
    pub(super) fn new(config: &ModelConfig, values: &[f32], device: Device) -> Self {
        let on_cpu = device == Device::flex();
        let device = device.autodiff();
        let mut network = Self {
            model: M::new(config, &device),
            device,
            on_cpu,
            config: config.clone(),
            grads: Vec::new(),
            moments: Vec::new(),
            norm: Vec::new(),
            terms: [0.0; 2],
            log: [Vec::new(), Vec::new()],
            host: Cpu::default(),
            last_batch: RaggedBatch::default(),
            last: Vec::new(),
            params: Vec::new(),
        };
        network.load(values.to_vec());
        network
    }

    /// Takes these parameters, and brings them to the device.
    pub(super) fn load(&mut self, values: Vec<f32>) {
        let flat = flat(&values, &self.device.clone().inner());
        self.model = replace(self.model.clone(), &flat);
        self.params = values;
    }

    /// Makes `batch` the one that questions are about.
    fn look_at(&mut self, batch: RaggedBatch) {
        self.last = Windows::groups(&batch, &self.device.clone().inner());
        self.last_batch = batch;
    }

    /// Logits `[N]` of a batch without dropout.
    pub(super) fn logits(&mut self, batch: &RaggedBatch) -> Result<Vec<f32>> {
        let model = self.model.valid();
        self.look_at(batch.clone());
        let of_group = |windows: &Windows| to_host(model.next(windows, &mut Dropouts::off()));
        // On the CPU an operation keeps about one core busy, so groups go side by side; a GPU has one queue.
        let of_groups: Vec<Vec<f32>> = match self.on_cpu {
            true => self.last.par_iter().map(of_group).collect::<Result<_>>()?,
            false => self.last.iter().map(of_group).collect::<Result<_>>()?,
        };
        let mut logits = vec![0.0; batch.rows()];
        for (windows, values) in self.last.iter().zip(of_groups) {
            windows.cells().for_each(|(row, cell)| logits[row] = values[cell]);
        }
        Ok(logits)
    }

    /// Columns of [`RowStat`] that every model has, `[15, N]`.
    pub(super) fn figures(&mut self, plan: PreparedBatch, logits: &Vec<f32>) -> Result<Vec<f32>> {
        let (n, skills) = (plan.rows(), self.config.num_c);
        let (mut stats, mut d_logits) = (vec![0.0; n * RowStat::COUNT], vec![0.0; n]);
        let batch = self.host.batch(plan, None)?;
        self.host.row_stats(&batch, skills, None, logits, &mut stats, &mut d_logits);
        Ok(stats)
    }

    /// Forward and backward group by group: gradients lie in `grads`, the loss terms in `terms`; figures of the rows.
    pub(super) fn learn(&mut self, plan: PreparedBatch, losses: &Losses, sites: DropoutSites) -> Result<Vec<f32>> {
        if *losses != Losses::CrossEntropy {
            return Err(Error::Request("the losses are those of another kind of model".to_owned()));
        }
        let n = plan.rows();
        let mut dropout = Dropouts(sites);
        let mut logits = vec![0.0; n];
        self.grads = vec![0.0; self.params.len()];
        let mut penalties = 0.0;
        let _alone = DIFFERENTIATING.lock().unwrap_or_else(PoisonError::into_inner);
        for windows in Windows::groups(&plan.batch, &self.device) {
            let part = part_of_gradients(&self.model, &windows, &plan.batch.next_response, &mut dropout)?;
            windows.cells().for_each(|(row, cell)| logits[row] = part.logits[cell]);
            self.grads.par_iter_mut().zip(&part.grads).for_each(|(sum, part)| *sum += part);
            penalties += f64::from(part.penalty);
        }
        let stats = self.figures(plan, &logits)?;
        let of = |stat: RowStat| &stats[stat as usize * n..][..n];
        let loss = of(RowStat::CrossEntropy).iter().map(|&x| f64::from(x)).sum::<f64>() / n.max(1) as f64;
        self.terms = [(loss + penalties) as f32, loss as f32];
        Ok(stats)
    }

    /// One training step: gradients, the optimizer, and the step's figures into the log.
    pub(super) fn train_step(&mut self, step: TrainingStep, place: LogPlace) -> Result<()> {
        let TrainingStep { batch, losses, dropout, adam } = step;
        let n = batch.rows();
        let stats = self.learn(batch, &losses, dropout)?;
        let total = self.params.len();
        self.moments.resize(2 * total, 0.0);
        self.norm.resize(257, 0.0);
        let mut params = std::mem::take(&mut self.params);
        self.host.adam(&mut params, &self.grads, &mut self.moments, total, adam, &mut self.norm);
        self.load(params);
        let [terms, scores] = &mut self.log;
        terms.resize(place.steps * self.terms.len(), 0.0);
        terms[place.step * self.terms.len()..][..self.terms.len()].copy_from_slice(&self.terms);
        scores.resize(place.rows.max(place.row + n), 0.0);
        scores[place.row..place.row + n].copy_from_slice(&stats[RowStat::Probability as usize * n..][..n]);
        Ok(())
    }

    /// Chance of a correct answer to each question about the last batch; empty where the model cannot be asked.
    pub(super) fn chances_of(&mut self, questions: &[Question]) -> Result<Vec<f32>> {
        let model = self.model.valid();
        let mut chances = vec![0.0; questions.len()];
        let mut of_row: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        questions.iter().enumerate().for_each(|(i, q)| of_row.entry(q.row).or_default().push(i));
        for windows in &self.last {
            // Of each window its questions, and the row of the window each of them follows.
            let mut own: Vec<Vec<(usize, usize)>> = vec![Vec::new(); windows.count];
            for (row, cell) in windows.cells() {
                let asked = of_row.get(&row).into_iter().flatten();
                own[cell / windows.length].extend(asked.map(|&i| (cell % windows.length, i)));
            }
            let most = (CELLS / (windows.count * windows.length)).clamp(1, QUESTIONS);
            let longest = own.iter().map(Vec::len).max().unwrap_or_default();
            for first in (0..longest).step_by(most) {
                let count = most.min(longest - first);
                let at = |w: usize, k: usize| own[w].get(first + k).copied();
                let asked = windows.ask(count, |w, k| at(w, k).map(|(t, i)| (t, questions[i])));
                let Some(logits) = model.asked(windows, &asked) else { return Ok(Vec::new()) };
                for (cell, logit) in to_host(logits)?.into_iter().enumerate() {
                    if let Some((_, i)) = at(cell / count, cell % count) {
                        chances[i] = sigmoid(logit);
                    }
                }
            }
        }
        Ok(chances)
    }

    /// Chance of a correct answer were each skill asked after each of these rows of the last batch, on an average item,
    /// `[rows, C]`; empty where the model cannot be asked.
    pub(super) fn every_chance(&mut self, wanted: &[usize]) -> Result<Vec<f32>> {
        let skills = self.config.num_c as u32;
        let of_row = |&row: &usize| (0..skills).map(move |skill| Question { row, skill, item: 0 });
        self.chances_of(&wanted.iter().flat_map(of_row).collect::<Vec<Question>>())
    }

    /// What one more answer to each question's skill, on an average item, would change; empty where the model cannot be asked.
    /// A model on tensors reads the window up to the question's row again, with that answer after it.
    pub(super) fn changes(&mut self, questions: &[Question]) -> Result<Vec<WhatIf>> {
        let chances = self.chances_of(questions)?;
        if chances.is_empty() {
            return Ok(Vec::new());
        }
        let last = self.last_batch.clone();
        let mut after = Vec::with_capacity(2 * questions.len());
        let mut rest: &[Imagined] = &Imagined::of(questions).collect::<Vec<_>>();
        while !rest.is_empty() {
            let (mut batch, mut taken) = (RaggedBatch::default(), 0);
            while batch.rows() < READ_AGAIN && taken < rest.len() {
                batch.push(&rest[taken].after_its_window(&last, self.config.seq_len));
                taken += 1;
            }
            let (now, later) = rest.split_at(taken);
            let ends = batch.offsets[1..].iter().map(|&end| end as usize - 1);
            let asked: Vec<Question> =
                ends.zip(now).map(|(row, answer)| Question { row, skill: answer.skill, item: 0 }).collect();
            self.look_at(batch);
            after.extend(self.chances_of(&asked)?);
            rest = later;
        }
        self.look_at(last);
        Ok(WhatIf::all(&chances, &after))
    }

    pub(super) fn host_stats(&mut self) -> &mut DeviceStats {
        self.host.stats()
    }
}
