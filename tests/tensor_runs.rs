//! A run of a model on burn's tensors leaves the folder every run leaves: it passes check and repeats to the byte.
#![cfg(feature = "burn")]

#[path = "support/program.rs"]
mod program;

use std::path::Path;

use gainakt::config::ModelKind;
use program::{gainakt, only, said};

#[test]
fn every_model_on_tensors_leaves_a_whole_folder_and_repeats() {
    for kind in ModelKind::all_available().filter(|kind| !kind.on_kernels()) {
        let desk = tempfile::tempdir().unwrap();
        let settings = format!(
            r#"{{"model": {{"kind": "{}"}}, "training": {{"epochs": 2, "batch_size": 16}}, "data": {{"simulated_students": 60}},
                "interpretability": {{"max_semantic_students": 3}},
                "model_config": {{"d_model": 8, "n_heads": 2, "num_encoder_blocks": 1, "d_ff": 8}}}}"#,
            kind.name()
        );
        std::fs::write(desk.path().join("settings.json"), settings).unwrap();
        let run = |args: &[&str]| {
            let output = gainakt(args, desk.path());
            assert!(output.status.success(), "{}: {}", kind.title(), said(&output));
            said(&output)
        };
        run(&["train", "--device", "cpu", "--config", "settings.json", "--out", "runs"]);
        let folder = only(&desk.path().join("runs"));
        let dir = folder.to_str().unwrap();
        assert!(folder.file_name().unwrap().to_str().unwrap().contains(&format!("_{}_", kind.name())), "{dir}");
        run(&["check", dir]);
        let again = run(&["reproduce", dir, "--device", "cpu", "--out", "again"]);
        assert!(again.contains("verdict       reproduced"), "{again}");
        let repeated = only(&desk.path().join("again"));
        for file in ["metrics_epoch.csv", "model_best.safetensors"] {
            let bytes = |dir: &Path| std::fs::read(dir.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert_eq!(bytes(&folder), bytes(&repeated), "{} {file}", kind.title());
        }
        // The chance of every skill stands where mastery would.
        let path = run(&["explain", dir, "--student", "S055", "--format", "csv"]);
        let row: Vec<&str> = path.lines().nth(1).unwrap_or_default().split(',').collect();
        let columns: Vec<&str> = path.lines().next().unwrap_or_default().split(',').collect();
        let of = |name: &str| row[columns.iter().position(|c| *c == name).unwrap()];
        assert!(of("mastery").is_empty() && of("chance").parse::<f32>().is_ok(), "{path}");
    }
}
