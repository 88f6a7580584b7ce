//! The models on burn's tensors: no later answer reaches a prediction, a question about the next skill has the answer of the
//! prediction, both devices agree, gradients are those of the loss, and a run repeats and goes on to the byte.
#![cfg(feature = "burn")]

mod support;

use futures_lite::future::block_on;
use gainakt::config::{Config, ModelKind};
use gainakt::data::{Answers, Corpus, RaggedBatch, RowKind, Window, simulate};
use gainakt::model::{DropoutSites, LogPlace, Losses, Model, ModelConfig, Question, TrainingStep, Weights};
use gainakt::ops::{AdamStep, PreparedBatch};
use gainakt::platform::device::{Device, DeviceChoice, choose};
use support::{absolute_error, adapter, devices, flip_from};

fn kinds() -> impl Iterator<Item = ModelKind> {
    ModelKind::all_available().filter(|kind| !kind.on_kernels())
}

fn sizes(kind: ModelKind, skills: usize) -> ModelConfig {
    let mut config = Config::default();
    config.model.kind = kind;
    let m = &mut config.model_config;
    (m.d_model, m.n_heads, m.d_ff, m.dropout) = (16, 2, 24, 0.2);
    m.num_encoder_blocks = if kind == ModelKind::Sakt { 1 } else { 2 };
    ModelConfig::new(&config, skills, 0)
}

/// Windows of 2 to 40 answers, some of one length.
fn class() -> (Vec<Window>, usize) {
    let (dataset, _) = simulate(12, 3);
    let corpus = Corpus::from_dataset(&dataset, 40, RowKind::Skill);
    let mut windows = corpus.windows.clone();
    for (window, length) in windows.iter_mut().zip([2, 3, 40, 17, 17, 9]) {
        let length = length.min(window.len());
        window.answers = window.answers.slice(0..length);
    }
    windows.truncate(8);
    (windows, corpus.skills.len())
}

fn model(kind: ModelKind, skills: usize, device: &Device) -> Model {
    Model::new(&sizes(kind, skills), 5, device).unwrap()
}

/// Items of the models that know items, the unknown one among them.
const ITEMS: usize = 9;

/// A model that knows items, none of which is like another, and windows that name some.
fn with_items(kind: ModelKind, device: &Device) -> (Model, Vec<Window>) {
    let (mut windows, skills) = class();
    for (w, window) in windows.iter_mut().enumerate() {
        let mut answers = Answers::default();
        for (t, a) in window.answers.iter().enumerate() {
            answers.push(a.skills, ((w + t * t) % ITEMS) as u32, a.response);
        }
        window.answers = answers;
    }
    let mut model = Model::new(&ModelConfig { num_items: ITEMS, ..sizes(kind, skills) }, 5, device).unwrap();
    let mut weights = block_on(model.read_weights()).unwrap();
    let (_, difficulty) = weights.get_mut("rasch.difficulty.weight").unwrap();
    assert!(difficulty.iter().all(|&mu| mu == 0.0), "items begin alike");
    difficulty.iter_mut().enumerate().for_each(|(i, mu)| *mu = (i as f32 * 0.7).sin());
    model.write_weights(&weights).unwrap();
    (model, windows)
}

/// AKT and simpleKT with their Rasch parts: the item asked moves the prediction, that of the last answer moves later ones only,
/// a question about an item is the prediction, and gradients are those of the loss.
#[test]
fn items_are_told_apart_and_do_not_leak() {
    for (compute, kind) in devices().iter().flat_map(|c| [ModelKind::Akt, ModelKind::SimpleKt].map(|kind| (c, kind))) {
        let what = format!("{} on the {}", kind.title(), compute.kind);
        let (mut model, windows) = with_items(kind, &compute.device);
        let before = logits(&mut model, &windows);
        let batch = RaggedBatch::new(&windows);
        let longest = (0..windows.len()).max_by_key(|&w| windows[w].len()).unwrap();
        let (first, end, changed) = (batch.range(longest).start, batch.range(longest).end, 5);
        assert!(end - first > changed + 2, "no window is long enough");
        let mut other = windows.clone();
        other[longest].answers = Answers::default();
        for (t, a) in windows[longest].answers.iter().enumerate() {
            let item = if t == changed { (a.item + 3) % ITEMS as u32 } else { a.item };
            other[longest].answers.push(a.skills, item, a.response);
        }
        let after = logits(&mut model, &other);
        let asked = first + changed - 1;
        assert_eq!(before[..asked], after[..asked], "{what}: an item moves what was before it");
        assert!(before[asked] != after[asked], "{what}: the item asked moves nothing");
        assert!(before[asked + 1..end] != after[asked + 1..end], "{what}: nor later");

        logits(&mut model, &windows);
        let next = &batch.items.as_ref().unwrap().next;
        let question = |row: usize| Question { row, skill: batch.next_skill[row], item: next[row] };
        let questions: Vec<Question> = (0..batch.rows()).rev().map(question).collect();
        let mut chances = block_on(model.ask(&questions)).unwrap();
        chances.reverse();
        let told: Vec<f32> = before.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
        let error = absolute_error(&chances, &told);
        assert!(error < 2e-6, "{what}: a question is {error} from the prediction");
        // The unknown item is an average one, whatever stands in its place.
        let (gradients, _) = gradients(&mut model, &windows, DropoutSites::evaluation());
        let difficulty = &gradients["rasch.difficulty.weight"].1;
        assert!(difficulty[0] == 0.0 && difficulty[1..].iter().all(|&g| g != 0.0), "{what}: {difficulty:?}");
    }
}

fn logits(model: &mut Model, windows: &[Window]) -> Vec<f32> {
    block_on(model.forward(RaggedBatch::new(windows))).unwrap().logits
}

#[test]
fn no_later_answer_reaches_a_prediction() {
    let (windows, skills) = class();
    let offsets = RaggedBatch::new(&windows).offsets;
    for (compute, kind) in devices().iter().flat_map(|c| kinds().map(move |kind| (c, kind))) {
        let mut model = model(kind, skills, &compute.device);
        let before = logits(&mut model, &windows);
        // On the CPU every answer; a software adapter is slow.
        let stride = if compute.kind == "cpu" { 1 } else { 13 };
        for w in 0..windows.len() {
            for t in (1..windows[w].len()).step_by(stride) {
                let mut changed = windows.clone();
                flip_from(&mut changed[w], t);
                let after = logits(&mut model, &changed);
                let (first, end) = (offsets[w] as usize + t, offsets[w + 1] as usize);
                let what = format!("{} on the {}, window {w}, answer {t}", kind.title(), compute.kind);
                assert_eq!(before[..first], after[..first], "{what}");
                assert_eq!(before[end..], after[end..], "{what}");
                assert!(first == end || before[first..end] != after[first..end], "{what}: it moves nothing after it");
            }
        }
    }
}

#[test]
fn the_chance_of_the_next_skill_is_the_prediction() {
    let (windows, skills) = class();
    for (compute, kind) in devices().iter().flat_map(|c| kinds().map(move |kind| (c, kind))) {
        let mut model = model(kind, skills, &compute.device);
        let batch = RaggedBatch::new(&windows);
        let logits = logits(&mut model, &windows);
        // All rows, the last first: several in each window, in no order.
        let rows: Vec<usize> = (0..batch.rows()).rev().collect();
        let chances = block_on(model.chances(&rows)).unwrap();
        assert_eq!(chances.len(), rows.len() * skills, "{} cannot be asked", kind.title());
        let asked: Vec<f32> =
            rows.iter().enumerate().map(|(i, &row)| chances[i * skills + batch.next_skill[row] as usize]).collect();
        let told: Vec<f32> = rows.iter().map(|&row| 1.0 / (1.0 + (-logits[row]).exp())).collect();
        let error = absolute_error(&asked, &told);
        assert!(error < 2e-6, "{} on the {}: {error}", kind.title(), compute.kind);
    }
}

fn batch_of(windows: &[Window], shape: &ModelConfig) -> PreparedBatch {
    PreparedBatch::training(RaggedBatch::new(windows), shape.num_c, shape.seq_len, shape.num_items)
}

fn gradients(model: &mut Model, windows: &[Window], dropout: DropoutSites) -> (Weights, Vec<f32>) {
    let batch = batch_of(windows, &model.config().clone());
    block_on(model.gradients(batch, Losses::CrossEntropy, dropout)).unwrap()
}

#[test]
fn gradients_are_those_of_the_loss() {
    let (windows, skills) = class();
    let cpu = block_on(choose(DeviceChoice::Cpu)).unwrap().device;
    let plain = kinds().map(|kind| (kind, model(kind, skills, &cpu), windows.clone()));
    let items = [ModelKind::Akt, ModelKind::SimpleKt].map(|kind| {
        let (model, windows) = with_items(kind, &cpu);
        (kind, model, windows)
    });
    for (kind, mut model, windows) in plain.into_iter().chain(items) {
        let start = block_on(model.read_weights()).unwrap();
        let (grads, _) = gradients(&mut model, &windows, DropoutSites::evaluation());
        // A step along the gradient of one parameter changes the loss by step · |gradient|² (central difference).
        let mut loss = |name: &str, step: f32| {
            let mut moved = start.clone();
            let (_, values) = moved.get_mut(name).unwrap();
            values.iter_mut().zip(&grads[name].1).for_each(|(v, g)| *v += step * g);
            model.write_weights(&moved).unwrap();
            f64::from(gradients(&mut model, &windows, DropoutSites::evaluation()).1[0])
        };
        for (name, (_, grad)) in &grads {
            let square: f64 = grad.iter().map(|&g| f64::from(g).powi(2)).sum();
            if square < 1e-6 {
                continue;
            }
            let step = (0.004 / square.sqrt()) as f32;
            let told = (loss(name, step) - loss(name, -step)) / (2.0 * f64::from(step));
            let error = (told - square).abs() / square;
            // AKT does not differentiate its distances, on which the loss depends a little.
            let bound = if kind == ModelKind::Akt { 0.15 } else { 0.05 };
            assert!(error < bound, "{} {name}: {told} against {square}", kind.title());
        }
    }
}

#[test]
fn both_devices_agree_and_repeat() {
    let Some(gpu) = adapter() else { return };
    let cpu = block_on(choose(DeviceChoice::Cpu)).unwrap();
    let (windows, skills) = class();
    for kind in kinds() {
        let dropout = || DropoutSites::training(0.2, 7, 1);
        let on = |device: &Device| {
            let mut model = model(kind, skills, device);
            let logits = logits(&mut model, &windows);
            (logits, gradients(&mut model, &windows, dropout()))
        };
        let ((logits_cpu, (grads_cpu, _)), (logits_gpu, (grads_gpu, _))) = (on(&cpu.device), on(&gpu.device));
        assert!(absolute_error(&logits_cpu, &logits_gpu) < 2e-5, "{}", kind.title());
        for (name, (_, grad)) in &grads_cpu {
            let error = absolute_error(grad, &grads_gpu[name].1);
            assert!(error < 2e-5, "{} {name}: {error}", kind.title());
        }
        let (again, (grads_again, _)) = on(&gpu.device);
        assert!(again == logits_gpu && grads_again == grads_gpu, "{} does not repeat", kind.title());
    }
}

#[test]
fn steps_repeat_and_go_on_to_the_byte() {
    let (windows, skills) = class();
    let cpu = block_on(choose(DeviceChoice::Cpu)).unwrap().device;
    for kind in kinds() {
        let step = |model: &mut Model, at: u32| {
            let shape = model.config().clone();
            let adam = AdamStep {
                lr: 1e-2,
                weight_decay: 1e-4,
                clip: 1.0,
                step: at,
                count: model.layout().active(),
                items: None,
            };
            let training = TrainingStep {
                batch: batch_of(&windows, &shape),
                losses: Losses::CrossEntropy,
                dropout: DropoutSites::training(shape.dropout, 9, u64::from(at)),
                adam,
            };
            model.step(training, LogPlace { steps: 1, ..LogPlace::default() }).unwrap();
            block_on(model.logged_terms(1)).unwrap()[0]
        };
        let mut whole = model(kind, skills, &cpu);
        let losses: Vec<f32> = (1..=6).map(|at| step(&mut whole, at)).collect();
        assert!(losses[5] < losses[0], "{} learns nothing: {losses:?}", kind.title());
        let mut first = model(kind, skills, &cpu);
        (1..=3).for_each(|at| {
            step(&mut first, at);
        });
        let (weights, moments) = (block_on(first.read_weights()).unwrap(), block_on(first.read_moments()).unwrap());
        let mut second = Model::from_weights(&sizes(kind, skills), &weights, &cpu).unwrap();
        second.write_moments(&moments).unwrap();
        (4..=6).for_each(|at| {
            step(&mut second, at);
        });
        assert_eq!(
            block_on(whole.read_weights()).unwrap(),
            block_on(second.read_weights()).unwrap(),
            "{}",
            kind.title()
        );
    }
}
