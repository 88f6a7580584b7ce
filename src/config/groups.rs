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
        /// Passes over the training answers, at the most; 1 or more.
        epochs: usize = 2,
        /// Windows of answers in one training step; 1 or more. More is faster and needs more memory.
        batch_size: usize = 64,
        /// Adam's learning rate at the start, above 0; it is halved when validation stops improving.
        #[serde(alias = "learning_rate")]
        lr: f64 = 0.000174,
        /// Pull of every weight towards 0: L2 added to the gradient, 0 or more.
        weight_decay: f64 = 1.7571e-5,
        /// The optimizer; always "Adam".
        optimizer: String = "Adam".to_owned(),
        /// Half-precision arithmetic; this program has none, so it must be false.
        mixed_precision: bool = false,
        /// Largest norm of a step's whole gradient, which is scaled down to it; 0 or more, 0 switches clipping off.
        gradient_clip: f64 = 1.0,
        /// Epochs without a better validation AUC before the run stops; 0 or more.
        patience: usize = 20,
        /// Whether the order of the training windows is drawn anew each epoch; the original keeps file order.
        shuffle: bool = false,
    }
}

group! {
    /// Which data.
    Data {
        /// Name of the data set, for the record.
        dataset: String = "assist2015".to_owned(),
        /// The fold that is not trained on but chooses the best epoch, 0 to 4.
        fold: u8 = 0,
        /// The data file; where none is named, the simulated class.
        path: Option<String> = None,
        /// pykt's test file, where `path` is pykt's training file.
        test_path: Option<String> = None,
        /// Columns of a raw file, where their names are not common ones.
        columns: ColumnNames = ColumnNames::default(),
        /// Students of the simulated class, where no file is named.
        simulated_students: usize = 600,
        /// Items of each skill of the simulated class; 0: it has no items.
        simulated_items: usize = 0,
        /// Whether models that can tell items (questions, problems) apart do so, where the data have them.
        items: bool = true,
        /// Whether an answer to several skills counts once: it is one row of models that can read it so, and the AUC that chooses
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
        /// Weight of the cost of falling mastery, mean relu(M\[t−1\] − M\[t\]); 0 or more.
        monotonicity_loss_weight: f64 = 0.1,
        /// Weight of the term that wants mastery high where answers are right and low where they are wrong; 0 or more.
        mastery_performance_loss_weight: f64 = 0.8,
        /// Weight of the term that wants larger gains from right than from wrong answers; 0 or more.
        gain_performance_loss_weight: f64 = 0.8,
        /// Weight of the cost of gains in skills that were not practised, mean |G|; 0 or more.
        sparsity_loss_weight: f64 = 0.2,
        /// Weight of the cost of mastery that moves otherwise than by its gains, mean |ΔM − 0.1·G|; 0 or more.
        consistency_loss_weight: f64 = 0.3,
        /// Epochs over which the two performance weights rise from 0 to their full size.
        warmup_constraint_epochs: usize = 8,
        /// Weight of the cost of negative gains, mean relu(−G); 0 or more.
        non_negative_loss_weight: f64 = 0.0,
        /// Has no effect; the original's record names it.
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
        /// Share of the alignment term in the loss, 0 to 1, above which its weight decays.
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
        /// Whether answers are compared after taking off their moving average.
        use_residual_alignment: bool = true,
        /// Width of that moving average, in answers; 1 or more.
        alignment_residual_window: usize = 5,
    }
}

group! {
    /// Retention, lag and the controller's reactions (MODEL §3–4).
    Refinement {
        /// Whether a correlation that fell below its best adds a cost until it is back.
        enable_retention_loss: bool = true,
        /// Fall of the correlation that costs nothing.
        retention_delta: f64 = 0.005,
        /// Weight of that cost.
        retention_weight: f64 = 0.14,
        /// Whether gains that foretell later answers are rewarded.
        enable_lag_gain_loss: bool = true,
        /// Weight of that reward.
        lag_gain_weight: f64 = 0.06,
        /// How many answers later are looked at, 1 to 3.
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
        /// The consistency weight then.
        consistency_rebalance_new_weight: f64 = 0.2,
        /// Variance of mastery below which alignment and lag are switched off: what is even correlates with nothing.
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
        /// What reads the answers: attention, or an LSTM (lstm), which needs more time and predicts a little better.
        encoder: EncoderKind = EncoderKind::Attention,
        /// How far items may differ: standard deviation of their difficulties, in logits, in the prior; above 0.
        item_spread: f64 = 1.0,
        /// Factor of the learning rate for what is learned of items, each of which comes up seldom; above 0.
        item_learning_rate: f64 = 5.0,
    }
}

group! {
    /// Sizes of the model (MODEL §2).
    ModelShape {
        /// Answers the model reads at a time; it starts afresh with each window. 2 or more.
        seq_len: usize = 200,
        /// Width of both streams, D: numbers that stand for an answer. A multiple of the attention heads.
        d_model: usize = 512,
        /// Attention heads of a block; 1 or more.
        n_heads: usize = 8,
        /// Encoder blocks one after another; 0 or more.
        num_encoder_blocks: usize = 6,
        /// Width of the feed-forward layers; 1 or more.
        d_ff: usize = 1024,
        /// Share of activations that are dropped at random in training, 0 to below 1.
        dropout: f64 = 0.2,
        /// What is embedded; must be "qid" (skill and response), which the original's record names.
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
