//! The groups of a config, with the values of the original's experiment as defaults.

use serde::{Deserialize, Serialize};

use super::{EncoderKind, ModelKind};
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
        /// The seed of everything random: initial weights, dropout, shuffling and the simulated class. A whole number.
        seed: u64 = 42,
    }
}

group! {
    /// Optimizer and loop.
    Training {
        /// Maximum number of passes over the training answers; 1 or more.
        epochs: usize = 2,
        /// Windows of answers in one training step; 1 or more. More is faster and needs more memory.
        batch_size: usize = 64,
        /// Adam's learning rate at the start, above 0; it is halved when validation stops improving.
        #[serde(alias = "learning_rate")]
        lr: f64 = 0.000174,
        /// Weight decay: L2 penalty added to the gradient, 0 or more.
        weight_decay: f64 = 1.7571e-5,
        /// The optimizer; always "Adam".
        optimizer: String = "Adam".to_owned(),
        /// Half-precision arithmetic; not supported, must be false.
        mixed_precision: bool = false,
        /// Gradient clipping: maximum norm of a step's gradient; 0 disables it.
        gradient_clip: f64 = 1.0,
        /// Epochs without a better validation AUC before the run stops; 0 or more.
        patience: usize = 20,
        /// Whether the training windows are shuffled each epoch; the original keeps file order.
        shuffle: bool = false,
    }
}

group! {
    /// Which data.
    Data {
        /// Name of the data set, for the record.
        dataset: String = "assist2015".to_owned(),
        /// The validation fold, which is not trained on and chooses the best epoch; 0 to 4.
        fold: u8 = 0,
        /// The data file; if none is given, the simulated class.
        path: Option<String> = None,
        /// pykt's test file, if `path` is pykt's training file.
        test_path: Option<String> = None,
        /// Columns of a raw file, if they have no common names.
        columns: ColumnNames = ColumnNames::default(),
        /// Students in the simulated class, if no file is given.
        simulated_students: usize = 600,
        /// Items per skill in the simulated class; 0: no items.
        simulated_items: usize = 0,
        /// Whether models use items (questions, problems), if they can and the data have them.
        items: bool = true,
        /// Whether an answer to several skills counts once: it is one row for models that can read it so, and the AUC that chooses
        /// the best epoch is over answers, not over rows of one skill each.
        whole_answers: bool = true,
    }
}

group! {
    /// Mastery and gain heads, and constraint losses (MODEL §2–3).
    Interpretability {
        /// Whether the model has a mastery head.
        use_mastery_head: bool = true,
        /// Whether the model has a gain head.
        use_gain_head: bool = true,
        /// Weight of the penalty on falling mastery, mean relu(M\[t−1\] − M\[t\]); 0 or more.
        monotonicity_loss_weight: f64 = 0.1,
        /// Weight of the term that raises mastery for right answers and lowers it for wrong ones; 0 or more.
        mastery_performance_loss_weight: f64 = 0.8,
        /// Weight of the term that makes gains of right answers larger than those of wrong ones; 0 or more.
        gain_performance_loss_weight: f64 = 0.8,
        /// Weight of the penalty on gains in skills that were not practised, mean |G|; 0 or more.
        sparsity_loss_weight: f64 = 0.2,
        /// Weight of the penalty on mastery that moves differently from its gains, mean |ΔM − 0.1·G|; 0 or more.
        consistency_loss_weight: f64 = 0.3,
        /// Epochs over which the two performance weights rise from 0 to their full size.
        warmup_constraint_epochs: usize = 8,
        /// Weight of the penalty on negative gains, mean relu(−G); 0 or more.
        non_negative_loss_weight: f64 = 0.0,
        /// No effect; kept because the original's record has it.
        enhanced_constraints: bool = true,
        /// Whether the performance weights rise by a cosine over all epochs instead.
        enable_cosine_perf_schedule: bool = false,
        /// Students whose trajectories a finished run keeps as files.
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
    /// Alignment loss (MODEL §3–4).
    Alignment {
        /// Whether the alignment, lag and retention terms are part of the loss.
        enable_alignment_loss: bool = true,
        /// Weight of the reward for mastery and gains that correlate with the answers, at the start.
        alignment_weight: f64 = 0.25,
        /// Epochs over which that weight rises from 0 to its full size.
        alignment_warmup_epochs: usize = 8,
        /// Whether a low correlation raises the alignment weight (up to three times).
        adaptive_alignment: bool = true,
        /// Correlation of mastery with the answers below which the alignment weight is raised, −1 to 1.
        alignment_min_correlation: f64 = 0.05,
        /// Share of the alignment term in the loss above which its weight decays, 0 to 1.
        alignment_share_cap: f64 = 0.08,
        /// Factor by which the alignment weight then decays, 0 to 1.
        alignment_share_decay_factor: f64 = 0.7,
    }
}

group! {
    /// Alignment measured over the validation set after each epoch (MODEL §4).
    GlobalAlignment {
        /// Whether the correlation of mastery with the answers is measured after each epoch.
        enable_global_alignment_pass: bool = true,
        /// Students it is measured on, spread evenly over short and long histories.
        alignment_global_students: usize = 600,
        /// Whether answers are compared after subtracting their moving average.
        use_residual_alignment: bool = true,
        /// Width of that moving average, in answers; 1 or more.
        alignment_residual_window: usize = 5,
    }
}

group! {
    /// Retention, lag and the controller's reactions (MODEL §3–4).
    Refinement {
        /// Whether a correlation below its best adds a penalty until it recovers.
        enable_retention_loss: bool = true,
        /// Drop in correlation that is not penalised.
        retention_delta: f64 = 0.005,
        /// Weight of that penalty.
        retention_weight: f64 = 0.14,
        /// Whether gains that predict later answers are rewarded.
        enable_lag_gain_loss: bool = true,
        /// Weight of that reward.
        lag_gain_weight: f64 = 0.06,
        /// How many answers ahead to look, 1 to 3.
        lag_max_lag: usize = 3,
        /// Share of the answer one later in that reward.
        lag_l1_weight: f64 = 0.5,
        /// Share of the answer two later.
        lag_l2_weight: f64 = 0.3,
        /// Share of the answer three later.
        lag_l3_weight: f64 = 0.2,
        /// Epoch from which a low correlation lowers the consistency weight, counted from 1.
        consistency_rebalance_epoch: usize = 8,
        /// Correlation below which the consistency weight is lowered, −1 to 1.
        consistency_rebalance_threshold: f64 = 0.1,
        /// The reduced consistency weight.
        consistency_rebalance_new_weight: f64 = 0.2,
        /// Variance of mastery below which alignment and lag are switched off: constant values have no correlation.
        variance_floor: f64 = 0.0001,
        /// Epochs in a row below that variance before the sparsity weight is reduced.
        variance_floor_patience: usize = 3,
        /// Factor by which the sparsity weight is then reduced, 0 to 1.
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
    /// Losses and items of the evidence model (MODEL §9, §10).
    Evidence {
        /// Weight of the mean square of what the context adds to the logits; 0 or more.
        context_penalty: f64 = 0.0,
        /// The encoder: attention, or lstm, which is slower and a little more accurate.
        encoder: EncoderKind = EncoderKind::Attention,
        /// Prior standard deviation of the items' difficulties, in logits; above 0.
        item_spread: f64 = 1.0,
        /// Learning rate factor for item parameters, since each item is rare; above 0.
        item_learning_rate: f64 = 5.0,
    }
}

group! {
    /// Sizes of the model (MODEL §2).
    ModelShape {
        /// Maximum number of answers in a window; the model starts fresh with each window. 2 or more.
        seq_len: usize = 200,
        /// Width D of both streams: numbers that represent an answer. A multiple of the attention heads.
        d_model: usize = 512,
        /// Attention heads per block; 1 or more.
        n_heads: usize = 8,
        /// Number of encoder blocks; 0 or more.
        num_encoder_blocks: usize = 6,
        /// Width of the feed-forward layers; 1 or more.
        d_ff: usize = 1024,
        /// Dropout: share of activations dropped at random in training, from 0 to below 1.
        dropout: f64 = 0.2,
        /// What is embedded; must be "qid" (skill and response), as in the original's record.
        emb_type: String = "qid".to_owned(),
    }
}

group! {
    /// How a trained model is measured (MODEL §5).
    Evaluation {
        /// Students whose correlations of mastery and gain with the answers are averaged.
        max_correlation_students: usize = 300,
    }
}
