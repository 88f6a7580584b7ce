//! The parts of a config that two experiments must share to be comparable, as JSON whose MD5 is quoted.

use serde_json::{Map, Value, json};

use super::{Config, ModelKind};
use crate::data::RowKind;

/// What an evaluation depends on (MODEL §6).
pub fn evaluation_snapshot(config: &Config) -> Value {
    if config.model.kind != ModelKind::GainAkt2Exp {
        return snapshot_of_kind(config);
    }
    let (m, i) = (&config.model_config, &config.interpretability);
    json!({
        "dataset": config.data.dataset,
        "fold": config.data.fold,
        "batch_size": config.training.batch_size,
        "seq_len": m.seq_len,
        "d_model": m.d_model,
        "n_heads": m.n_heads,
        "num_encoder_blocks": m.num_encoder_blocks,
        "d_ff": m.d_ff,
        "dropout": m.dropout,
        "emb_type": m.emb_type,
        "use_mastery_head": i.use_mastery_head,
        "use_gain_head": i.use_gain_head,
        "non_negative_loss_weight": i.non_negative_loss_weight,
        "monotonicity_loss_weight": i.monotonicity_loss_weight,
        "mastery_performance_loss_weight": i.mastery_performance_loss_weight,
        "gain_performance_loss_weight": i.gain_performance_loss_weight,
        "sparsity_loss_weight": i.sparsity_loss_weight,
        "consistency_loss_weight": i.consistency_loss_weight,
        "max_correlation_students": config.evaluation.max_correlation_students,
    })
}

/// The same for models that the original does not have: which, on what, its sizes, and all settings that only it has.
fn snapshot_of_kind(config: &Config) -> Value {
    let mut snapshot = Map::new();
    snapshot.insert("model".to_owned(), config.model.kind.name().into());
    snapshot.insert("dataset".to_owned(), config.data.dataset.clone().into());
    snapshot.insert("fold".to_owned(), config.data.fold.into());
    snapshot.insert("batch_size".to_owned(), config.training.batch_size.into());
    let settings = serde_json::to_value(config).unwrap_or_default();
    let own = config.model.kind.about().groups.iter().map(|(group, _)| &settings[*group]);
    for group in [&model_config(config)].into_iter().chain(own) {
        snapshot.extend(group.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    }
    // Runs of models that know no items say nothing of them, and neither did any before there were such models.
    if config.uses_items() {
        snapshot.insert("items".to_owned(), true.into());
    } else {
        snapshot.retain(|key, _| !key.starts_with("item_"));
    }
    // Runs from before there was another encoder say nothing of it.
    if config.encoder().is_default() {
        snapshot.remove("encoder");
    }
    if config.row_kind() == RowKind::Answer {
        snapshot.insert("whole_answers".to_owned(), true.into());
    }
    snapshot.insert("max_correlation_students".to_owned(), config.evaluation.max_correlation_students.into());
    Value::Object(snapshot)
}

/// The sizes of the model (MODEL §6).
pub fn model_config(config: &Config) -> Value {
    let m = &config.model_config;
    json!({
        "seq_len": m.seq_len,
        "d_model": m.d_model,
        "n_heads": m.n_heads,
        "num_encoder_blocks": m.num_encoder_blocks,
        "d_ff": m.d_ff,
        "dropout": m.dropout,
        "emb_type": m.emb_type,
    })
}

/// What may differ between a run and its repetition.
pub fn reproducibility_policy() -> Value {
    json!({
        "ignored_eval_flags": ["device", "run_dir"],
        "ignored_training_flags": ["auto_shifted_eval", "config", "experiment_id"],
        "schema_version": "1.0.0",
        "policy_last_updated": "2025-10-30",
    })
}
