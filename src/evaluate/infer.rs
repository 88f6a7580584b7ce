//! Forward passes over many windows, reduced on the device to a few numbers a step.

use burn::tensor::{Device, Int, Tensor, activation};

use crate::data::{RaggedBatch, Window};
use crate::error::Result;
use crate::model::{DropoutSites, GainAkt, Heads, ModelInput, to_host};

/// What a model says about one window; one entry a step in every vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowOutcome {
    /// p(next answer right).
    pub probability: Vec<f32>,
    /// Whether it was right.
    pub target: Vec<bool>,
    /// The interpretable part; empty vectors where the model has no heads.
    pub heads: HeadsOutcome,
}

/// Mastery and gain of one window's steps, reduced over skills.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadsOutcome {
    /// Mean mastery over skills.
    pub mean_mastery: Vec<f32>,
    /// Mean gain over skills.
    pub mean_gain: Vec<f32>,
    /// Smallest gain.
    pub lowest_gain: Vec<f32>,
    /// Smallest mastery.
    pub lowest_mastery: Vec<f32>,
    /// Largest mastery.
    pub highest_mastery: Vec<f32>,
    /// Mastery of the skill asked next, M\[t, q_next\].
    pub next_mastery: Vec<f32>,
}

/// How to run inference.
#[derive(Debug, Clone, Copy)]
pub struct Inference<'a> {
    /// Where the model lies (without autodiff).
    pub device: &'a Device,
    /// Skills of the model.
    pub skills: usize,
    /// Windows in a batch.
    pub batch_size: usize,
}

/// Runs `model` over `windows`; `progress` hears after each batch how many windows are done.
///
/// # Errors
/// The device fails.
pub async fn infer(
    model: &GainAkt,
    windows: &[&Window],
    how: Inference<'_>,
    mut progress: impl FnMut(usize),
) -> Result<Vec<WindowOutcome>> {
    let mut outcomes = Vec::with_capacity(windows.len());
    for part in windows.chunks(how.batch_size.max(1)) {
        let batch = RaggedBatch::new(part.iter().copied());
        let input = ModelInput::new(&batch, how.skills, how.device);
        let output = model.forward(&input, DropoutSites::evaluation());
        let rows = batch.rows();
        let mut columns = vec![activation::sigmoid(output.logits)];
        if let Some(heads) = &output.heads {
            columns.extend(reduced(heads, &input.next_skill));
        }
        let values = to_host(Tensor::cat(columns, 0)).await?;
        for w in 0..batch.windows() {
            let range = batch.range(w);
            let mut columns = values.chunks_exact(rows).map(|c| c[range.clone()].to_vec());
            let mut next = || columns.next().unwrap_or_default();
            outcomes.push(WindowOutcome {
                probability: next(),
                target: batch.next_response[range.clone()].iter().map(|&r| r == 1).collect(),
                heads: HeadsOutcome {
                    mean_mastery: next(),
                    mean_gain: next(),
                    lowest_gain: next(),
                    lowest_mastery: next(),
                    highest_mastery: next(),
                    next_mastery: next(),
                },
            });
        }
        progress(outcomes.len());
        crate::platform::yield_now().await;
    }
    Ok(outcomes)
}

/// The columns of [`HeadsOutcome`], each `[N]`.
fn reduced(heads: &Heads, next_skill: &Tensor<1, Int>) -> [Tensor<1>; 6] {
    let (m, g) = (&heads.mastery, &heads.gains);
    let [rows, _] = m.dims();
    let column = |t: Tensor<2>| t.reshape([rows]);
    [
        column(m.clone().mean_dim(1)),
        column(g.clone().mean_dim(1)),
        column(g.clone().min_dim(1)),
        column(m.clone().min_dim(1)),
        column(m.clone().max_dim(1)),
        column(m.clone().gather(1, next_skill.clone().reshape([rows, 1]))),
    ]
}
