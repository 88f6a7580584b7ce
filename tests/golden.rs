//! Parity with the PyTorch reference: every case of the golden folder, on every device.
//!
//! `GAINAKT_GOLDEN` names another folder with files of the same form; `GAINAKT_DEVICE` picks one device.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_lite::future::block_on;
use gainakt::config::ModelKind;
use gainakt::data::{Answers, RaggedBatch};
use gainakt::evaluate::{accuracy, auc, stratified_sample};
use gainakt::model::evidence::EvidenceLosses;
use gainakt::model::{DropoutSites, LogPlace, Losses, Model, ModelConfig, TrainingStep, Weights};
use gainakt::objective::{
    Controller, ControllerSettings, EpochResult, EpochSettings, GainAktObjective, pearson, residual,
};
use gainakt::ops::{AdamStep, ItemStep, PreparedBatch};
use gainakt::platform::device::ComputeDevice;
use safetensors::SafeTensors;
use serde_json::Value;
use support::{absolute_error, devices_and_gpu_kernels};

const TOLERANCE: f32 = 1e-4;
const GRADIENT_TOLERANCE: f32 = 1e-3;

fn folder() -> PathBuf {
    std::env::var_os("GAINAKT_GOLDEN").map_or_else(|| PathBuf::from("tests/golden"), PathBuf::from)
}

/// The folders of both models' cases.
fn folders() -> Vec<PathBuf> {
    let own = (folder() == Path::new("tests/golden")).then(|| ["evidence", "items"].map(|name| folder().join(name)));
    std::iter::once(folder()).chain(own.into_iter().flatten()).collect()
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(name)).unwrap()).unwrap()
}

/// What a golden file holds, by name.
#[derive(Default)]
struct Tensors {
    floats: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ints: BTreeMap<String, Vec<i64>>,
}

/// One golden file.
struct Case {
    name: String,
    about: Value,
    floats: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ints: BTreeMap<String, Vec<i64>>,
    batch: RaggedBatch,
    /// For each ragged row, its place among the padded B×T steps.
    kept: Vec<usize>,
}

impl Case {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let about: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["case"]).unwrap();
        let mut tensors = Tensors::default();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
            let data = view.data();
            match view.dtype() {
                safetensors::Dtype::F32 => {
                    let values = data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
                    tensors.floats.insert(name.to_owned(), (view.shape().to_vec(), values));
                }
                safetensors::Dtype::I64 => {
                    let values = data.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect();
                    tensors.ints.insert(name.to_owned(), values);
                }
                other => panic!("{other:?}"),
            }
        }
        let steps = about["model"]["seq_len"].as_u64().unwrap() as usize - 1;
        let (batch, kept) = ragged(&tensors, steps);
        let Tensors { floats, ints } = tensors;
        Self { name: about["name"].as_str().unwrap().to_owned(), about, floats, ints, batch, kept }
    }

    fn group(&self, prefix: &str) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let of = |(name, value): (&String, &(Vec<usize>, Vec<f32>))| {
            Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))
        };
        self.floats.iter().filter_map(of).collect()
    }

    fn number(&self, group: &str, key: &str) -> f64 {
        self.about[group][key].as_f64().unwrap()
    }

    fn flag(&self, group: &str, key: &str) -> bool {
        self.about[group][key].as_bool().unwrap()
    }

    fn model(&self) -> ModelConfig {
        let mut sizes: ModelConfig = serde_json::from_value(self.about["model"].clone()).unwrap();
        if let Some(kind) = self.about.get("model_kind") {
            sizes.kind = serde_json::from_value(kind.clone()).unwrap();
        }
        if let Some(encoder) = self.about.get("encoder") {
            sizes.encoder = serde_json::from_value(encoder.clone()).unwrap();
        }
        sizes.num_items = self.about.get("num_items").map_or(0, |items| items.as_u64().unwrap() as usize);
        sizes
    }

    fn losses(&self) -> Losses {
        match self.model().kind {
            ModelKind::GainAkt2Exp => {
                let sizes = self.model();
                Losses::GainAkt(self.objective().losses(&self.batch, &self.epoch(), sizes.interpretable()))
            }
            ModelKind::Evidence => {
                let item_weight = match self.about["loss"].get("item_spread") {
                    Some(spread) => 1.0 / (spread.as_f64().unwrap().powi(2) * self.number("loss", "targets")),
                    None => 0.0,
                };
                let context_penalty = self.number("loss", "context_penalty") as f32;
                Losses::Evidence(EvidenceLosses { context_penalty, item_weight: item_weight as f32 })
            }
            other => panic!("no golden files of {}", other.title()),
        }
    }

    fn objective(&self) -> GainAktObjective {
        let weight = |key| self.number("loss", key);
        assert_eq!(weight("alignment_rows"), 32.0);
        GainAktObjective {
            non_negative: weight("non_negative"),
            monotonicity: weight("monotonicity"),
            mastery_performance: weight("mastery_performance"),
            gain_performance: weight("gain_performance"),
            alignment: self.flag("loss", "enable_alignment"),
            residual_window: self.flag("loss", "use_residual_alignment").then_some(weight("residual_window") as usize),
            variance_floor: weight("variance_floor"),
            lag_gain_weight: if self.flag("loss", "enable_lag") { weight("lag_gain_weight") } else { 0.0 },
            lag_weights: serde_json::from_value(self.about["loss"]["lag_weights"].clone()).unwrap(),
            retention_weight: if self.flag("loss", "enable_retention") { weight("retention_weight") } else { 0.0 },
            retention_delta: weight("retention_delta"),
        }
    }

    fn epoch(&self) -> EpochSettings {
        EpochSettings {
            performance_scale: self.number("epoch", "performance_scale"),
            alignment_weight: self.number("epoch", "alignment_weight"),
            adapt_to_batch: None,
            lag_active: self.flag("epoch", "lag_active"),
            retention_peak: self.about["epoch"]["retention_peak"].as_f64(),
            consistency_weight: self.number("loss", "consistency"),
            sparsity_weight: self.number("loss", "sparsity"),
        }
    }
}

/// Padded golden windows without their padding. Cases of whole answers have up to `most` skills an answer, of which those
/// with a share are its own, and items.
fn ragged(case: &Tensors, steps: usize) -> (RaggedBatch, Vec<usize>) {
    let (mut batch, mut kept) = (RaggedBatch::default(), Vec::new());
    let ints = &case.ints;
    let whole = ints.contains_key("in/skills");
    for (w, valid) in ints["in/valid"].chunks_exact(steps).enumerate() {
        let len = valid.iter().take_while(|&&v| v == 1).count();
        assert!(valid[len..].iter().all(|&v| v == 0));
        let mut answers = Answers::default();
        for t in 0..=len {
            // The last answer is only ever asked.
            let (name, at) = if t < len { ("in/", w * steps + t) } else { ("in/next_", w * steps + len - 1) };
            let response = if t < len { ints["in/r"][at] } else { ints["in/r_next"][at] } as u8;
            if whole {
                let most = ints["in/skills"].len() / ints["in/r"].len();
                let share = &case.floats[&format!("{name}share")].1[at * most..][..most];
                let skills = &ints[&format!("{name}skills")][at * most..][..most];
                let own: Vec<u32> = skills.iter().zip(share).filter(|s| *s.1 > 0.0).map(|s| *s.0 as u32).collect();
                answers.push(&own, ints[&format!("{name}item")][at] as u32, response);
            } else {
                let skill = if t < len { ints["in/q"][at] } else { ints["in/q_next"][at] };
                answers.push(&[skill as u32], 0, response);
            }
        }
        batch.push(&answers);
        kept.extend(w * steps..w * steps + len);
    }
    (batch, kept)
}

fn cases() -> Vec<Case> {
    let inside = |folder: &PathBuf| std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let mut paths: Vec<PathBuf> = folders().iter().flat_map(inside).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "safetensors"));
    paths.sort();
    assert!(!paths.is_empty(), "no golden file in {}", folder().display());
    paths.iter().map(|p| Case::read(p)).collect()
}

fn start(case: &Case, device: &ComputeDevice) -> Model {
    Model::from_weights(&case.model(), &case.group("param/"), &device.device).unwrap()
}

fn check_outputs(case: &Case, model: &mut Model, place: &str) {
    let output = block_on(model.forward(case.batch.clone())).unwrap();
    let (context, value) = block_on(model.encoded(case.batch.rows())).unwrap();
    let mut got = vec![("logits", &output.logits), ("context", &context), ("value", &value)];
    if let Some(heads) = &output.heads {
        got.extend([("gains", &heads.gains), ("mastery", &heads.mastery)]);
    }
    let expected = case.group("out/");
    // What the evidence model has between its outputs shows in them.
    let between = ["evidence", "context_logits"].iter().filter(|name| expected.contains_key(**name)).count();
    assert_eq!(got.len() + between, expected.len(), "{place}");
    for (name, values) in got {
        let width = values.len() / case.batch.rows();
        let wanted: Vec<f32> =
            case.kept.iter().flat_map(|&row| expected[name].1[row * width..][..width].to_vec()).collect();
        let error = absolute_error(values, &wanted);
        assert!(error < TOLERANCE, "{place}, {name}: off by {error}");
    }
}

/// Largest difference over a tensor's largest gradient: a gradient that is exactly 0 has no relative error.
fn gradient_error(got: &[f32], wanted: &[f32], largest_of_all: f32) -> f32 {
    let scale = wanted.iter().fold(0.0f32, |m, g| m.max(g.abs()));
    absolute_error(got, wanted) / scale.max(1e-4 * largest_of_all)
}

/// Elements of a parameter whose gradient and weight decay cancel but for rounding: Adam divides what is left by itself, so that
/// a different order of sums moves such a weight elsewhere.
fn undecided(case: &Case, name: &str) -> Vec<usize> {
    let Some((_, grads)) = case.floats.get(&format!("grad/{name}")) else { return Vec::new() };
    let clip = (case.number("optimizer", "clip_norm") / (case.number("values", "grad_norm") + 1e-6)).min(1.0);
    let decay = case.number("optimizer", "weight_decay");
    // A key's bias moves all scores of a query alike: its gradient is 0 but for rounding, and without decay nothing else is left.
    if decay == 0.0 && grads.iter().all(|g| g.abs() < 1e-10) {
        return (0..grads.len()).collect();
    }
    let left = |(g, p): (&f32, &f32)| (clip * f64::from(*g) + decay * f64::from(*p)).abs();
    let found = grads.iter().zip(&case.floats[&format!("param/{name}")].1).map(left).enumerate();
    let found: Vec<usize> = found.filter(|&(_, left)| left > 0.0 && left < 1e-7).map(|(i, _)| i).collect();
    assert!(found.len() <= 1 + grads.len() / 25, "{name}: {} of {} gradients cancel", found.len(), grads.len());
    found
}

fn check_case(case: &Case, device: &ComputeDevice) {
    let place = format!("{} on {}", case.name, device.label);
    let mut model = start(case, device);
    let (sizes, losses) = (case.model(), case.losses());
    let batch = PreparedBatch::training(case.batch.clone(), sizes.num_c, sizes.seq_len, sizes.num_items);
    check_outputs(case, &mut model, &place);
    let evaluation = DropoutSites::evaluation;
    let (gradients, terms) = block_on(model.gradients(batch.clone(), losses.clone(), evaluation())).unwrap();
    for (name, value) in sizes.term_names().iter().zip(&terms) {
        let wanted = case.about["values"].get(*name).map_or(0.0, |v| v.as_f64().unwrap());
        assert!(
            (f64::from(*value) - wanted).abs() < f64::from(TOLERANCE),
            "{place}, {name}: {value}, expected {wanted}"
        );
    }
    check_gradients(case, &gradients, &place);
    for step in 1..=5 {
        let adam = AdamStep {
            lr: case.number("optimizer", "lr") as f32,
            weight_decay: case.number("optimizer", "weight_decay") as f32,
            clip: case.number("optimizer", "clip_norm") as f32,
            step,
            count: model.layout().active(),
            items: model.layout().items().map(|from| ItemStep { from, rate: 1.0 }),
        };
        let training = TrainingStep { batch: batch.clone(), losses: losses.clone(), dropout: evaluation(), adam };
        model.step(training, LogPlace { step: 0, steps: 1, row: 0, rows: case.batch.rows() }).unwrap();
        if step == 1 {
            let (norm, wanted) = (block_on(model.gradient_norm()).unwrap(), case.number("values", "grad_norm") as f32);
            assert!(
                (norm - wanted).abs() < GRADIENT_TOLERANCE * wanted,
                "{place}: gradient norm {norm}, expected {wanted}"
            );
        }
        if step == 1 || step == 5 {
            let weights = block_on(model.read_weights()).unwrap();
            for (name, (_, wanted)) in case.group(&format!("step{step}/")) {
                let mut values = weights[&name].1.clone();
                for i in undecided(case, &name) {
                    values[i] = wanted[i];
                }
                let error = absolute_error(&values, &wanted);
                assert!(error < TOLERANCE, "{place}, {name} after {step} steps: off by {error}");
            }
        }
    }
}

fn check_gradients(case: &Case, got: &Weights, place: &str) {
    let wanted = case.group("grad/");
    let largest = wanted.values().flat_map(|(_, g)| g).fold(0.0f32, |m, g| m.max(g.abs()));
    for (name, (_, values)) in got {
        let Some((_, wanted)) = wanted.get(name) else {
            assert!(values.iter().all(|&g| g == 0.0), "{place}: {name} has a gradient, PyTorch has none");
            continue;
        };
        let error = gradient_error(values, wanted, largest);
        assert!(error < GRADIENT_TOLERANCE, "{place}, gradient of {name}: off by {error}");
    }
    assert!(wanted.keys().all(|name| got.contains_key(name)), "{place}: a parameter is missing");
}

#[test]
fn outputs_losses_gradients_and_adam_steps() {
    for device in devices_and_gpu_kernels() {
        for case in cases() {
            check_case(&case, &device);
        }
    }
}

#[test]
fn padded_cases_mix_short_and_full_windows() {
    for case in cases().iter().filter(|c| c.name == "padded") {
        let lengths: Vec<usize> = (0..case.batch.windows()).map(|w| case.batch.range(w).len()).collect();
        let full = case.about["model"]["seq_len"].as_u64().unwrap() as usize - 1;
        assert!(lengths.contains(&2) && lengths.contains(&full), "{lengths:?}");
        assert!(case.ints["in/valid"].contains(&0));
    }
}

#[test]
fn schedule() {
    for trace in json("schedule.json").as_array().unwrap() {
        let mut settings = serde_json::to_value(ControllerSettings::default()).unwrap();
        for (key, value) in trace["settings"].as_object().unwrap() {
            assert!(settings.get(key).is_some(), "unknown setting {key}");
            settings[key] = value.clone();
        }
        let mut controller = Controller::new(serde_json::from_value(settings).unwrap());
        for row in trace["epochs"].as_array().unwrap() {
            let epoch = row["epoch"].as_u64().unwrap() as usize;
            let got = serde_json::to_value(controller.begin(epoch, trace["batch_corr"].as_f64())).unwrap();
            for (key, wanted) in row["begin"].as_object().unwrap() {
                match (wanted.as_f64(), got[key].as_f64()) {
                    (Some(wanted), Some(got)) => {
                        assert!((wanted - got).abs() < 1e-9, "epoch {epoch}, {key}: {got}, expected {wanted}");
                    }
                    _ => assert_eq!(&got[key], wanted, "epoch {epoch}, {key}"),
                }
            }
            let end = |key: &str| row["end"][key].as_f64().unwrap();
            controller.end(
                epoch,
                EpochResult {
                    global_corr: Some(end("global_corr")),
                    alignment_share: end("alignment_share"),
                    mean_variance: end("mean_variance"),
                },
            );
        }
    }
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(got: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((got - wanted).abs() < 1e-9, "{what}: {got}, expected {wanted}");
    }
}

#[test]
fn functions() {
    let all = json("functions.json");
    let list = |name: &str| all[name].as_array().unwrap().clone();
    for case in list("residual") {
        let window = case["window"].as_u64().unwrap() as usize;
        close(&residual(&floats(&case["input"]), window), &floats(&case["output"]), "residual");
    }
    for case in list("pearson") {
        let value = pearson(&floats(&case["x"]), &floats(&case["y"]));
        close(&[value], &[case["value"].as_f64().unwrap()], "pearson");
    }
    for case in list("auc") {
        let scores = floats(&case["score"]);
        let targets: Vec<bool> = floats(&case["target"]).iter().map(|&t| t == 1.0).collect();
        close(&[auc(&scores, &targets).unwrap()], &[case["auc"].as_f64().unwrap()], "auc");
        close(&[accuracy(&scores, &targets).unwrap()], &[case["acc"].as_f64().unwrap()], "accuracy");
    }
    for case in list("deciles") {
        let lengths: Vec<usize> = floats(&case["lengths"]).iter().map(|&l| l as usize).collect();
        let chosen = stratified_sample(&lengths, case["students"].as_u64().unwrap() as usize);
        let wanted: Vec<usize> = floats(&case["chosen"]).iter().map(|&i| i as usize).collect();
        assert_eq!(chosen, wanted);
    }
    for case in list("cumulative_mastery") {
        let rows = |key: &str| case[key].as_array().unwrap().iter().map(floats).collect::<Vec<_>>();
        let got = gainakt::evaluate::cumulative_mastery(&floats(&case["initial"]), &rows("gains"));
        for (got, wanted) in got.iter().zip(rows("mastery")) {
            close(got, &wanted, "cumulative mastery");
        }
    }
}
