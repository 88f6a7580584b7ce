//! Malformed input of every kind: one clear sentence, exit code 2, no panic, nothing left half-written.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const HEADER: &str = "user_id,log_id,sequence_id,correct\n";
const SEQUENCES: &str = "fold,uid,concepts,responses,selectmasks\n";

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs gainakt in the folder; it must fail with one line that holds every word, and exit code 2.
    fn refuses(&self, args: &[&str], words: &[&str]) {
        let output =
            Command::new(env!("CARGO_BIN_EXE_gainakt")).args(args).current_dir(self.folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{args:?} says more than a line: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?} does not say '{word}': {said}");
        }
        assert!(!self.folder.path().join("runs").exists(), "{args:?} left a run behind");
    }

    fn refuses_data(&self, content: impl AsRef<[u8]>, words: &[&str]) {
        self.file("data.csv", content);
        self.refuses(&["data", "check", "data.csv"], words);
        self.refuses(&["train", "--data", "data.csv"], words);
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn raw_files() {
    let desk = Desk::new();
    let rows = |body: &str| format!("{HEADER}{body}");
    desk.refuses_data("", &["data.csv", "empty"]);
    desk.refuses_data(HEADER, &["no usable answer"]);
    desk.refuses_data(rows("a,1,s,1\na,2,s,x\n"), &["line 3", "'correct'", "\"x\"", "expected 0"]);
    desk.refuses_data(rows("a,1,s,2\n"), &["line 2", "'correct'", "\"2\""]);
    desk.refuses_data(rows("a,1,s,-1\n"), &["line 2", "\"-1\""]);
    desk.refuses_data(rows("a,1,s,inf\n"), &["line 2", "\"inf\""]);
    desk.refuses_data(rows("a,1,s\n"), &["line 2", "3 fields", "expected 4"]);
    desk.refuses_data(rows("a,1,s,1,9\n"), &["line 2", "5 fields"]);
    desk.refuses_data(rows("a,1,s,1\na,then,s,1\n"), &["line 3", "'log_id'", "\"then\""]);
    desk.refuses_data(rows("a,1,s,1\na,2,s\0,1\n"), &["line 3", "NUL"]);
    desk.refuses_data("user_id,correct,correct,sequence_id\na,1,1,s\n", &["line 1", "'correct'", "twice"]);
    desk.refuses_data("user_id,log_id,correct\na,1,1\n", &["line 1", "skill", "--skill-column"]);
    desk.refuses_data("log_id,sequence_id,correct\n1,s,1\n", &["student", "--student-column"]);
    desk.refuses_data(rows("a,1,s,1\nb,2,s,0\n"), &["no student with 3"]);
    desk.refuses_data(rows("a,1,s,0.5\n"), &["no usable answer in 1 rows"]);
    desk.refuses_data(rows(",1,s,1\n"), &["no usable answer"]);
    desk.refuses_data(b"\xff\xfeu\0s\0e\0r\0", &["UTF-16"]);
    desk.refuses_data([0u8, 1, 2, 3, 4], &["data.csv"]);
    let whole = gzip(rows(&"a,1,s,1\n".repeat(5000)).as_bytes());
    desk.refuses_data(&whole[..whole.len() / 2], &["gzip"]);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    // Where the damage lies decides whether gzip or the table shows it first.
    desk.refuses_data(&damaged, &["data.csv"]);
    desk.refuses(&["data", "check", "nowhere.csv"], &["nowhere.csv", "No such file"]);
    desk.refuses(&["data", "check", "."], &["folder"]);
    desk.file("data.csv", rows("a,1,s,1\na,2,s,1\na,3,s,1\n"));
    desk.refuses(&["data", "check", "data.csv", "--skill-column", "topic"], &["\"topic\"", "\"sequence_id\""]);
    desk.refuses(&["data", "check", "data.csv", "--skill-column", "user_id"], &["'user_id'", "twice"]);
    desk.refuses(&["train", "--data", "data.csv"], &["to train on"]);
}

#[test]
fn sequence_files() {
    let desk = Desk::new();
    let rows = |body: &str| format!("{SEQUENCES}{body}");
    desk.refuses_data(rows(""), &["no row"]);
    desk.refuses_data(
        rows("0,1,\"1,2,-1\",\"1,0\",\"1,1,-1\"\n"),
        &["line 2", "'responses'", "found 2 entries", "expected 3"],
    );
    desk.refuses_data(rows("0,1,\"1,2,-1\",\"1,0,-1\",\"1,1\"\n"), &["'selectmasks'", "found 2"]);
    desk.refuses_data(rows("0,1,\"1,-1,-1\",\"1,-1,-1\",\"1,-1,-1\"\n"), &["line 2", "holds 1 interaction"]);
    desk.refuses_data(rows("0,1,\"1,1000000000,3\",\"1,0,1\",\"1,1,1\"\n"), &["skill 1000000000", "expected an index"]);
    desk.refuses_data(rows("0,1,\"1,-7,3\",\"1,0,1\",\"1,1,1\"\n"), &["skill -7"]);
    desk.refuses_data(rows("0,1,\"1,2,3\",\"1,2,1\",\"1,1,1\"\n"), &["'responses'", "response 2"]);
    desk.refuses_data(rows("0,1,\"1,b,3\",\"1,0,1\",\"1,1,1\"\n"), &["'concepts'", "\"b\""]);
    desk.refuses_data(rows("0,1,\"1,2,3,-1,4\",\"1,0,1,-1,0\",\"1,1,1,-1,1\"\n"), &["padding"]);
    desk.refuses_data(rows("0,1,\"1,2,3\",\"1,0,1\",\"-1,-1,1\"\n"), &["sliding"]);
    desk.refuses_data(rows("one,1,\"1,2,3\",\"1,0,1\",\"1,1,1\"\n"), &["'fold'", "\"one\""]);
    desk.refuses_data("fold,concepts,responses\n0,\"1,2\",\"1,0\"\n", &["'uid'"]);
    desk.file("data.csv", rows("0,1,\"1,2,3\",\"1,0,1\",\"1,1,1\"\n1,1,\"1,2,3\",\"1,0,1\",\"1,1,1\"\n"));
    desk.refuses(&["train", "--data", "data.csv"], &["student 1", "fold 0", "fold 1"]);
    desk.file("data.csv", rows("0,1,\"1,2,3\",\"1,0,1\",\"1,1,1\"\n1,2,\"1,2,3\",\"1,0,1\",\"1,1,1\"\n"));
    desk.refuses(&["train", "--data", "data.csv", "--test-data", "data.csv"], &["test file", "fold 0"]);
    desk.refuses(&["data", "split", "data.csv"], &["already split"]);
}

#[test]
fn configs_and_flags() {
    let desk = Desk::new();
    let refuses = |json: &str, words: &[&str]| {
        desk.file("settings.json", json);
        desk.refuses(&["train", "--config", "settings.json"], words);
    };
    refuses("{", &["settings.json", "line 1"]);
    refuses(r#"{"trainig": {}}"#, &["unknown field `trainig`"]);
    refuses(r#"{"training": {"epochs": "three"}}"#, &["string \"three\"", "line 1"]);
    refuses(r#"{"training": {"epochs": 0}}"#, &["training.epochs is 0"]);
    refuses(r#"{"model_config": {"d_model": 10, "n_heads": 4}}"#, &["d_model is 10", "n_heads (4)"]);
    refuses(r#"{"model_config": {"dropout": 1.0}}"#, &["dropout is 1"]);
    refuses(r#"{"model_config": {"seq_len": 1}}"#, &["seq_len is 1"]);
    refuses(r#"{"training": {"optimizer": "SGD"}}"#, &["\"SGD\"", "\"Adam\""]);
    desk.refuses(&["train", "--config", "missing.json"], &["missing.json"]);
    desk.refuses(&["train", "--preset", "huge"], &["\"huge\"", "demo"]);
    desk.refuses(&["train", "--fold", "9"], &["data.fold is 9"]);
    desk.refuses(&["evaluate", "."], &["not an experiment folder"]);
    desk.refuses(&["train", "--resume", "."], &["not an experiment folder"]);
}

#[test]
fn checkpoints() {
    let desk = Desk::new();
    desk.file(
        "settings.json",
        r#"{"training": {"epochs": 1}, "data": {"simulated_students": 40}, "model_config": {"d_model": 8, "n_heads": 2, "num_encoder_blocks": 1, "d_ff": 8}}"#,
    );
    let trained = |out: &str, extra: &[&str]| {
        let status = Command::new(env!("CARGO_BIN_EXE_gainakt"))
            .args(["train", "--device", "cpu", "--config", "settings.json", "--out", out])
            .args(extra)
            .current_dir(desk.folder.path())
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        std::fs::read_dir(desk.folder.path().join(out)).unwrap().next().unwrap().unwrap().path()
    };
    let small = trained("small", &[]);
    desk.file("settings.json", r#"{"training": {"epochs": 1}, "data": {"simulated_students": 40}, "model_config": {"d_model": 12, "n_heads": 2, "num_encoder_blocks": 1, "d_ff": 8}}"#);
    let large = trained("large", &[]);
    let best = |dir: &Path| dir.join("model_best.safetensors");
    let dir = small.display().to_string();

    let whole = std::fs::read(best(&small)).unwrap();
    std::fs::copy(best(&large), best(&small)).unwrap();
    desk.refuses(&["evaluate", &dir], &["model_best.safetensors", "expected [", "another size"]);
    std::fs::write(best(&small), &whole[..whole.len() - 100]).unwrap();
    desk.refuses(&["evaluate", &dir], &["model_best.safetensors", "not a readable safetensors"]);
    std::fs::write(best(&small), b"hello").unwrap();
    desk.refuses(&["explain", &dir, "--student", "S001"], &["not a readable safetensors"]);
    std::fs::remove_file(best(&small)).unwrap();
    desk.refuses(&["evaluate", &dir], &["no epoch of this run is finished"]);
    std::fs::write(best(&small), &whole).unwrap();
    desk.refuses(&["explain", &dir, "--student", "nobody"], &["no student \"nobody\"", "S001"]);

    std::fs::remove_file(small.join("manifest.json")).unwrap();
    std::fs::copy(large.join("train_state.safetensors"), small.join("train_state.safetensors")).unwrap();
    desk.refuses(&["train", "--resume", &dir], &["train_state.safetensors", "another model"]);
    std::fs::copy(best(&small), small.join("train_state.safetensors")).unwrap();
    desk.refuses(&["train", "--resume", &dir], &["no training state"]);
}
