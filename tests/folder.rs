//! The experiment folder: complete, checked, repeatable, readable by others, and safe against kills.

#[path = "support/program.rs"]
mod program;
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gainakt::experiment::{RunFolder, import_weights};
use gainakt::model::ModelConfig;
use gainakt::train::decode_weights;
use program::{gainakt, only, said};

const CONFIG: &str = r#"{"training": {"epochs": 3}, "data": {"simulated_students": 60}, "interpretability": {"max_semantic_students": 3}, "model_config": {"d_model": 8, "n_heads": 2, "num_encoder_blocks": 1, "d_ff": 8}}"#;

/// Trains a small run in `desk`/`out`.
fn trained(desk: &Path, out: &str, extra: &[&str]) -> PathBuf {
    std::fs::write(desk.join("settings.json"), CONFIG).unwrap();
    let mut args = vec!["train", "--device", "cpu", "--config", "settings.json", "--out", out];
    args.extend(extra);
    let output = gainakt(&args, desk);
    assert!(output.status.success(), "{}", said(&output));
    only(&desk.join(out))
}

#[test]
fn a_finished_folder_passes_and_every_edit_is_named() {
    let desk = tempfile::tempdir().unwrap();
    let run = trained(desk.path(), "runs", &[]);
    let check = || gainakt(&["check", run.to_str().unwrap()], desk.path());
    let fine = check();
    assert!(fine.status.success() && !said(&fine).contains('❌'), "{}", said(&fine));
    assert_eq!(said(&fine).matches('✅').count(), 14);
    let names = RunFolder::open(&run).unwrap().names().unwrap();
    assert!(names.len() >= 18, "{names:?}");
    for name in names {
        let path = run.join(&name);
        let content = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let output = check();
        assert!(!output.status.success() && said(&output).contains(&name), "deleted {name}: {}", said(&output));
        let mut edited = content.clone();
        let middle = edited.len() / 2;
        edited[middle] ^= 1;
        std::fs::write(&path, &edited).unwrap();
        let output = check();
        assert!(!output.status.success() && said(&output).contains(&name), "edited {name}: {}", said(&output));
        std::fs::write(&path, &content).unwrap();
    }
    assert!(check().status.success());
    std::fs::write(run.join("extra.txt"), "x").unwrap();
    assert!(said(&check()).contains("extra.txt: added"));
}

#[test]
fn reproduce_is_exact_here_and_refuses_what_was_changed() {
    let desk = tempfile::tempdir().unwrap();
    let run = trained(desk.path(), "runs", &[]);
    let dir = run.to_str().unwrap();
    let again = |extra: &[&str]| {
        let mut args = vec!["reproduce", dir, "--out", "again"];
        args.extend(extra);
        gainakt(&args, desk.path())
    };
    let output = again(&["--device", "cpu", "--json", "report.json"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("identical bytes") && said(&output).contains("tolerance     0"),
        "{}",
        said(&output)
    );
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(desk.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((report["reproduced"].as_bool(), report["epochs"].as_u64()), (Some(true), Some(3)));
    assert!(said(&again(&["--device", "cpu", "--epochs", "1"])).contains("verdict       reproduced"));
    if support::devices().iter().any(|d| d.kind == "gpu") {
        let output = again(&["--device", "gpu"]);
        assert!(output.status.success() && said(&output).contains("another than the original's"), "{}", said(&output));
    }
    for (name, words) in [("model_best.safetensors", "edited"), ("config.json", "edited")] {
        let path = run.join(name);
        let content = std::fs::read(&path).unwrap();
        let mut edited = content.clone();
        let last = edited.len() - 9;
        edited[last] ^= 1;
        std::fs::write(&path, edited).unwrap();
        let output = again(&["--device", "cpu"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(name) && said(&output).contains(words), "{}", said(&output));
        std::fs::write(&path, content).unwrap();
    }
}

#[test]
fn a_run_of_the_evidence_model_is_checked_and_repeated_alike() {
    let desk = tempfile::tempdir().unwrap();
    let run = trained(desk.path(), "runs", &["--model", "evidence"]);
    assert!(run.file_name().unwrap().to_string_lossy().contains("_evidence_"));
    let check = gainakt(&["check", run.to_str().unwrap()], desk.path());
    assert!(check.status.success() && !said(&check).contains('❌'), "{}", said(&check));
    let again = gainakt(&["reproduce", run.to_str().unwrap(), "--device", "cpu", "--out", "again"], desk.path());
    assert!(said(&again).contains("identical bytes"), "{}", said(&again));
    let page = std::fs::read_to_string(run.join("README.md")).unwrap();
    assert!(page.contains("| evidence.context_penalty | 0.0 |") && !page.contains("alignment"), "{page}");
}

#[test]
fn compare_names_what_differs_and_averages_over_seeds() {
    let desk = tempfile::tempdir().unwrap();
    let a = trained(desk.path(), "a", &[]);
    let b = trained(desk.path(), "b", &["--seed", "7"]);
    let c = trained(desk.path(), "c", &["--lr", "0.01"]);
    let text = |x: &Path, y: &Path| {
        said(&gainakt(&["compare", x.to_str().unwrap(), y.to_str().unwrap(), "--plot", "auc.svg"], desk.path()))
    };
    let seeds = text(&a, &b);
    assert!(seeds.contains("seeds.seed: 42 | 7") && seeds.contains("over 2 seeds") && seeds.contains('±'), "{seeds}");
    let rates = text(&a, &c);
    assert!(rates.contains("training.lr: 0.000174 | 0.01") && !rates.contains("over 2 seeds"), "{rates}");
    assert!(std::fs::read_to_string(desk.path().join("auc.svg")).unwrap().contains("Validation AUC by epoch"));
}

#[test]
fn sweep_runs_each_once_and_summarises() {
    let desk = tempfile::tempdir().unwrap();
    std::fs::write(desk.path().join("settings.json"), CONFIG).unwrap();
    let sweep = |extra: &[&str]| {
        let mut args = vec![
            "sweep",
            "--config",
            "settings.json",
            "--folds",
            "0,1",
            "--ablations",
            "none,heads",
            "--epochs",
            "1",
            "--device",
            "cpu",
            "--out",
            "s",
        ];
        args.extend(extra);
        let output = gainakt(&args, desk.path());
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    assert!(sweep(&["--shard", "1/2"]).contains("2 runs are not finished yet"));
    let all = sweep(&[]);
    assert_eq!(all.matches("finished before").count(), 2, "{all}");
    let summary = std::fs::read_to_string(desk.path().join("s/summary.csv")).unwrap();
    assert_eq!(summary.lines().count(), 3, "{summary}");
    assert!(summary.contains("\nheads,2,") && summary.contains("\nnone,2,"), "{summary}");
    let table = std::fs::read_to_string(desk.path().join("s/summary.md")).unwrap();
    assert!(table.contains("| none − heads | ") && all.contains(&table), "{table}");
    assert!(std::fs::read_to_string(desk.path().join("s/summary.tex")).unwrap().contains("\\begin{tabular}"));
}

#[test]
fn pytorch_state_dicts_import_bit_for_bit_and_exports_go_back() {
    let golden = std::fs::read("tests/golden/full_length.safetensors").unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&golden).unwrap();
    let about: serde_json::Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["case"]).unwrap();
    let shape: ModelConfig = serde_json::from_value(about["model"].clone()).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&golden).unwrap();
    for file in ["full_length_zip.pth", "full_length_legacy.pth"] {
        let bytes = import_weights(&Path::new("tests/torch").join(file), &shape).unwrap();
        let (stored, weights) = decode_weights(file, &bytes).unwrap();
        assert_eq!(stored.as_ref(), Some(&shape));
        let names: Vec<&str> = tensors.names().into_iter().filter_map(|n| n.strip_prefix("param/")).collect();
        assert_eq!(weights.len(), names.len());
        for name in names {
            let view = tensors.tensor(&format!("param/{name}")).unwrap();
            let wanted: Vec<f32> =
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
            assert_eq!(weights[name], (view.shape().to_vec(), wanted), "{file}: {name}");
        }
    }
    let desk = tempfile::tempdir().unwrap();
    let run = trained(desk.path(), "runs", &[]);
    let dir = run.to_str().unwrap();
    assert!(gainakt(&["export", dir, "--out", "w.safetensors"], desk.path()).status.success());
    let output = gainakt(&["import", "w.safetensors", "--like", dir, "--out", "imported"], desk.path());
    assert!(output.status.success(), "{}", said(&output));
    let imported = only(&desk.path().join("imported"));
    let export = |run: &Path, out: &str| {
        let output = gainakt(
            &["export", run.to_str().unwrap(), "--what", "predictions", "--device", "cpu", "--out", out],
            desk.path(),
        );
        assert!(output.status.success(), "{}", said(&output));
        std::fs::read_to_string(desk.path().join(out)).unwrap()
    };
    assert_eq!(export(&run, "a.csv"), export(&imported, "b.csv"));
    std::fs::write(desk.path().join("x.pth"), b"\x80\x02not a checkpoint").unwrap();
    for bad in ["x.pth", "missing.pth"] {
        let output = gainakt(&["import", bad, "--like", dir], desk.path());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(bad) && !said(&output).contains("panicked"), "{}", said(&output));
    }
}

#[test]
fn fifty_kills_leave_a_folder_that_continues() {
    killed("gainakt2exp", 50);
}

#[test]
fn twenty_kills_of_the_evidence_model_do_too() {
    killed("evidence", 20);
}

fn killed(model: &str, wanted_kills: u64) {
    let desk = tempfile::tempdir().unwrap();
    let whole = trained(desk.path(), "whole", &["--model", model]);
    let wanted = std::fs::read(whole.join("metrics_epoch.csv")).unwrap();
    let start = |resume: Option<&Path>| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_gainakt"));
        process.current_dir(desk.path()).stdout(Stdio::null()).stderr(Stdio::null()).args(["train", "--device", "cpu"]);
        match resume {
            Some(dir) => process.arg("--resume").arg(dir),
            None => process.args(["--model", model, "--config", "settings.json", "--out", "killed"]),
        };
        process.spawn().unwrap()
    };
    let (mut kills, mut finished) = (0, 0);
    while kills < wanted_kills {
        let _ = std::fs::remove_dir_all(desk.path().join("killed"));
        let mut process = start(None);
        let dir = loop {
            std::thread::sleep(Duration::from_millis(1));
            let found =
                std::fs::read_dir(desk.path().join("killed")).ok().and_then(|mut d| Some(d.next()?.unwrap().path()));
            if let Some(dir) = found.filter(|d| d.join("config.json").is_file()) {
                break dir;
            }
        };
        // Again and again at other moments, until the run comes through.
        while process.try_wait().unwrap().is_none() && kills < wanted_kills {
            std::thread::sleep(Duration::from_millis(3 + (kills * 37) % 90));
            let _ = process.kill();
            process.wait().unwrap();
            kills += 1;
            assert!(RunFolder::open(&dir).is_ok());
            for name in ["model_best.safetensors", "model_last.safetensors", "train_state.safetensors"] {
                if let Ok(bytes) = std::fs::read(dir.join(name)) {
                    decode_weights(name, &bytes).unwrap();
                }
            }
            if dir.join("manifest.json").is_file() {
                break;
            }
            process = start(Some(&dir));
        }
        let _ = process.wait();
        if dir.join("manifest.json").is_file() {
            assert_eq!(std::fs::read(dir.join("metrics_epoch.csv")).unwrap(), wanted, "after {kills} kills");
            finished += 1;
        } else {
            assert!(kills >= wanted_kills, "the run gave up after {kills} kills");
        }
    }
    assert!(finished > 0, "no run ever came through");
}
