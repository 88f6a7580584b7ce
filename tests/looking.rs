//! What the views show, against what the core computes another way, on every device.

mod support;

use futures_lite::future::block_on;
use gainakt::config::{Config, ModelKind};
use gainakt::data::{Corpus, RowKind, Window, simulate};
use gainakt::evaluate::{
    Calibration, ClassOrder, StudentSummary, TrajectoryStep, WholeAnswer, auc, class_quartiles, correlation, infer,
    inspect, survey, trace_answers, trajectory, windows_by_student,
};
use gainakt::model::{Model, ModelConfig, Weights};
use gainakt::platform::device::Device;
use support::{absolute_error, devices};

/// A class whose windows are short, so that students have several, and a model of odd sizes.
fn class() -> (Config, Corpus, ModelConfig) {
    let mut config = Config::preset("demo").unwrap();
    config.model_config.seq_len = 20;
    config.model_config.d_model = 24;
    config.model_config.n_heads = 3;
    config.model_config.d_ff = 20;
    let (dataset, _) = simulate(40, 7);
    let corpus = Corpus::from_dataset(&dataset, 20, RowKind::Skill);
    let model = ModelConfig::new(&config, corpus.skills.len(), corpus.items.len());
    (config, corpus, model)
}

fn models() -> Vec<(&'static str, Model)> {
    let (_, _, shape) = class();
    let make = |kind, device: &Device| Model::new(&ModelConfig { kind, ..shape.clone() }, 5, device).unwrap();
    devices().iter().flat_map(|c| ModelKind::EMBEDDED.map(|kind| (c.kind, make(kind, &c.device)))).collect()
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-5,
        (a, b) => a == b,
    }
}

#[test]
fn the_survey_finds_what_the_students_trajectories_say() {
    let (config, corpus, _) = class();
    let windows = windows_by_student(&corpus);
    let of = |w: &Vec<u32>| -> Vec<&Window> { w.iter().map(|&w| &corpus.windows[w as usize]).collect() };
    let students: Vec<Vec<&Window>> = windows.iter().filter(|w| !w.is_empty()).map(of).collect();
    for (kind, mut model) in models() {
        let mut calibrations = <[Calibration; 3]>::default();
        let found = block_on(survey(&mut model, &students, config.data.fold, &mut calibrations)).unwrap();
        assert!(found.len() > 30, "{kind}");
        let mut predicted = 0;
        for summary in &found {
            let id = &corpus.students[summary.student as usize];
            let steps = block_on(trajectory(&mut model, &corpus, id)).unwrap().steps;
            let told: Vec<&TrajectoryStep> = steps.iter().filter(|s| s.prediction.is_some()).collect();
            predicted += told.len();
            let targets: Vec<bool> = told.iter().map(|s| s.response == 1).collect();
            let chances: Vec<f64> = told.iter().filter_map(|s| s.prediction).map(f64::from).collect();
            assert!(close(summary.auc, auc(&chances, &targets)), "{kind} {id}");
            assert_eq!(summary.answers as usize, steps.len(), "{kind} {id}");
            let last = &steps[steps.len() - 1];
            assert!(absolute_error(&summary.mastery, &last.mastery) < 1e-6, "{kind} {id}");
            let attempts =
                (0..).zip(&summary.attempts).all(|(c, n)| steps.iter().filter(|s| s.skill == c).count() == *n as usize);
            assert!(attempts, "{kind} {id}");
        }
        let counted: u32 = calibrations.iter().flat_map(|c| &c.bins).map(|b| b.count).sum();
        assert_eq!(counted as usize, predicted, "{kind}: every prediction is in one bin");
        let all: Vec<_> = found.into_iter().map(Some).collect();
        let order = ClassOrder::new(&all, corpus.skills.len());
        let mean = |s: usize| all[s].as_ref().and_then(StudentSummary::final_mean).unwrap();
        assert!(order.students.windows(2).all(|w| mean(w[0]) <= mean(w[1])), "{kind}: struggling students first");
    }
}

#[test]
fn a_summarys_correlation_is_that_of_mastery_with_answers() {
    let (config, corpus, _) = class();
    let (_, mut model) = models().remove(0);
    let window = corpus.windows.iter().max_by_key(|w| w.len()).unwrap();
    let mut calibrations = <[Calibration; 3]>::default();
    let found = block_on(survey(&mut model, &[vec![window]], config.data.fold, &mut calibrations)).unwrap();
    let steps = block_on(trace_answers(&mut model, &window.answers)).unwrap();
    let scored = window.steps();
    let mean = |s: &TrajectoryStep| s.mastery.iter().map(|&m| f64::from(m)).sum::<f64>() / s.mastery.len() as f64;
    let answers: Vec<f64> = steps[1..].iter().map(|s| f64::from(s.response)).collect();
    let masteries: Vec<f64> = steps[..scored].iter().map(mean).collect();
    assert!(found[0].correlation.is_some());
    assert!(close(found[0].correlation, correlation(&masteries, &answers)), "{:?}", found[0].correlation);
}

#[test]
fn a_moments_chances_are_the_predictions_that_follow() {
    let (_, corpus, _) = class();
    let window = corpus.windows.iter().max_by_key(|w| w.len()).unwrap();
    for (kind, mut model) in models() {
        for until in [1, 2, 7, 15] {
            let answers = window.answers.slice(0..until);
            let now = block_on(inspect(&mut model, &answers)).unwrap();
            for (skill, &chance) in (0..).zip(&now.next) {
                let mut asked = answers.clone();
                asked.push(&[skill], 0, 0);
                let steps = block_on(trace_answers(&mut model, &asked)).unwrap();
                let predicted = steps[until].prediction.unwrap();
                assert!((predicted - chance).abs() < 2e-6, "{kind}: {predicted} {chance}");
            }
            for weights in now.attention.iter().flatten() {
                assert_eq!(weights.len(), until, "{kind}");
                assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{kind}");
            }
        }
    }
}

/// `x·Wᵀ + b` in 64 bits.
fn linear(weights: &Weights, name: &str, x: &[f64]) -> Vec<f64> {
    let (shape, w) = &weights[&format!("{name}.weight")];
    let b = &weights[&format!("{name}.bias")].1;
    let row = |o: usize| x.iter().zip(&w[o * shape[1]..]).map(|(x, w)| x * f64::from(*w)).sum::<f64>();
    (0..shape[0]).map(|o| row(o) + f64::from(b[o])).collect()
}

#[test]
fn the_chances_of_a_path_are_those_of_each_moment() {
    let (_, corpus, _) = class();
    let window = corpus.windows.iter().max_by_key(|w| w.len()).unwrap();
    for (kind, mut model) in models() {
        let steps = block_on(trace_answers(&mut model, &window.answers)).unwrap();
        for until in [1, 2, 9, window.len()] {
            let answers = window.answers.slice(0..until);
            let now = block_on(inspect(&mut model, &answers)).unwrap();
            let error = absolute_error(steps[until - 1].chances(), &now.next);
            assert!(error < 2e-6, "{kind}, {:?}: off by {error}", model.config().kind);
        }
    }
}

#[test]
fn the_parts_of_the_evidence_models_mastery_add_up_to_it() {
    let (_, corpus, _) = class();
    let window = corpus.windows.iter().max_by_key(|w| w.len()).unwrap();
    let mut explained = 0;
    for (kind, mut model) in models() {
        let now = block_on(inspect(&mut model, &window.answers)).unwrap();
        let Some(inside) = &now.evidence else { continue };
        explained += 1;
        assert_eq!(inside.contributions.len(), window.len());
        for (k, chance) in now.next.iter().enumerate() {
            let mastery = 1.0 / (1.0 + (-inside.logit(k)).exp());
            assert!((mastery - chance).abs() < 3e-6, "{kind}, skill {k}: {mastery}, expected {chance}");
        }
        let transfer = block_on(model.transfer()).unwrap();
        for (q, row) in transfer.iter().enumerate() {
            assert_eq!(row[q], 1.0);
            assert!(row.iter().enumerate().all(|(k, &t)| (k == q || t < 1.0) && t > 0.0 && t == transfer[k][q]));
        }
    }
    assert_eq!(explained, devices().len());
}

/// An answer with several skills is predicted by the mean of their chances, none of which knows the answer.
#[test]
fn answers_with_several_skills_are_predicted_as_wholes() {
    let (_, corpus, _) = class();
    let mut window = corpus.windows.iter().max_by_key(|w| w.len()).unwrap().clone();
    window.repeats = (0..window.len()).map(|t| u8::from(t % 5 == 2 || t % 5 == 3)).collect();
    for t in 1..window.len() {
        if window.repeats[t] == 1 {
            let before = window.answers.responses()[t - 1];
            window.answers.set_response(t, before);
        }
    }
    for (kind, mut model) in models() {
        let all = async |_| std::ops::ControlFlow::Continue(());
        let outcomes = block_on(infer(&mut model, &[&window], 8, all)).unwrap().unwrap();
        let firsts: Vec<usize> = (1..window.len()).filter(|&t| window.repeats[t] == 0).collect();
        assert_eq!(outcomes[0].answers.len(), firsts.len(), "{kind}");
        for (&first, &WholeAnswer { chance, correct: right, .. }) in firsts.iter().zip(&outcomes[0].answers) {
            let now = block_on(inspect(&mut model, &window.answers.slice(0..first))).unwrap();
            let end = (first + 1..window.len()).find(|&t| window.repeats[t] == 0).unwrap_or(window.len());
            let own: Vec<f32> = (first..end).map(|t| now.next[window.answers.skill(t) as usize]).collect();
            let wanted = own.iter().sum::<f32>() / own.len() as f32;
            assert!((chance - wanted).abs() < 2e-6, "{kind}, answer {first}: {chance}, expected {wanted}");
            assert_eq!(right, window.answers.responses()[first] == 1);
        }
    }
}

#[test]
fn the_first_blocks_attention_is_that_of_its_weights() {
    let (_, corpus, shape) = class();
    let (skills, d) = (shape.num_c, shape.d_model);
    let window = &corpus.windows[3];
    for (kind, mut model) in models() {
        let weights = block_on(model.read_weights()).unwrap();
        let now = block_on(inspect(&mut model, &window.answers)).unwrap();
        let row = |t: usize| -> Vec<f64> {
            let token = window.answers.skill(t) as usize + skills * usize::from(window.answers.responses()[t]);
            let table = |name: &str, i: usize| weights[name].1[i * d..(i + 1) * d].to_vec();
            let (word, place) = (table("context_embedding.weight", token), table("pos_embedding.weight", t));
            word.iter().zip(&place).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect()
        };
        let n = window.len();
        let query = linear(&weights, "encoder_blocks.0.attn.query_proj", &row(n - 1));
        let width = d / shape.n_heads;
        for head in 0..shape.n_heads {
            let part = head * width..(head + 1) * width;
            let score = |t: usize| {
                let key = linear(&weights, "encoder_blocks.0.attn.key_proj", &row(t));
                let product: f64 = query[part.clone()].iter().zip(&key[part.clone()]).map(|(q, k)| q * k).sum();
                (product / (width as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = (0..n).map(score).collect();
            let sum: f64 = scores.iter().sum();
            let wanted: Vec<f32> = scores.iter().map(|s| (s / sum) as f32).collect();
            let error = absolute_error(&now.weights(0, Some(head)), &wanted);
            assert!(error < 1e-5, "{kind} head {head}: {error}");
        }
        let mean = now.weights(0, None);
        assert!((mean.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{kind}");
    }
}

#[test]
fn the_class_course_holds_the_quartiles_of_mastery() {
    let (_, corpus, _) = class();
    let (_, mut model) = models().remove(0);
    let firsts: Vec<&Window> = corpus.windows.iter().filter(|w| w.first == 0).collect();
    let quartiles = block_on(class_quartiles(&mut model, &firsts)).unwrap();
    assert_eq!(quartiles.students, firsts.len());
    let mut values: Vec<f32> = Vec::new();
    for window in &firsts {
        let steps = block_on(trace_answers(&mut model, &window.answers)).unwrap();
        values.extend(steps.get(4).map(|s| s.mastery[2]));
    }
    values.sort_by(f32::total_cmp);
    let [low, median, high] = quartiles.quartiles[4][2];
    let below = |q: f32| values.iter().filter(|&&v| v < q - 1e-6).count() as f64 / values.len() as f64;
    let up_to = |q: f32| values.iter().filter(|&&v| v <= q + 1e-6).count() as f64 / values.len() as f64;
    for (quartile, share) in [(low, 0.25), (median, 0.5), (high, 0.75)] {
        let slack = 1.0 / values.len() as f64;
        assert!(below(quartile) <= share + slack && up_to(quartile) >= share - slack, "{quartile} {share}");
    }
    assert!(low < median && median < high);
}
