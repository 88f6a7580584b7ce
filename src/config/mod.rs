//! The experiment's settings: groups, defaults, presets and the checks on them.
//!
//! Defaults are the original's values. A preset or config file names only what differs; a key that is not
//! known is refused, so that a typing error never trains something else.

mod groups;
mod model_kind;
mod snapshot;

pub use groups::{
    Alignment, Data, Evaluation, Evidence, GlobalAlignment, GroupDocs, Interpretability, ModelChoice, ModelShape,
    Refinement, Seeds, Training,
};
pub use model_kind::{EncoderKind, ModelInfo, ModelKind};
pub use snapshot::{evaluation_snapshot, model_config, reproducibility_policy};

use serde::{Deserialize, Serialize};

use crate::data::RowKind;
use crate::error::{Error, Result};

/// All settings of an experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which model.
    pub model: ModelChoice,
    /// Where randomness starts.
    pub seeds: Seeds,
    /// Optimizer and loop.
    pub training: Training,
    /// Which data.
    pub data: Data,
    /// Mastery and gain heads, and constraint losses.
    pub interpretability: Interpretability,
    /// Alignment loss.
    pub alignment: Alignment,
    /// Alignment measured over the validation set after each epoch.
    pub global_alignment: GlobalAlignment,
    /// Retention, lag and the controller's reactions.
    pub refinement: Refinement,
    /// Losses of the evidence model.
    pub evidence: Evidence,
    /// Sizes of the model.
    pub model_config: ModelShape,
    /// How a trained model is measured.
    pub evaluation: Evaluation,
}

/// Widest LSTM (`ops::MAX_LSTM_WIDTH`, which stands above this module).
const MAX_LSTM_WIDTH: usize = 512;

/// Presets that come with the program: name and JSON.
pub const PRESETS: [(&str, &str); 12] = [
    ("demo", include_str!("../../configs/demo.json")),
    ("assist2015_small", include_str!("../../configs/assist2015_small.json")),
    ("gainakt2exp", include_str!("../../configs/gainakt2exp.json")),
    ("evidence", include_str!("../../configs/evidence.json")),
    ("assist2015_evidence", include_str!("../../configs/assist2015_evidence.json")),
    ("evidence_lstm", include_str!("../../configs/evidence_lstm.json")),
    ("evidence_items", include_str!("../../configs/evidence_items.json")),
    ("evidence_items_lstm", include_str!("../../configs/evidence_items_lstm.json")),
    ("dkt", include_str!("../../configs/dkt.json")),
    ("sakt", include_str!("../../configs/sakt.json")),
    ("akt", include_str!("../../configs/akt.json")),
    ("simplekt", include_str!("../../configs/simplekt.json")),
];

/// The groups in the order people meet them, with what they and their keys are for.
pub const GROUPS: [(&str, GroupDocs); 11] = [
    ("model", ModelChoice::DOCS),
    ("data", Data::DOCS),
    ("training", Training::DOCS),
    ("model_config", ModelShape::DOCS),
    ("seeds", Seeds::DOCS),
    ("interpretability", Interpretability::DOCS),
    ("alignment", Alignment::DOCS),
    ("global_alignment", GlobalAlignment::DOCS),
    ("refinement", Refinement::DOCS),
    ("evidence", Evidence::DOCS),
    ("evaluation", Evaluation::DOCS),
];

impl Config {
    /// Reads a config from JSON text; `name` is used in errors.
    ///
    /// # Errors
    /// Text that is not JSON, an unknown key, a value of the wrong type or out of range.
    pub fn from_json(name: &str, text: &str) -> Result<Self> {
        let config: Self = serde_json::from_str(text).map_err(|e| Error::json(name, e))?;
        config.check().map_err(|e| Error::Config(format!("{name}: {e}")))?;
        Ok(config)
    }

    /// The preset of this name.
    ///
    /// # Errors
    /// No preset has the name.
    pub fn preset(name: &str) -> Result<Self> {
        match PRESETS.iter().find(|p| p.0 == name) {
            Some((name, text)) => Self::from_json(name, text),
            None => {
                let known: Vec<&str> = PRESETS.iter().map(|p| p.0).collect();
                Err(Error::Config(format!("no preset \"{name}\"; there are {}", known.join(", "))))
            }
        }
    }

    /// Names of the presets whose model this build of the program can run.
    pub fn usable_presets() -> impl Iterator<Item = &'static str> {
        let usable = |name: &&str| Self::preset(name).is_ok_and(|config| config.model.kind.available());
        PRESETS.iter().map(|p| p.0).filter(usable)
    }

    /// Name of the preset for a kind of model, on the embedded class or on a data file.
    pub fn preset_for(kind: ModelKind, file: bool) -> &'static str {
        kind.about().presets[usize::from(file)]
    }

    /// Says what is out of range, with group and key.
    ///
    /// # Errors
    /// The first setting that cannot work.
    pub fn check(&self) -> Result<()> {
        let m = &self.model_config;
        let t = &self.training;
        let fail = |what: String| Err(Error::Config(what));
        let at_least = [
            ("model_config.seq_len", m.seq_len, 2),
            ("model_config.d_model", m.d_model, 1),
            ("model_config.n_heads", m.n_heads, 1),
            ("model_config.d_ff", m.d_ff, 1),
            ("training.epochs", t.epochs, 1),
            ("training.batch_size", t.batch_size, 1),
            ("global_alignment.alignment_residual_window", self.global_alignment.alignment_residual_window, 1),
        ];
        for (key, value, least) in at_least {
            if value < least {
                return fail(format!("{key} is {value}, expected at least {least}"));
            }
        }
        let at_most = [
            ("model_config.seq_len", m.seq_len, 100_000),
            ("model_config.d_model", m.d_model, 16_384),
            ("model_config.d_ff", m.d_ff, 65_536),
            ("model_config.num_encoder_blocks", m.num_encoder_blocks, 256),
            ("refinement.lag_max_lag", self.refinement.lag_max_lag, 3),
            ("data.simulated_items", self.data.simulated_items, 100_000),
        ];
        for (key, value, most) in at_most {
            if value > most {
                return fail(format!("{key} is {value}, expected at most {most}"));
            }
        }
        if !m.d_model.is_multiple_of(m.n_heads) {
            return fail(format!(
                "model_config.d_model is {}, expected a multiple of n_heads ({})",
                m.d_model, m.n_heads
            ));
        }
        if !(0.0..1.0).contains(&m.dropout) {
            return fail(format!("model_config.dropout is {}, expected 0 or more and below 1", m.dropout));
        }
        if m.emb_type != "qid" {
            return fail(format!("model_config.emb_type is \"{}\", expected \"qid\"", m.emb_type));
        }
        if t.optimizer != "Adam" {
            return fail(format!("training.optimizer is \"{}\", expected \"Adam\"", t.optimizer));
        }
        if t.mixed_precision {
            return fail(
                "training.mixed_precision is true; this program computes in 32-bit floats only, set it to false".into(),
            );
        }
        if !(t.lr.is_finite() && t.lr > 0.0) {
            return fail(format!("training.lr is {}, expected a number above 0", t.lr));
        }
        let above_zero = [
            ("evidence.item_spread", self.evidence.item_spread),
            ("evidence.item_learning_rate", self.evidence.item_learning_rate),
        ];
        for (key, value) in above_zero {
            if !(value.is_finite() && value > 0.0) {
                return fail(format!("{key} is {value}, expected a number above 0"));
            }
        }
        let not_negative = [
            ("training.weight_decay", t.weight_decay),
            ("training.gradient_clip", t.gradient_clip),
            ("evidence.context_penalty", self.evidence.context_penalty),
        ];
        let weights = self.interpretability.weights();
        for (key, value) in not_negative.into_iter().chain(weights) {
            if !(value.is_finite() && value >= 0.0) {
                return fail(format!("{key} is {value}, expected 0 or more"));
            }
        }
        if self.encoder() == EncoderKind::Lstm && m.d_model > MAX_LSTM_WIDTH {
            return fail(format!(
                "model_config.d_model is {}, expected at most {MAX_LSTM_WIDTH}: an LSTM is no wider here",
                m.d_model
            ));
        }
        if self.model.kind == ModelKind::Sakt && m.num_encoder_blocks != 1 {
            return fail(format!(
                "model_config.num_encoder_blocks is {}, expected 1: SAKT has one",
                m.num_encoder_blocks
            ));
        }
        if self.data.fold > 4 {
            return fail(format!("data.fold is {}, expected 0 to 4", self.data.fold));
        }
        Ok(())
    }

    /// What reads the answers, of the models on kernels.
    pub fn encoder(&self) -> EncoderKind {
        match self.model.kind {
            ModelKind::Evidence => self.evidence.encoder,
            _ => EncoderKind::Attention,
        }
    }

    /// Whether the model tells items apart, where the data have them.
    pub fn uses_items(&self) -> bool {
        self.data.items && self.model.kind.about().knows_items
    }

    /// What a row of the model's windows is.
    pub fn row_kind(&self) -> RowKind {
        match self.data.whole_answers && self.model.kind.about().reads_whole_answers {
            true => RowKind::Answer,
            false => RowKind::Skill,
        }
    }

    /// Whether the model is GainAKT2Exp with both heads, and so has the interpretability terms.
    pub fn interpretable(&self) -> bool {
        self.model.kind == ModelKind::GainAkt2Exp
            && self.interpretability.use_mastery_head
            && self.interpretability.use_gain_head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_the_original_is_the_default() {
        for (name, _) in PRESETS {
            Config::preset(name).unwrap();
        }
        assert_eq!(Config::preset("gainakt2exp").unwrap(), Config::default());
    }

    #[test]
    fn the_originals_md5s() {
        let original = Config::preset("gainakt2exp").unwrap();
        assert_eq!(crate::pyjson::md5_hex(&evaluation_snapshot(&original)), "5d4c1b259dc8ae0277fd1ce352dbd27e");
        assert_eq!(crate::pyjson::md5_hex(&model_config(&original)), "424c9c11c87c7175fa7f0e836be0d212");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = Config::from_json("x.json", "{\n \"training\": {\"epoch\": 3}}").unwrap_err().to_string();
        assert!(error.contains("unknown field `epoch`") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn values_out_of_range_name_their_key() {
        for (json, key) in [
            (r#"{"model_config": {"n_heads": 3}}"#, "d_model"),
            (r#"{"model_config": {"seq_len": 1}}"#, "seq_len"),
            (r#"{"training": {"lr": -1.0}}"#, "lr"),
            (r#"{"training": {"batch_size": 0}}"#, "batch_size"),
            (r#"{"interpretability": {"sparsity_loss_weight": -0.5}}"#, "sparsity_loss_weight"),
            (r#"{"data": {"fold": 7}}"#, "fold"),
            (r#"{"evidence": {"item_spread": 0}}"#, "item_spread"),
        ] {
            let error = Config::from_json("x.json", json).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("expected"), "{error}");
        }
    }
}
