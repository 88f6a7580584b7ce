//! What one more answer would change (MODEL §11): every model's chances after an answer that was never given are those it has
//! where a window really has that answer, on every device.

#[path = "support/kernels.rs"]
#[macro_use]
mod kernels;
mod support;

use futures_lite::future::block_on;
use gainakt::config::{EncoderKind, ModelKind};
use gainakt::data::{Answers, RaggedBatch};
use gainakt::model::{Model, ModelConfig, Question, WhatIf};
use gainakt::platform::device::Device;
use support::{absolute_error, devices_and_gpu_kernels};

fn shape(kind: ModelKind, encoder: EncoderKind, items: usize) -> ModelConfig {
    ModelConfig {
        num_items: items,
        encoder,
        kind,
        num_c: 5,
        seq_len: 40,
        d_model: 12,
        n_heads: 3,
        num_encoder_blocks: 3,
        d_ff: 17,
        dropout: 0.0,
        use_mastery_head: true,
        use_gain_head: true,
    }
}

/// Windows of one answer, of a few, of many and of as many as the model reads; of some items or of none.
fn windows(items: usize) -> Vec<Answers> {
    let window = |(w, len): (usize, usize)| {
        let mut answers = Answers::default();
        for t in 0..len {
            let item = if items > 0 { (w + 3 * t) % items } else { 0 };
            answers.push(&[((w + t * t) % 5) as u32], item as u32, ((w + t * t / 3) % 2) as u8);
        }
        answers
    };
    [1, 4, 33, 39, 2].into_iter().enumerate().map(window).collect()
}

/// The window with a placeholder for the answer after its last.
fn close(batch: &mut RaggedBatch, answers: &Answers) {
    let mut closed = answers.clone();
    closed.push(&[0], 0, 0);
    batch.push(&closed);
}

/// The same by windows that really have the answer.
fn read_again(model: &mut Model, windows: &[Answers], questions: &[(usize, usize, u32)]) -> Vec<WhatIf> {
    let mut chance = |window: usize, t: usize, skill: u32, more: Option<u8>| {
        let mut answers = windows[window].slice(0..t + 1);
        if let Some(response) = more {
            answers.push(&[skill], 0, response);
        }
        let mut batch = RaggedBatch::default();
        close(&mut batch, &answers);
        let last = batch.rows() - 1;
        block_on(model.forward(batch)).unwrap();
        block_on(model.ask(&[Question { row: last, skill, item: 0 }])).unwrap()[0]
    };
    let each = |&(window, t, skill): &(usize, usize, u32)| WhatIf {
        chance: chance(window, t, skill, None),
        after_correct: chance(window, t, skill, Some(1)),
        after_incorrect: chance(window, t, skill, Some(0)),
    };
    questions.iter().map(each).collect()
}

fn flat(changes: &[WhatIf]) -> Vec<f32> {
    changes.iter().flat_map(|w| [w.chance, w.after_correct, w.after_incorrect]).collect()
}

#[test]
fn an_answer_never_given_is_read_as_if_it_had_been() {
    let kinds = [
        (ModelKind::GainAkt2Exp, EncoderKind::Attention, 0),
        (ModelKind::Evidence, EncoderKind::Attention, 0),
        (ModelKind::Evidence, EncoderKind::Attention, 9),
        (ModelKind::Evidence, EncoderKind::Lstm, 0),
        (ModelKind::Evidence, EncoderKind::Lstm, 9),
        (ModelKind::Dkt, EncoderKind::Attention, 0),
        (ModelKind::Sakt, EncoderKind::Attention, 0),
        (ModelKind::Akt, EncoderKind::Attention, 0),
        (ModelKind::Akt, EncoderKind::Attention, 9),
        (ModelKind::SimpleKt, EncoderKind::Attention, 9),
    ];
    for (kind, encoder, items) in kinds {
        let windows = windows(items);
        let mut batch = RaggedBatch::default();
        windows.iter().for_each(|answers| close(&mut batch, answers));
        // Of every window some rows, the first and the last among them, and of each of these every skill.
        let mut questions = Vec::new();
        for (w, answers) in windows.iter().enumerate() {
            let last = answers.len() - 1;
            for t in (0..=last).filter(|t| t % 7 == 0 || *t == last) {
                questions.extend((0..5).map(|skill| (w, t, skill)));
            }
        }
        let row = |&(w, t, skill): &(usize, usize, u32)| Question { row: batch.range(w).start + t, skill, item: 0 };
        let asked: Vec<Question> = questions.iter().map(row).collect();
        let mut on_cpu = Model::new(&shape(kind, encoder, items), 5, &Device::Cpu).unwrap();
        let wanted = flat(&read_again(&mut on_cpu, &windows, &questions));
        for compute in devices_and_gpu_kernels() {
            let what = format!("{kind:?}, {encoder:?}, {items} items, {}", compute.label);
            let mut model = Model::new(&shape(kind, encoder, items), 5, &compute.device).unwrap();
            block_on(model.forward(batch.clone())).unwrap();
            let got = block_on(model.what_if(&asked)).unwrap();
            assert_eq!(got.len(), asked.len(), "{what}");
            assert_eq!(got, block_on(model.what_if(&asked)).unwrap(), "{what}: asked twice");
            let error = absolute_error(&flat(&got), &wanted);
            assert!(error < 3e-6, "{what}: off by {error}");
            // An answer matters, or the comparison would say nothing.
            assert!(got.iter().any(|w| (w.after_correct - w.after_incorrect).abs() > 1e-3), "{what}: nothing changes");
        }
    }
}

#[test]
fn a_survey_can_be_asked_too() {
    let config = shape(ModelKind::Evidence, EncoderKind::Attention, 0);
    for compute in devices_and_gpu_kernels() {
        let mut model = Model::new(&config, 5, &compute.device).unwrap();
        let mut batch = RaggedBatch::default();
        windows(0).iter().for_each(|answers| close(&mut batch, answers));
        let asked = [Question { row: 3, skill: 2, item: 0 }];
        block_on(model.forward(batch.clone())).unwrap();
        let wanted = block_on(model.what_if(&asked)).unwrap();
        block_on(model.survey(batch)).unwrap();
        assert_eq!(block_on(model.what_if(&asked)).unwrap(), wanted, "{}", compute.label);
    }
}

#[test]
fn the_deviation_is_that_of_what_is_believed() {
    let change = WhatIf { chance: 0.5, after_correct: 0.6, after_incorrect: 0.4 };
    assert!((change.deviation() - 0.05f32.sqrt()).abs() < 1e-7);
    // A model that a correct answer makes less sure of the student tells nothing.
    assert_eq!(WhatIf { chance: 0.5, after_correct: 0.4, after_incorrect: 0.6 }.deviation(), 0.0);
}
