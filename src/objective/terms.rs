//! The loss terms of a step (SPEC §3), over ragged rows: every row is a valid step.

use burn::tensor::{Device, Int, Tensor, TensorData, activation};

use super::alignment::AlignmentTargets;
use super::controller::EpochSettings;
use crate::config::Config;
use crate::data::RaggedBatch;
use crate::model::{Heads, ModelInput, Output};
use crate::ops::{GAIN_SCALE, total};

/// Margin of the gain-performance hinge.
const MARGIN: f32 = 0.1;

/// Names of the values a step reports, in the order of [`Terms::values`].
pub const TERMS: [&str; 14] = [
    "total",
    "bce",
    "non_negative",
    "monotonicity",
    "mastery_performance",
    "gain_performance",
    "sparsity",
    "consistency",
    "alignment",
    "lag",
    "retention",
    "mastery_variance",
    "corr_mastery",
    "corr_gain",
];

/// Weights and switches that stay the same all run.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Weight of mean relu(−G).
    pub non_negative: f64,
    /// Weight of mean relu(M\[t−1\] − M\[t\]).
    pub monotonicity: f64,
    /// Weight of the mastery-performance term before its scale.
    pub mastery_performance: f64,
    /// Weight of the gain-performance hinge before its scale.
    pub gain_performance: f64,
    /// Whether the correlation terms exist at all.
    pub alignment: bool,
    /// Width of the residual's moving average; `None`: plain answers are the target.
    pub residual_window: Option<usize>,
    /// Mastery variance below which alignment and lag are off.
    pub variance_floor: f64,
    /// Weight of the lag term, 0 where it is off.
    pub lag_gain_weight: f64,
    /// Weight of each lag.
    pub lag_weights: Vec<f64>,
    /// Weight of the retention term, 0 where it is off.
    pub retention_weight: f64,
    /// Fall of the correlation that is forgiven.
    pub retention_delta: f64,
}

impl Objective {
    /// The objective an experiment's config describes.
    pub fn new(config: &Config) -> Self {
        let (i, r) = (&config.interpretability, &config.refinement);
        Self {
            non_negative: i.non_negative_loss_weight,
            monotonicity: i.monotonicity_loss_weight,
            mastery_performance: i.mastery_performance_loss_weight,
            gain_performance: i.gain_performance_loss_weight,
            alignment: config.alignment.enable_alignment_loss,
            residual_window: config
                .global_alignment
                .use_residual_alignment
                .then_some(config.global_alignment.alignment_residual_window),
            variance_floor: r.variance_floor,
            lag_gain_weight: if r.enable_lag_gain_loss { r.lag_gain_weight } else { 0.0 },
            lag_weights: r.lag_weights(),
            retention_weight: if r.enable_retention_loss { r.retention_weight } else { 0.0 },
            retention_delta: r.retention_delta,
        }
    }

    /// All terms of one step; `output` comes from the same batch as `input` and `targets`.
    pub fn terms(&self, output: &Output, input: &ModelInput, targets: &Targets, epoch: &EpochSettings) -> Terms {
        let x = output.logits.clone();
        let y = targets.row(Row::Answer);
        let [rows] = x.dims();
        let bce = total(x.clone() * (y.neg() + 1.0) - activation::log_sigmoid(x)) / rows as f32;
        let mut terms = Terms::new(bce);
        if let Some(heads) = &output.heads {
            self.constraints(&mut terms, heads, input, targets, epoch);
            if let Some(alignment) = &targets.alignment {
                self.correlations(&mut terms, heads, alignment, epoch);
            }
        }
        terms
    }

    fn constraints(
        &self,
        terms: &mut Terms,
        heads: &Heads,
        input: &ModelInput,
        targets: &Targets,
        epoch: &EpochSettings,
    ) {
        let (m, g) = (&heads.mastery, &heads.gains);
        let [rows, skills] = m.dims();
        let cells = (rows * skills) as f32;
        let practised = practised(&input.skill, skills);
        let own = |x: &Tensor<2>| (x.clone() * practised.clone()).sum_dim(1).reshape([rows]);
        let (own_mastery, own_gain) = (own(m), own(g));
        let (right, wrong) = (targets.row(Row::RightShare), targets.row(Row::WrongShare));

        terms.add("non_negative", self.non_negative, total(activation::relu(g.clone().neg())) / cells);
        let performance = total((own_mastery.clone().neg() + 1.0) * right.clone() + own_mastery * wrong.clone());
        terms.add("mastery_performance", self.mastery_performance * epoch.performance_scale, performance);
        if targets.both_answers {
            let gap = total(own_gain.clone() * wrong - own_gain * right);
            terms.add(
                "gain_performance",
                self.gain_performance * epoch.performance_scale,
                activation::relu(gap + MARGIN),
            );
        }
        if skills > 1 {
            let others = total((g.clone() * (practised.neg() + 1.0)).abs());
            terms.add("sparsity", epoch.sparsity_weight, others / ((rows * (skills - 1)) as f32));
        }
        if targets.later_steps > 0 {
            let later_cells = (targets.later_steps * skills) as f32;
            let later = targets.row(Row::Later).slice([1..rows]).reshape([rows - 1, 1]);
            let step = m.clone().slice([1..rows, 0..skills]) - m.clone().slice([0..rows - 1, 0..skills]);
            let fall = activation::relu(step.clone().neg()) * later.clone();
            terms.add("monotonicity", self.monotonicity, total(fall) / later_cells);
            let gain = g.clone().slice([1..rows, 0..skills]).mul_scalar(GAIN_SCALE);
            let gap = (step - gain).abs() * later;
            terms.add("consistency", epoch.consistency_weight, total(gap) / later_cells);
        }
    }

    fn correlations(&self, terms: &mut Terms, heads: &Heads, targets: &AlignmentTargets, epoch: &EpochSettings) {
        let [rows, skills] = heads.mastery.dims();
        let mean = |x: &Tensor<2>| x.clone().mean_dim(1).reshape([rows]);
        let (m, g) = (mean(&heads.mastery), mean(&heads.gains));

        let frozen = heads.mastery.clone().detach();
        let mean = total(frozen.clone()) / (rows * skills) as f32;
        let spread = frozen - mean.unsqueeze();
        let variance = total(spread.clone() * spread) / ((rows * skills).max(2) - 1) as f32;
        let alive = variance.clone().greater_equal_elem(self.variance_floor as f32).float();
        terms.set("mastery_variance", variance);

        if let Some(groups) = &targets.alignment {
            let (corr_m, corr_g) = (groups.weighted(m.clone()), groups.weighted(g.clone()));
            let mut weight = alive.clone() * epoch.alignment_weight as f32;
            if let Some(least) = epoch.adapt_to_batch {
                let lack = activation::relu(corr_m.clone().detach().neg() + least as f32);
                weight = weight * (lack * 4.0 + 1.0).clamp_max(3.0);
            }
            terms.set("corr_mastery", corr_m.clone());
            terms.set("corr_gain", corr_g.clone());
            terms.add("alignment", 1.0, (corr_m + corr_g).neg() * weight);
        }
        if let Some(groups) = &targets.lag {
            let reward = activation::relu(groups.weighted(g)) * alive;
            terms.add("lag", 1.0, reward * -self.lag_gain_weight as f32);
        }
        if let (Some(groups), Some(peak)) = (&targets.retention, epoch.retention_peak) {
            let lack = groups.weighted(m).neg() + (peak - self.retention_delta) as f32;
            terms.add("retention", 1.0, activation::relu(lack) * self.retention_weight as f32);
        }
    }
}

/// 1 at each row's own skill, `[N, C]`.
fn practised(skill: &Tensor<1, Int>, skills: usize) -> Tensor<2> {
    let [rows] = skill.dims();
    let device = skill.device();
    let columns = Tensor::<1, Int>::arange(0..skills as i64, &device).reshape([1, skills]).expand([rows, skills]);
    let own = skill.clone().reshape([rows, 1]).expand([rows, skills]);
    columns.equal(own).float()
}

/// The loss terms of one step, on the device.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What is differentiated, `[1]`.
    pub total: Tensor<1>,
    values: Vec<Option<Tensor<1>>>,
}

impl Terms {
    fn new(bce: Tensor<1>) -> Self {
        let mut terms = Self { total: bce.clone(), values: vec![None; TERMS.len()] };
        terms.set("bce", bce);
        terms
    }

    fn set(&mut self, name: &str, value: Tensor<1>) {
        if let Some(i) = TERMS.iter().position(|t| *t == name) {
            self.values[i] = Some(value.detach());
        }
    }

    fn add(&mut self, name: &str, weight: f64, value: Tensor<1>) {
        self.set(name, value.clone());
        if weight != 0.0 {
            self.total = self.total.clone() + value * weight as f32;
        }
    }

    /// Every value of [`TERMS`] in order, `[14]`, detached; 0 for terms that are off.
    pub fn values(&self) -> Tensor<1> {
        let zero = Tensor::<1>::zeros([1], &self.total.device()).detach();
        let total = Some(self.total.clone().detach());
        let all = std::iter::once(total).chain(self.values.iter().skip(1).cloned());
        Tensor::cat(all.map(|v| v.unwrap_or_else(|| zero.clone())).collect(), 0)
    }
}

/// Per-row numbers the terms read.
#[derive(Debug, Clone, Copy)]
enum Row {
    /// r_next.
    Answer,
    /// 1/(number of right steps) where r is right, else 0.
    RightShare,
    /// 1/(number of wrong steps) where r is wrong, else 0.
    WrongShare,
    /// 1 where t ≥ 1.
    Later,
}

/// What the terms of one batch compare with, on the device.
#[derive(Debug, Clone)]
pub struct Targets {
    rows: Tensor<2>,
    both_answers: bool,
    later_steps: usize,
    alignment: Option<AlignmentTargets>,
}

impl Targets {
    /// Prepares the targets of `batch` under `epoch`'s settings.
    pub fn new(batch: &RaggedBatch, objective: &Objective, epoch: &EpochSettings, device: &Device) -> Self {
        let n = batch.rows();
        let right = batch.response.iter().filter(|&&r| r == 1).count();
        let wrong = n - right;
        let share = |wanted: u8, count: usize| {
            batch.response.iter().map(move |&r| if r == wanted { 1.0 / count as f32 } else { 0.0 })
        };
        let mut rows = Vec::with_capacity(4 * n);
        rows.extend(batch.next_response.iter().map(|&r| f32::from(r)));
        rows.extend(share(1, right));
        rows.extend(share(0, wrong));
        rows.extend(batch.position.iter().map(|&t| if t > 0 { 1.0f32 } else { 0.0 }));
        let lag = objective.lag_gain_weight > 0.0 && epoch.lag_active;
        let retention = objective.retention_weight > 0.0 && epoch.retention_peak.is_some();
        Self {
            rows: Tensor::from_data(TensorData::new(rows, [4, n]), device),
            both_answers: right > 0 && wrong > 0,
            later_steps: n - batch.windows(),
            alignment: objective.alignment.then(|| AlignmentTargets::new(batch, objective, lag, retention, device)),
        }
    }

    fn row(&self, row: Row) -> Tensor<1> {
        let i = row as usize;
        let [_, n] = self.rows.dims();
        self.rows.clone().slice([i..i + 1, 0..n]).reshape([n])
    }
}
