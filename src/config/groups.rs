//! The groups of a config, with the values of the original's experiment as defaults.

use serde::{Deserialize, Serialize};

use crate::data::ColumnNames;

/// Declares one group: fields with docs and defaults, unknown keys refused; the docs are there at run time too.
macro_rules! group {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $field_doc:literal])* $(#[serde($serde:meta)])? $field:ident: $kind:ty = $default:expr),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[doc = $field_doc])* $(#[serde($serde)])? pub $field: $kind),* }

        impl $name {
            /// What the group is for, and what each of its keys means.
            pub const DOCS: GroupDocs =
                GroupDocs { about: concat!($($doc),*), keys: &[$((stringify!($field), concat!($($field_doc),*))),*] };
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }
    };
}

/// What a group of settings and its keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDocs {
    /// The group.
    pub about: &'static str,
    /// Key and meaning.
    pub keys: &'static [(&'static str, &'static str)],
}

/// A kind of model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelKind {
    /// GainAKT2Exp: mastery that never falls, beside a free prediction (SPEC §2).
    #[default]
    #[serde(rename = "gainakt2exp")]
    GainAkt2Exp,
    /// The evidence model: the prediction is the mastery (SPEC §9).
    #[serde(rename = "evidence")]
    Evidence,
}

impl ModelKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::GainAkt2Exp, Self::Evidence];

    /// Whether it is the kind of files that do not say.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Its name in settings, records and folder names.
    pub fn name(self) -> &'static str {
        match self {
            Self::GainAkt2Exp => "gainakt2exp",
            Self::Evidence => "evidence",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::GainAkt2Exp => "GainAKT2Exp",
            Self::Evidence => "Evidence model",
        }
    }
}

group! {
    /// Which model.
    ModelChoice {
        /// gainakt2exp: mastery that never falls, beside a free prediction. evidence: the prediction is the mastery.
        kind: ModelKind = ModelKind::GainAkt2Exp,
    }
}

group! {
    /// Where randomness starts.
    Seeds {
        /// Initial weights, dropout, shuffling and the simulated class.
        seed: u64 = 42,
    }
}

group! {
    /// Optimizer and loop.
    Training {
        /// Epochs at the most.
        epochs: usize = 2,
        /// Windows in a step.
        batch_size: usize = 64,
        /// Adam's learning rate at the start.
        #[serde(alias = "learning_rate")]
        lr: f64 = 0.000174,
        /// L2 added to the gradient.
        weight_decay: f64 = 1.7571e-5,
        /// Always "Adam".
        optimizer: String = "Adam".to_owned(),
        /// Kept for the record; must be false.
        mixed_precision: bool = false,
        /// Largest global gradient norm; 0 switches clipping off.
        gradient_clip: f64 = 1.0,
        /// Epochs without a better validation AUC before stopping.
        patience: usize = 20,
        /// Whether training windows are shuffled each epoch; the original keeps file order.
        shuffle: bool = false,
    }
}

group! {
    /// Which data.
    Data {
        /// Data set name, for the record.
        dataset: String = "assist2015".to_owned(),
        /// The validation fold, 0 to 4.
        fold: u8 = 0,
        /// The data file; none: the simulated class.
        path: Option<String> = None,
        /// pykt's test file, where `path` is pykt's training file.
        test_path: Option<String> = None,
        /// Columns of a raw file, where their names are not common ones.
        columns: ColumnNames = ColumnNames::default(),
        /// Students of the simulated class, used where no file is given.
        simulated_students: usize = 600,
    }
}

group! {
    /// Mastery and gain heads, and constraint losses (SPEC §2–3).
    Interpretability {
        /// Whether the model has a mastery head.
        use_mastery_head: bool = true,
        /// Whether the model has a gain head.
        use_gain_head: bool = true,
        /// Weight of mean relu(M\[t−1\] − M\[t\]).
        monotonicity_loss_weight: f64 = 0.1,
        /// Weight of the mastery-performance term.
        mastery_performance_loss_weight: f64 = 0.8,
        /// Weight of the gain-performance hinge.
        gain_performance_loss_weight: f64 = 0.8,
        /// Weight of mean |G| on skills not practised.
        sparsity_loss_weight: f64 = 0.2,
        /// Weight of mean |ΔM − 0.1·G|.
        consistency_loss_weight: f64 = 0.3,
        /// Epochs over which the two performance weights ramp up.
        warmup_constraint_epochs: usize = 8,
        /// Weight of mean relu(−G).
        non_negative_loss_weight: f64 = 0.0,
        /// Kept for the record.
        enhanced_constraints: bool = true,
        /// Ramp the performance weights by a cosine over all epochs instead.
        enable_cosine_perf_schedule: bool = false,
        /// Students whose trajectories a run keeps.
        max_semantic_students: usize = 50,
    }
}

impl Interpretability {
    /// Every loss weight with its key.
    pub fn weights(&self) -> [(&'static str, f64); 6] {
        [
            ("interpretability.non_negative_loss_weight", self.non_negative_loss_weight),
            ("interpretability.monotonicity_loss_weight", self.monotonicity_loss_weight),
            ("interpretability.mastery_performance_loss_weight", self.mastery_performance_loss_weight),
            ("interpretability.gain_performance_loss_weight", self.gain_performance_loss_weight),
            ("interpretability.sparsity_loss_weight", self.sparsity_loss_weight),
            ("interpretability.consistency_loss_weight", self.consistency_loss_weight),
        ]
    }
}

group! {
    /// Alignment loss (SPEC §3–4).
    Alignment {
        /// Whether the alignment, lag and retention terms exist.
        enable_alignment_loss: bool = true,
        /// Weight at the start.
        alignment_weight: f64 = 0.25,
        /// Epochs over which the weight ramps up.
        alignment_warmup_epochs: usize = 8,
        /// Whether a low correlation raises the weight.
        adaptive_alignment: bool = true,
        /// Correlation below which it does.
        alignment_min_correlation: f64 = 0.05,
        /// Share of the loss above which the weight decays.
        alignment_share_cap: f64 = 0.08,
        /// Factor of that decay.
        alignment_share_decay_factor: f64 = 0.7,
    }
}

group! {
    /// Alignment measured over the validation set after each epoch (SPEC §4).
    GlobalAlignment {
        /// Whether it is measured.
        enable_global_alignment_pass: bool = true,
        /// Students measured, spread over length deciles.
        alignment_global_students: usize = 600,
        /// Whether the target is the residual of a moving average.
        use_residual_alignment: bool = true,
        /// Width of that average, in steps.
        alignment_residual_window: usize = 5,
    }
}

group! {
    /// Retention, lag and the controller's reactions (SPEC §3–4).
    Refinement {
        /// Whether a fallen correlation arms the retention term.
        enable_retention_loss: bool = true,
        /// Fall that is forgiven.
        retention_delta: f64 = 0.005,
        /// Weight of the retention term.
        retention_weight: f64 = 0.14,
        /// Whether the lag term exists.
        enable_lag_gain_loss: bool = true,
        /// Weight of the lag term.
        lag_gain_weight: f64 = 0.06,
        /// Largest lag, 1 to 3.
        lag_max_lag: usize = 3,
        /// Weight of lag 1.
        lag_l1_weight: f64 = 0.5,
        /// Weight of lag 2.
        lag_l2_weight: f64 = 0.3,
        /// Weight of lag 3.
        lag_l3_weight: f64 = 0.2,
        /// Epoch from which a low correlation lowers the consistency weight.
        consistency_rebalance_epoch: usize = 8,
        /// Correlation below which it does.
        consistency_rebalance_threshold: f64 = 0.1,
        /// The lowered weight.
        consistency_rebalance_new_weight: f64 = 0.2,
        /// Mastery variance below which alignment and lag are off.
        variance_floor: f64 = 0.0001,
        /// Epochs below the floor before the sparsity weight is reduced.
        variance_floor_patience: usize = 3,
        /// Factor of that reduction.
        variance_floor_reduce_factor: f64 = 0.5,
    }
}

impl Refinement {
    /// Weights of the lags 1 to `lag_max_lag`.
    pub fn lag_weights(&self) -> Vec<f64> {
        [self.lag_l1_weight, self.lag_l2_weight, self.lag_l3_weight][..self.lag_max_lag.min(3)].to_vec()
    }
}

group! {
    /// Losses of the evidence model (SPEC §9).
    Evidence {
        /// Weight of the mean square of what the context adds to the logits; 0 or more.
        context_penalty: f64 = 0.0,
    }
}

group! {
    /// Sizes of the model (SPEC §2).
    ModelShape {
        /// Interactions of a window.
        seq_len: usize = 200,
        /// Width of both streams, D.
        d_model: usize = 512,
        /// Attention heads, H.
        n_heads: usize = 8,
        /// Encoder blocks, N.
        num_encoder_blocks: usize = 6,
        /// Width of the feed-forward layers.
        d_ff: usize = 1024,
        /// Share of activations dropped in training.
        dropout: f64 = 0.2,
        /// Kept for the record; must be "qid".
        emb_type: String = "qid".to_owned(),
    }
}

group! {
    /// How a trained model is measured (SPEC §5).
    Evaluation {
        /// Students whose correlations are averaged.
        max_correlation_students: usize = 300,
    }
}
