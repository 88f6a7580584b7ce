//! Items and whole answers from the simulated class to the record of a run: what was put in is found again, nothing leaks, and
//! runs go on and repeat to the byte.

#[path = "support/program.rs"]
mod program;
mod support;

use std::path::Path;
use std::sync::Arc;

use futures_lite::future::block_on;
use gainakt::config::{Config, EncoderKind, ModelKind};
use gainakt::data::{Answers, Corpus, RaggedBatch, RowKind, Window, simulate_with_items};
use gainakt::evaluate::{item_report, item_summary, trace_answers};
use gainakt::model::{Model, ModelConfig};
use gainakt::platform::device::Device;
use gainakt::train::{CheckpointKind, Message, Results, Resume, TrainInput, TrainState, decode_weights};
use program::{gainakt, only, said};
use support::{Outcome, devices, devices_and_gpu_kernels, flip_from, train, train_on};

/// A small evidence model's settings on a class with items, some of which ask two skills.
fn config(students: usize, items: usize, epochs: usize) -> Config {
    let mut config = Config::preset("evidence").unwrap();
    (config.data.simulated_students, config.data.simulated_items) = (students, items);
    config.training.epochs = epochs;
    (config.model_config.d_model, config.model_config.d_ff) = (16, 16);
    config.model_config.num_encoder_blocks = 1;
    config
}

/// The same with each encoder.
fn with_each_encoder(config: &Config) -> [Config; 2] {
    [EncoderKind::Attention, EncoderKind::Lstm].map(|encoder| {
        let mut config = config.clone();
        config.evidence.encoder = encoder;
        config
    })
}

fn corpus(config: &Config) -> Corpus {
    let (dataset, truth) =
        simulate_with_items(config.data.simulated_students, config.data.simulated_items, config.seeds.seed);
    Corpus::simulated(&dataset, truth, config.model_config.seq_len, config.row_kind())
}

/// A model whose items differ, so that a leak through them would show.
fn model(config: &Config, corpus: &Corpus, device: &Device) -> Model {
    let shape = ModelConfig::new(config, corpus.skills.len(), corpus.items.len());
    assert_eq!((config.row_kind(), shape.num_items), (RowKind::Answer, corpus.items.len() + 1));
    let mut model = Model::new(&shape, 5, device).unwrap();
    let mut weights = block_on(model.read_weights()).unwrap();
    for name in ["item_difficulty", "item_shift"] {
        let (_, values) = weights.get_mut(name).unwrap();
        assert!(values.iter().all(|&v| v == 0.0), "items begin alike");
        values.iter_mut().enumerate().skip(1).for_each(|(i, v)| *v = (i as f32 * 0.7).sin());
    }
    model.write_weights(&weights).unwrap();
    model
}

fn predictions(model: &mut Model, windows: &[Window]) -> Vec<Vec<f32>> {
    let output = block_on(model.forward(RaggedBatch::new(windows))).unwrap();
    let heads = output.heads.unwrap();
    vec![output.logits, heads.mastery, heads.gains]
}

/// An answer's row never knows its own outcome, and neither its item nor its skills reach what was before them.
#[test]
fn an_answer_with_its_skills_and_item_changes_nothing_before_it() {
    let config = config(12, 4, 1);
    let corpus = corpus(&config);
    let windows: Vec<Window> = corpus.windows.iter().filter(|w| w.len() > 8).take(3).cloned().collect();
    let offsets = RaggedBatch::new(&windows).offsets;
    assert!(windows.iter().any(|w| w.answers.has_several_skills()), "no answer asks two skills");
    let configs = with_each_encoder(&config);
    for (compute, config) in
        devices_and_gpu_kernels().iter().flat_map(|c| configs.iter().map(move |config| (c, config)))
    {
        let mut model = model(config, &corpus, &compute.device);
        let before = predictions(&mut model, &windows);
        for t in 1..8 {
            let mut responses = windows.clone();
            flip_from(&mut responses[1], t);
            // Another item of other skills, from answer t on.
            let mut asked = windows.clone();
            asked[1].answers = Answers::default();
            for (i, a) in windows[1].answers.iter().enumerate() {
                let item = if i < t { a.item } else { 1 + a.item % corpus.items.len() as u32 };
                let skills: Vec<u32> = if i < t { a.skills.to_vec() } else { vec![(a.skills[0] + 1) % 12, 3, 5] };
                asked[1].answers.push(&skills, item, a.response);
            }
            // Row i predicts answer i + 1 from answers 0 to i, and knows which item that answer is to.
            for (changed, same, what) in [(&responses, t, "outcome"), (&asked, t - 1, "item and skills")] {
                let after = predictions(&mut model, changed);
                let (first, last) = (offsets[1] as usize + same, offsets[2] as usize);
                for (before, after) in before.iter().zip(&after) {
                    let width = before.len() / offsets[3] as usize;
                    assert_eq!(
                        before[..first * width],
                        after[..first * width],
                        "{what} of answer {t}, {}",
                        compute.label
                    );
                    assert_eq!(
                        before[last * width..],
                        after[last * width..],
                        "{what} of answer {t}, {}",
                        compute.label
                    );
                }
                assert_ne!(before[0][first..last], after[0][first..last], "the {what} of answer {t} move nothing");
            }
        }
    }
}

/// Prior, what each answer left, and context, less the item's difficulty, add up to the prediction.
#[test]
fn the_parts_of_a_prediction_add_up_with_items_and_several_skills() {
    let config = config(12, 4, 1);
    let corpus = corpus(&config);
    let window = corpus.windows.iter().max_by_key(|w| w.len()).unwrap();
    let configs = with_each_encoder(&config);
    for (compute, config) in
        devices_and_gpu_kernels().iter().flat_map(|c| configs.iter().map(move |config| (c, config)))
    {
        let mut model = model(config, &corpus, &compute.device);
        let steps = block_on(trace_answers(&mut model, &window.answers)).unwrap();
        for t in [1, 2, window.len() / 2, window.len() - 1] {
            let before = window.answers.slice(0..t);
            let inside = block_on(gainakt::evaluate::inspect(&mut model, &before)).unwrap().evidence.unwrap();
            let next = window.answers.get(t);
            let mean = next.skills.iter().map(|&k| inside.logit(k as usize)).sum::<f32>() / next.skills.len() as f32;
            let chance = 1.0 / (1.0 + (-(mean - steps[t].difficulty.unwrap())).exp());
            let told = steps[t].prediction.unwrap();
            assert!((chance - told).abs() < 2e-6, "{} answer {t}: {chance}, told {told}", compute.label);
        }
    }
}

/// What items are made of is found again, and the report says how well.
#[test]
fn difficulties_are_recovered() {
    let config = config(1500, 6, 8);
    let corpus = Arc::new(corpus(&config));
    let outcome = train(config.clone(), corpus.clone());
    let best = checkpoints(&outcome, CheckpointKind::Best).pop().unwrap().1;
    let (shape, weights) = decode_weights("best", &best).unwrap();
    let mut model = Model::from_weights(&shape.unwrap(), &weights, &Device::Cpu).unwrap();
    let go_on = async |_, _| std::ops::ControlFlow::Continue(());
    let report = block_on(item_report(&mut model, &corpus, &config, go_on)).unwrap().unwrap();
    let summary = item_summary(&report).unwrap();
    let correlation = summary.difficulty_correlation.unwrap();
    assert!(correlation > 0.9, "learned and true difficulties correlate at {correlation}");
    assert!(summary.judged > 60 && summary.misfits < 8, "{summary:?}");
    assert!(report.iter().all(|r| r.standard_error.unwrap() < 1.0 && r.answers > 0));
    let names = |results: &Results| results.baselines.iter().map(|b| b.name.clone()).collect::<Vec<_>>();
    let results = outcome.results.unwrap();
    assert!(names(&results).contains(&"Elo".to_owned()) && names(&results).contains(&"item mean".to_owned()));
    let test = results.test.unwrap();
    let of = |name: &str| results.baselines.iter().find(|b| b.name == name).unwrap().auc.unwrap();
    assert!(test.auc.unwrap() > of("Elo") && of("Elo") > of("skill mean"), "{test:?}");
    assert!(test.answers == test.steps && test.answer_auc == test.auc, "every row is a whole answer");
}

fn content(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

/// A run with items leaves a folder that passes its checks and repeats to the byte; its items are listed and its students
/// explained.
#[test]
fn runs_with_items_are_whole_and_repeat() {
    let desk = tempfile::tempdir().unwrap();
    let settings = |epochs: usize| {
        let mut config = config(60, 3, epochs);
        config.interpretability.max_semantic_students = 3;
        let text = serde_json::to_string(&config).unwrap();
        std::fs::write(desk.path().join(format!("{epochs}.json")), text).unwrap();
    };
    settings(3);
    let run = |out: &str, args: &[&str]| {
        let args = [&["train", "--device", "cpu", "--out", out], args].concat();
        let output = gainakt(&args, desk.path());
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let text = run("whole", &["--config", "3.json"]);
    assert!(text.contains("36 items") && text.contains("item mean") && text.contains("Elo"), "{text}");
    let whole = only(&desk.path().join("whole"));
    let name = whole.to_str().unwrap();
    let does = |args: &[&str]| {
        let output = gainakt(args, desk.path());
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    };
    assert!(does(&["check", name]).contains("12 skills, 36 items"));
    does(&["reproduce", name, "--device", "cpu"]);
    let listed =
        does(&["evaluate", name, "--device", "cpu", "--items", "--items-csv", "items.csv", "--protocol", "window"]);
    assert!(listed.contains("36 items") && listed.contains("sliding"), "{listed}");
    let csv = std::fs::read_to_string(desk.path().join("items.csv")).unwrap();
    assert_eq!(csv.as_bytes(), content(&whole, "artifacts/items.csv"), "the record's items are others");
    assert_eq!(csv.lines().count(), 37, "{csv}");
    let explained = does(&["explain", name, "--student", "S001", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(explained.as_bytes());
    assert!(reader.headers().unwrap().iter().any(|h| h == "item_id"), "{explained}");
    // Once more: the same bytes.
    let again = run("same", &["--config", "3.json"]);
    assert!(again.contains("36 items"));
    let same = only(&desk.path().join("same"));
    for file in ["metrics_epoch.csv", "model_best.safetensors", "model_last.safetensors"] {
        assert!(content(&whole, file) == content(&same, file), "{file} differs between two runs");
    }
    // Of data without items nothing can be listed, and the program says why.
    let plain =
        gainakt(&["train", "--device", "cpu", "--out", "plain", "--preset", "evidence", "--epochs", "1"], desk.path());
    assert!(plain.status.success(), "{}", said(&plain));
    let plain = only(&desk.path().join("plain"));
    let refused = gainakt(&["evaluate", plain.to_str().unwrap(), "--device", "cpu", "--items"], desk.path());
    assert!(refused.status.code() == Some(2) && said(&refused).contains("name no items"), "{}", said(&refused));
}

/// What a run keeps after each epoch, of one kind.
fn checkpoints(outcome: &Outcome, wanted: CheckpointKind) -> Vec<(usize, Arc<Vec<u8>>)> {
    let of = |m: &Message| match m {
        Message::Checkpoint { kind, epoch, bytes } if *kind == wanted => Some((*epoch, bytes.clone())),
        _ => None,
    };
    outcome.messages.iter().filter_map(of).collect()
}

/// A run that goes on after an epoch ends with the bytes of one that was never interrupted, on every device.
#[test]
fn runs_with_items_go_on_to_the_byte() {
    let config = config(60, 3, 3);
    let corpus = Arc::new(corpus(&config));
    let configs = with_each_encoder(&config);
    for (compute, config) in devices().iter().flat_map(|c| configs.iter().map(move |config| (c, config))) {
        let request = |resume| TrainInput { config: config.clone(), corpus: corpus.clone(), resume };
        let whole = train_on(compute, request(None), |_, _| {});
        let after = |kind| checkpoints(&whole, kind).into_iter().rfind(|(epoch, _)| *epoch <= 1).unwrap().1;
        let shape = ModelConfig::new(config, corpus.skills.len(), corpus.items.len());
        let state = TrainState::decode("state", &after(CheckpointKind::State), &shape).unwrap();
        let best = after(CheckpointKind::Best).to_vec();
        let resumed = train_on(compute, request(Some(Resume { state, best })), |_, _| {});
        let last = |outcome: &Outcome| checkpoints(outcome, CheckpointKind::Last).pop().unwrap();
        assert!(last(&whole) == last(&resumed), "{}: the weights differ", compute.label);
        assert_eq!(whole.results.unwrap(), resumed.results.unwrap(), "{}", compute.label);
    }
}

/// On data without items, with one skill an answer, items and whole answers change nothing: the same bytes with and without.
#[test]
fn without_items_nothing_changes() {
    let weights = |items: bool| {
        let mut config = config(60, 0, 2);
        (config.data.items, config.data.whole_answers) = (items, items);
        assert_eq!(config.model.kind, ModelKind::Evidence);
        let outcome = train(config.clone(), Arc::new(corpus(&config)));
        let last = checkpoints(&outcome, CheckpointKind::Last).pop().unwrap();
        (last, outcome.results.unwrap())
    };
    assert_eq!(weights(true), weights(false));
}
