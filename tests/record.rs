//! The README of an experiment folder is the original's document: same headings, tables, rows and values.

use gainakt::config::{Config, ModelKind};
use gainakt::experiment::{DeviceRecord, LaunchInfo, RunFolder, config_json, readme};
use gainakt::train::Results;

/// Settings of the original's experiment, as its README shows them: group and key, value.
const FLAGS: [(&str, &str); 37] = [
    ("alignment.enable_alignment_loss", "True"),
    ("alignment.alignment_weight", "0.25"),
    ("alignment.alignment_warmup_epochs", "8"),
    ("alignment.adaptive_alignment", "True"),
    ("alignment.alignment_min_correlation", "0.05"),
    ("alignment.alignment_share_cap", "0.08"),
    ("alignment.alignment_share_decay_factor", "0.7"),
    ("global_alignment.enable_global_alignment_pass", "True"),
    ("global_alignment.alignment_global_students", "600"),
    ("global_alignment.use_residual_alignment", "True"),
    ("global_alignment.alignment_residual_window", "5"),
    ("refinement.enable_retention_loss", "True"),
    ("refinement.retention_delta", "0.005"),
    ("refinement.retention_weight", "0.14"),
    ("refinement.enable_lag_gain_loss", "True"),
    ("refinement.lag_gain_weight", "0.06"),
    ("refinement.lag_max_lag", "3"),
    ("refinement.lag_l1_weight", "0.5"),
    ("refinement.lag_l2_weight", "0.3"),
    ("refinement.lag_l3_weight", "0.2"),
    ("refinement.consistency_rebalance_epoch", "8"),
    ("refinement.consistency_rebalance_threshold", "0.1"),
    ("refinement.consistency_rebalance_new_weight", "0.2"),
    ("refinement.variance_floor", "0.0001"),
    ("refinement.variance_floor_patience", "3"),
    ("refinement.variance_floor_reduce_factor", "0.5"),
    ("interpretability.use_mastery_head", "True"),
    ("interpretability.use_gain_head", "True"),
    ("interpretability.monotonicity_loss_weight", "0.1"),
    ("interpretability.mastery_performance_loss_weight", "0.8"),
    ("interpretability.gain_performance_loss_weight", "0.8"),
    ("interpretability.sparsity_loss_weight", "0.2"),
    ("interpretability.consistency_loss_weight", "0.3"),
    ("interpretability.warmup_constraint_epochs", "8"),
    ("interpretability.non_negative_loss_weight", "0.0"),
    ("interpretability.enhanced_constraints", "True"),
    ("interpretability.max_semantic_students", "50"),
];

/// Its evaluation snapshot.
const EVALUATION: [(&str, &str); 19] = [
    ("evaluation.dataset", "assist2015"),
    ("evaluation.fold", "0"),
    ("evaluation.batch_size", "64"),
    ("evaluation.seq_len", "200"),
    ("evaluation.d_model", "512"),
    ("evaluation.n_heads", "8"),
    ("evaluation.num_encoder_blocks", "6"),
    ("evaluation.d_ff", "1024"),
    ("evaluation.dropout", "0.2"),
    ("evaluation.emb_type", "qid"),
    ("evaluation.use_mastery_head", "True"),
    ("evaluation.use_gain_head", "True"),
    ("evaluation.non_negative_loss_weight", "0.0"),
    ("evaluation.monotonicity_loss_weight", "0.1"),
    ("evaluation.mastery_performance_loss_weight", "0.8"),
    ("evaluation.gain_performance_loss_weight", "0.8"),
    ("evaluation.sparsity_loss_weight", "0.2"),
    ("evaluation.consistency_loss_weight", "0.3"),
    ("evaluation.max_correlation_students", "300"),
];

/// Headings and the lines under them that are not table rows, in order; `{}` stands for the folder's name.
const FRAME: &str = "\
# Experiment {}
Model: gainakt2exp
Short title: final_hyperparameter_validation
## Reproducibility Checklist
| Item | Status |
## Configuration Provenance
The `config.json` groups appear in the following canonical order ensuring reproducibility of parameter resolution:
| Group | Key Highlights |
### Semantic Flag Snapshot
| Flag | Value |
### Core Interpretability & Constraints
| Key | Value |
### Evaluation Snapshot
| Key | Value |
Snapshot MD5: `5d4c1b259dc8ae0277fd1ce352dbd27e`
### Reproducibility Policy
Ignored evaluation flags: device, run_dir
Ignored training flags: auto_shifted_eval, config, experiment_id
Schema version: 1.0.0
Policy last updated: 2025-10-30
";

const CHECKLIST: [&str; 10] = [
    "Folder naming convention followed",
    "config.json contains all params",
    "Shell script lists full command",
    "Best + last checkpoints saved",
    "Per-epoch metrics CSV present",
    "Raw stdout log saved",
    "Git commit & branch recorded",
    "Seeds documented",
    "Environment versions captured",
    "Correlation / interpretability metrics logged",
];

/// Groups of config.json, what the README says of each, and keys the group so must have.
const PROVENANCE: [(&str, &str, &str); 10] = [
    ("runtime", "launcher + train commands, timestamp", "launcher train_command timestamp"),
    ("hardware", "device list, thread count", "devices threads"),
    ("seeds", "primary + all seeds", "primary all"),
    (
        "training",
        "epochs, batch_size, lr, optimizer, mixed_precision, gradient_clip",
        "epochs batch_size lr optimizer mixed_precision gradient_clip",
    ),
    ("experiment", "id, model, short_title, purpose", "id model short_title purpose"),
    ("data", "dataset, fold", "dataset fold"),
    (
        "interpretability",
        "core heads + constraint weights + warmup",
        "use_mastery_head monotonicity_loss_weight warmup_constraint_epochs",
    ),
    (
        "alignment",
        "enable, weight, warmup, adaptive, min_corr, share_cap/decay",
        "enable_alignment_loss alignment_weight alignment_warmup_epochs adaptive_alignment alignment_min_correlation \
         alignment_share_cap alignment_share_decay_factor",
    ),
    (
        "global_alignment",
        "enable pass, students, residual window",
        "enable_global_alignment_pass alignment_global_students alignment_residual_window",
    ),
    (
        "refinement",
        "retention, lag predictive emergence, rebalance, variance floor",
        "enable_retention_loss enable_lag_gain_loss consistency_rebalance_epoch variance_floor",
    ),
];

/// The README of an empty folder made for `configs/gainakt2exp.json`, and the folder's name.
fn page() -> (String, String) {
    let desk = tempfile::tempdir().unwrap();
    let config = Config::preset("gainakt2exp").unwrap();
    let folder = RunFolder::create(desk.path(), ModelKind::GainAkt2Exp, "final_hyperparameter_validation").unwrap();
    (readme(&folder, &config, &Results::default()).unwrap(), folder.name())
}

/// The rows of the table under `heading`, without its header.
fn table(page: &str, heading: &str) -> Vec<String> {
    let after = page.split_once(&format!("{heading}\n")).unwrap().1;
    let section = after.split("\n#").next().unwrap();
    section.lines().filter(|l| l.starts_with("| ")).skip(1).map(str::to_owned).collect()
}

#[test]
fn headings_texts_and_columns_are_the_originals_in_its_order() {
    let (page, name) = page();
    let header_rows = ["| Item | Status |", "| Group | Key Highlights |", "| Flag | Value |", "| Key | Value |"];
    let frame: Vec<&str> = page
        .split("\n## Results")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.is_empty() && (!line.starts_with('|') || header_rows.contains(line)))
        .collect();
    assert_eq!(frame.join("\n") + "\n", FRAME.replace("{}", &name));
}

#[test]
fn rows_and_values_are_the_originals() {
    let (page, _) = page();
    let rows = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| format!("| {k} | {v} |")).collect::<Vec<_>>();
    let core = FLAGS.iter().position(|(key, _)| key.starts_with("interpretability.")).unwrap();
    assert_eq!(table(&page, "### Semantic Flag Snapshot"), rows(&FLAGS[..core]));
    assert_eq!(table(&page, "### Core Interpretability & Constraints"), rows(&FLAGS[core..]));
    assert_eq!(table(&page, "### Evaluation Snapshot"), rows(&EVALUATION));
    assert_eq!(table(&page, "## Configuration Provenance"), rows(&PROVENANCE.map(|(group, words, _)| (group, words))));
    assert!(page.contains("Model config MD5: `424c9c11c87c7175fa7f0e836be0d212`"));
}

#[test]
fn an_empty_folder_fulfils_nothing() {
    let (page, _) = page();
    let items = table(&page, "## Reproducibility Checklist");
    assert_eq!(items.len(), 10);
    for (row, item) in items.iter().zip(CHECKLIST) {
        assert!(row.starts_with(&format!("| {item} | ❌ ")), "{row}");
    }
}

#[test]
fn config_json_holds_what_the_provenance_table_says() {
    let config = Config::preset("gainakt2exp").unwrap();
    let about = LaunchInfo { title: "a title".to_owned(), ..LaunchInfo::default() };
    let device = DeviceRecord { kind: "cpu", label: "2 threads", threads: 2 };
    let text = config_json(&config, "an id", &about, device).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (group, _, keys) in PROVENANCE {
        for key in keys.split_whitespace() {
            assert!(!record[group][key].is_null(), "{group}.{key}: {}", record[group]);
        }
    }
    assert_eq!(record["seeds"]["all"], serde_json::json!([42, 1024]));
    assert_eq!(record["training"]["lr"], serde_json::json!(0.000174));
}
