//! No information from later answers reaches a prediction, and nothing is learned where there is nothing to learn.

mod support;

use std::sync::Arc;

use futures_lite::future::block_on;
use gainakt::config::{Config, ModelKind};
use gainakt::data::{Corpus, RaggedBatch, RowKind, Window, simulate};
use gainakt::model::{Model, ModelConfig};
use rand::{SeedableRng as _, seq::SliceRandom as _};
use support::{devices_and_gpu_kernels, flip_from, train};

fn predictions(model: &mut Model, windows: &[Window]) -> Vec<Vec<f32>> {
    let output = block_on(model.forward(RaggedBatch::new(windows))).unwrap();
    let heads = output.heads.unwrap();
    vec![output.logits, heads.mastery, heads.gains]
}

#[test]
fn changing_answers_from_t_on_changes_nothing_before() {
    let (dataset, _) = simulate(8, 3);
    let config = Config::preset("demo").unwrap();
    let corpus = Corpus::from_dataset(&dataset, config.model_config.seq_len, RowKind::Skill);
    let skills = corpus.skills.len();
    for (compute, kind) in devices_and_gpu_kernels().iter().flat_map(|c| ModelKind::EMBEDDED.map(|kind| (c, kind))) {
        let shape = ModelConfig { kind, ..ModelConfig::new(&config, skills, 0) };
        let mut model = Model::new(&shape, 5, &compute.device).unwrap();
        let windows = corpus.windows[..4].to_vec();
        let before = predictions(&mut model, &windows);
        let offsets = RaggedBatch::new(&windows).offsets;
        for w in 0..windows.len() {
            for t in 1..windows[w].len() {
                let mut changed = windows.clone();
                flip_from(&mut changed[w], t);
                let after = predictions(&mut model, &changed);
                // Row i predicts answer i+1 from answers 0..=i: rows before t may not move, nor other windows.
                let (first, last) = (offsets[w] as usize + t, offsets[w + 1] as usize);
                for (before, after) in before.iter().zip(&after) {
                    let width = before.len() / offsets[windows.len()] as usize;
                    assert_eq!(
                        before[..first * width],
                        after[..first * width],
                        "{} window {w}, answer {t}",
                        compute.kind
                    );
                    assert_eq!(
                        before[last * width..],
                        after[last * width..],
                        "{} window {w}, answer {t}",
                        compute.kind
                    );
                }
                let moved = t + 1 == windows[w].len() || before[0][first..last] != after[0][first..last];
                assert!(moved, "{} window {w}: answers from {t} on move nothing after them", compute.kind);
            }
        }
    }
}

#[test]
fn shuffled_answers_teach_nothing() {
    let (dataset, _) = simulate(2500, 9);
    let mut corpus = Corpus::from_dataset(&dataset, 200, RowKind::Skill);
    let mut answers: Vec<u8> = corpus.windows.iter().flat_map(|w| w.answers.responses().to_vec()).collect();
    answers.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
    let mut answers = answers.into_iter();
    for window in &mut corpus.windows {
        (0..window.len()).for_each(|t| window.answers.set_response(t, answers.next().unwrap()));
    }
    let corpus = Arc::new(corpus);
    for kind in ModelKind::EMBEDDED {
        let mut config = Config::preset("demo").unwrap();
        config.model.kind = kind;
        config.training.epochs = 2;
        let results = train(config, corpus.clone()).results.unwrap();
        for (part, measure) in [("validation", &results.validation), ("test", results.test.as_ref().unwrap())] {
            let auc = measure.auc.unwrap();
            assert!((auc - 0.5).abs() < 0.02, "{part} AUC {auc} from shuffled answers, {kind:?}");
        }
    }
}
