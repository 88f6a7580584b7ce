//! Inside one moment of one student: what the heads look at, and what every next exercise would bring.

use super::DropoutSites;
use super::evidence::EvidenceInside;
use super::network::{ModelKernels, Network, Purpose, Readout};
use super::pass::Pass;
use crate::data::RaggedBatch;
use crate::error::Result;
use crate::ops::{Dropout, PreparedBatch};

/// The last row of a window, looked at closely.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Inspection {
    /// p(right) of each skill, were it asked next.
    pub next: Vec<f32>,
    /// How much each head looks at each row of the window, `[blocks][heads][rows]`: softmax of q·k/√width (SPEC §2).
    pub attention: Vec<Vec<Vec<f32>>>,
    /// What mastery is made of, where that can be told exactly (evidence model).
    #[serde(default)]
    pub evidence: Option<EvidenceInside>,
}

impl Inspection {
    /// Attention of one head of a block by row, or the mean of its heads; empty where there is no such block or head.
    pub fn weights(&self, block: usize, head: Option<usize>) -> Vec<f32> {
        let Some(heads) = self.attention.get(block) else { return Vec::new() };
        match head {
            Some(head) => heads.get(head).cloned().unwrap_or_default(),
            None => {
                let rows = heads.first().map_or(0, Vec::len);
                (0..rows).map(|t| heads.iter().map(|h| h[t]).sum::<f32>() / heads.len() as f32).collect()
            }
        }
    }
}

impl<K: ModelKernels> Network<K> {
    /// Looks at the last row of `plan`, which must be one window.
    pub(super) async fn inspect(&mut self, plan: PreparedBatch) -> Result<Inspection> {
        let (n, d) = (plan.rows(), self.config.d_model);
        let answers = plan.batch.skill.clone();
        self.forward(plan, DropoutSites::evaluation(), Purpose::Inspect)?;
        let mut attention = Vec::with_capacity(self.encoder.blocks.len());
        for block in &self.encoder.blocks {
            let query = self.kernels.read(&block.qkv, (n - 1) * d, d).await?;
            let keys = self.kernels.read(&block.qkv, n * d, n * d).await?;
            attention.push(weights(&query, &keys, self.config.n_heads));
        }
        if let Readout::Evidence(_) = self.readout {
            // Mastery is the prediction of every skill.
            let skills = self.config.num_c;
            let next = self.kernels.read(&self.rows.mastery, (n - 1) * skills, skills).await?;
            let evidence = Some(self.evidence_inside(&answers).await?);
            return Ok(Inspection { next, attention, evidence });
        }
        let [ctx, val] = self.encoder.streams();
        let ctx = self.kernels.read(ctx, (n - 1) * d, d).await?;
        let val = self.kernels.read(val, (n - 1) * d, d).await?;
        Ok(Inspection { next: self.next(&ctx, &val).await?, attention, evidence: None })
    }

    /// What mastery after the last row is made of, once the evidence model has run on one window.
    async fn evidence_inside(&mut self, answers: &[u32]) -> Result<EvidenceInside> {
        let params = self.read_params().await?;
        let (n, skills) = (answers.len(), self.config.num_c);
        let Readout::Evidence(readout) = &self.readout else { return Ok(EvidenceInside::default()) };
        let evidence = self.kernels.read(&readout.work.evidence, 0, n).await?;
        let context = self.kernels.read(&readout.work.context, (n - 1) * skills, skills).await?;
        Ok(EvidenceInside::new(&params, readout.at, answers, &evidence, context))
    }

    /// p(right) of every skill after a row with these streams: the prediction head on one row a skill.
    async fn next(&mut self, ctx: &[f32], val: &[f32]) -> Result<Vec<f32>> {
        let skills = self.config.num_c;
        let mut each = RaggedBatch::default();
        (0..skills as u32).for_each(|c| each.push(&[0, c], &[0, 0]));
        let batch = self.kernels.batch(PreparedBatch::new(each, skills), self.batch.take())?;
        self.encoder.reserve(&mut self.kernels, &self.config, false, skills)?;
        self.rows.reserve(&mut self.kernels, &self.config, skills, skills)?;
        self.readout.reserve(&mut self.kernels, &self.config, skills, skills)?;
        let Self { kernels: k, params, config, encoder, rows, layout, readout, .. } = self;
        k.embed(params, &batch, layout.encoder.tables, &mut encoder.ctx, &mut encoder.val, &mut encoder.next);
        k.write(&mut encoder.ctx, &ctx.repeat(skills));
        k.write(&mut encoder.val, &val.repeat(skills));
        let pass = Pass { params, batch: &batch, config };
        let streams = [&encoder.ctx, &encoder.val, &encoder.next];
        if let Readout::GainAkt(readout) = readout {
            readout.predict(k, &pass, streams, Dropout::OFF, &mut rows.logits);
        }
        let logits = k.read(&rows.logits, 0, skills).await?;
        self.batch = Some(batch);
        Ok(logits.into_iter().map(|l| 1.0 / (1.0 + (-l).exp())).collect())
    }
}

/// Attention of one query row over all `keys`, `[heads][rows]`.
fn weights(query: &[f32], keys: &[f32], heads: usize) -> Vec<Vec<f32>> {
    let width = query.len() / heads;
    let scale = 1.0 / (width as f32).sqrt();
    let head = |h: usize| {
        let part = h * width..(h + 1) * width;
        let dot = |key: &[f32]| query[part.clone()].iter().zip(&key[part.clone()]).map(|(q, k)| q * k).sum::<f32>();
        softmax(keys.chunks_exact(query.len()).map(|key| dot(key) * scale).collect())
    };
    (0..heads).map(head).collect()
}

fn softmax(mut scores: Vec<f32>) -> Vec<f32> {
    let top = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|s| *s = (*s - top).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= sum);
    scores
}
