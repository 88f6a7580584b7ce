//! GainAKT2Exp (SPEC §2) forward and backward as a fixed sequence of kernels, the same on every device.

use super::layout::{BlockAt, Layout};
use super::work::{Backward, BlockWork, Forward, encoded};
use super::{DropoutSites, ModelConfig};
use crate::error::Result;
use crate::ops::{
    Activation, AdamStep, AttentionSizes, Dropout, Input, InputGrad, Kernels, LinearAt, LossSettings, NormStream,
    NormStreamGrad, PreparedBatch, TERMS,
};

/// A model on a device.
#[derive(Debug)]
pub(super) struct Network<K: Kernels> {
    pub kernels: K,
    pub config: ModelConfig,
    pub layout: Layout,
    pub params: K::Floats,
    pub work: Forward<K::Floats>,
    pub learning: Option<Backward<K::Floats>>,
    pub batch: Option<K::Batch>,
    /// Whether a forward pass leaves every block's results, for those who look inside.
    pub keep_blocks: bool,
    /// Loss terms and probabilities of the steps since the last read.
    log: [K::Floats; 2],
}

/// What moves a model in one step.
#[derive(Debug, Clone)]
pub struct TrainingStep {
    /// The batch.
    pub plan: PreparedBatch,
    /// Loss weights.
    pub losses: LossSettings,
    /// Dropout.
    pub dropout: DropoutSites,
    /// The optimizer's settings.
    pub adam: AdamStep,
}

/// Dropout of an encoder block's three places.
struct BlockDropout {
    attention: Dropout,
    hidden: Dropout,
    output: Dropout,
}

impl<K: Kernels> Network<K> {
    pub(super) fn new(mut kernels: K, config: ModelConfig, layout: Layout, values: &[f32]) -> Result<Self> {
        let mut params = kernels.floats(values.len())?;
        kernels.write(&mut params, values);
        let work = Forward::new(&mut kernels)?;
        let log = [kernels.floats(TERMS.len())?, kernels.floats(4)?];
        Ok(Self { kernels, config, layout, params, work, learning: None, batch: None, keep_blocks: false, log })
    }

    pub(super) fn write_params(&mut self, values: &[f32]) {
        self.kernels.write(&mut self.params, values);
    }

    pub(super) async fn read_params(&mut self) -> Result<Vec<f32>> {
        self.kernels.read(&self.params, 0, self.layout.count()).await
    }

    /// Runs the model on `plan`; results lie in `work`.
    pub(super) fn forward(&mut self, plan: PreparedBatch, sites: DropoutSites) -> Result<()> {
        let (n, w) = (plan.rows(), plan.windows());
        let all = self.layout.blocks.len();
        let blocks = if self.learning.is_some() || self.keep_blocks { all } else { 2.min(all) };
        self.work.reserve(&mut self.kernels, &self.config, blocks, n, w)?;
        self.batch = Some(self.kernels.batch(plan, self.batch.take())?);
        self.run_forward(sites);
        Ok(())
    }

    fn run_forward(&mut self, mut sites: DropoutSites) {
        let Self { kernels: k, params: p, work, layout, config, batch: Some(batch), .. } = self else { return };
        let heads = AttentionSizes { heads: config.n_heads, width: config.d_model / config.n_heads };
        k.embed(p, batch, layout.tables, &mut work.ctx, &mut work.val, &mut work.next);
        let turns = work.blocks.len();
        for (b, at) in layout.blocks.iter().enumerate() {
            let dropout = BlockDropout::next(&mut sites);
            // The block before lies in another place: at the end of `before` or at the start of `after`.
            let (before, rest) = work.blocks.split_at_mut(b % turns);
            let Some((block, after)) = rest.split_first_mut() else { return };
            let previous = if b == 0 { None } else { before.last().or(after.last()) };
            let (ctx, val) = previous.map_or((&work.ctx, &work.val), |p| (&p.ctx, &p.val));
            block_forward(k, p, batch, at, heads, [ctx, val], block, &dropout);
        }
        let [ctx, val] = encoded([&work.ctx, &work.val], &work.blocks, layout.blocks.len());
        let [first, second] = layout.prediction;
        let joined = Input::Joined([ctx, val, &work.next]);
        k.linear(p, batch, joined, &[first], Activation::Relu, sites.site(), &mut work.hidden);
        let hidden = Input::Rows(&work.hidden);
        k.linear(p, batch, hidden, &[second], Activation::None, Dropout::OFF, &mut work.logits);
        let skills = config.num_c;
        let mut mastery_and_gains = None;
        if let Some([mastery, gain]) = layout.heads {
            k.linear(p, batch, Input::Rows(val), &[gain], Activation::Relu, Dropout::OFF, &mut work.gains);
            let firsts = Input::FirstRows(ctx);
            k.linear(p, batch, firsts, &[mastery], Activation::Sigmoid, Dropout::OFF, &mut work.initial);
            k.scan(batch, skills, &work.initial, &work.gains, &mut work.mastery);
            mastery_and_gains = Some((&work.mastery, &work.gains));
        }
        k.row_stats(batch, skills, mastery_and_gains, &work.logits, &mut work.stats, &mut work.d_logits);
    }

    /// The streams after the encoder, `len` values each.
    pub(super) async fn read_encoded(&mut self, len: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let Self { kernels, work, layout, .. } = self;
        let [ctx, val] = encoded([&work.ctx, &work.val], &work.blocks, layout.blocks.len());
        Ok((kernels.read(ctx, 0, len).await?, kernels.read(val, 0, len).await?))
    }

    /// Makes arrays for gradients and moments, unless they are there.
    pub(super) fn learn(&mut self) -> Result<&mut Backward<K::Floats>> {
        if self.learning.is_none() {
            self.learning = Some(Backward::new(&mut self.kernels, self.layout.count())?);
        }
        self.learning.as_mut().ok_or_else(|| crate::error::Error::Device("no room for gradients".to_owned()))
    }

    /// Forward, losses and backward: gradients of all parameters lie in `learning`.
    pub(super) fn gradients(&mut self, plan: PreparedBatch, losses: &LossSettings, sites: DropoutSites) -> Result<()> {
        self.learn()?;
        let sizes = [plan.rows(), plan.windows(), plan.targets.groups.len()];
        self.forward(plan, sites.clone())?;
        let Self { kernels, learning: Some(learning), config, .. } = self else { return Ok(()) };
        learning.reserve(kernels, config, sizes)?;
        self.run_backward(losses, sites);
        Ok(())
    }

    fn run_backward(&mut self, losses: &LossSettings, mut sites: DropoutSites) {
        let Self { kernels: k, params: p, work, layout, config, batch: Some(batch), learning: Some(back), .. } = self
        else {
            return;
        };
        let skills = config.num_c;
        k.losses(batch, skills, losses, &work.stats, &mut back.losses);

        let dropouts: Vec<BlockDropout> = layout.blocks.iter().map(|_| BlockDropout::next(&mut sites)).collect();
        let [ctx, val] = encoded([&work.ctx, &work.val], &work.blocks, layout.blocks.len());
        let [first, second] = layout.prediction;
        k.linear_weight_grad(batch, &work.d_logits, Input::Rows(&work.hidden), &[second], &mut back.grads);
        let through =
            InputGrad::Through { grad: &mut back.d_hidden, output: &work.hidden, scale: sites.site().scale() };
        k.linear_input_grad(p, batch, &work.d_logits, &[second], through);
        let joined = Input::Joined([ctx, val, &work.next]);
        k.linear_weight_grad(batch, &back.d_hidden, joined, &[first], &mut back.grads);
        let parts = InputGrad::Joined([&mut back.d_ctx, &mut back.d_val, &mut back.d_next]);
        k.linear_input_grad(p, batch, &back.d_hidden, &[first], parts);

        if let Some([mastery, gain]) = layout.heads {
            let (m, g) = (&work.mastery, &work.gains);
            k.scan_grad(batch, skills, m, g, &back.losses, &mut back.d_gains, &mut back.d_initial);
            k.linear_weight_grad(batch, &back.d_gains, Input::Rows(val), &[gain], &mut back.grads);
            k.linear_input_grad(p, batch, &back.d_gains, &[gain], InputGrad::Add(&mut back.d_val));
            k.linear_weight_grad(batch, &back.d_initial, Input::FirstRows(ctx), &[mastery], &mut back.grads);
            k.linear_input_grad(p, batch, &back.d_initial, &[mastery], InputGrad::AddFirstRows(&mut back.d_ctx));
        }
        let heads = AttentionSizes { heads: config.n_heads, width: config.d_model / config.n_heads };
        for (b, (at, dropout)) in layout.blocks.iter().zip(&dropouts).enumerate().rev() {
            let previous = b.checked_sub(1).map(|i| &work.blocks[i]);
            let streams = previous.map_or([&work.ctx, &work.val], |p| [&p.ctx, &p.val]);
            block_backward(k, p, batch, at, heads, streams, &work.blocks[b], dropout, back);
        }
        k.embed_grad(batch, layout.tables, &back.d_ctx, &back.d_val, &back.d_next, &mut back.grads);
    }

    /// One training step. Terms and probabilities are appended to the log: step `number` of those since the last
    /// read, which must not be more than `room` steps ago, at row `row` of the epoch's `rows`.
    pub(super) fn step(&mut self, step: TrainingStep, [number, room, row, rows]: [usize; 4]) -> Result<()> {
        let TrainingStep { plan, losses, dropout, adam } = step;
        let n = plan.rows();
        self.gradients(plan, &losses, dropout)?;
        let total = self.layout.count();
        let Self { kernels: k, learning: Some(back), params, log: [terms, scores], work, .. } = self else {
            return Ok(());
        };
        k.adam(params, &back.grads, &mut back.moments, total, adam, &mut back.norm);
        k.reserve(terms, room * TERMS.len())?;
        k.reserve(scores, rows)?;
        k.copy(&back.losses.terms, 0, terms, number * TERMS.len(), TERMS.len());
        k.copy(&work.stats, crate::ops::RowStat::Probability as usize * n, scores, row, n);
        k.submit();
        Ok(())
    }

    /// Loss terms of the first `steps` steps of the log.
    pub(super) async fn logged_terms(&mut self, steps: usize) -> Result<Vec<f32>> {
        self.kernels.read(&self.log[0], 0, steps * TERMS.len()).await
    }

    /// Probabilities of the first `rows` rows of the epoch.
    pub(super) async fn logged_scores(&mut self, rows: usize) -> Result<Vec<f32>> {
        self.kernels.read(&self.log[1], 0, rows).await
    }
}

impl BlockDropout {
    /// The next block's places, in the order a forward pass meets them.
    fn next(sites: &mut DropoutSites) -> Self {
        Self { attention: sites.site(), hidden: sites.site(), output: sites.site() }
    }
}

#[allow(clippy::too_many_arguments)]
fn block_forward<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &BlockAt,
    heads: AttentionSizes,
    [ctx, val]: [&K::Floats; 2],
    w: &mut BlockWork<K::Floats>,
    dropout: &BlockDropout,
) {
    let width = heads.heads * heads.width;
    let plain = Activation::None;
    k.linear(p, batch, Input::Streams(ctx, val), &at.qkv, plain, Dropout::OFF, &mut w.qkv);
    k.attention(batch, heads, &w.qkv, &mut w.attended, &mut w.lse);
    // One draw serves both streams (SPEC §2).
    k.linear(p, batch, Input::Rows(&w.attended), &[at.output], plain, dropout.attention, &mut w.a);
    let streams = &mut [
        NormStream { x: ctx, at: at.norm1_ctx, out: &mut w.x },
        NormStream { x: val, at: at.norm1_val, out: &mut w.val },
    ];
    k.residual_norm(p, batch, width, &w.a, streams, &mut w.stats1);
    k.linear(p, batch, Input::Rows(&w.x), &[at.ffn[0]], Activation::Relu, dropout.hidden, &mut w.hidden);
    k.linear(p, batch, Input::Rows(&w.hidden), &[at.ffn[1]], plain, dropout.output, &mut w.f);
    let stream = &mut [NormStream { x: &w.x, at: at.norm2_ctx, out: &mut w.ctx }];
    k.residual_norm(p, batch, width, &w.f, stream, &mut w.stats2);
}

#[allow(clippy::too_many_arguments)]
fn block_backward<K: Kernels>(
    k: &mut K,
    p: &K::Floats,
    batch: &K::Batch,
    at: &BlockAt,
    heads: AttentionSizes,
    [ctx, val]: [&K::Floats; 2],
    w: &BlockWork<K::Floats>,
    dropout: &BlockDropout,
    back: &mut Backward<K::Floats>,
) {
    let width = heads.heads * heads.width;
    let Backward { grads, d_ctx, d_val, d_a, d_hidden, d_attended, delta, d_qkv, .. } = back;
    let one = |at: LinearAt| [at];
    let stream = &mut [NormStreamGrad { x: &w.x, at: at.norm2_ctx, grad: &mut *d_ctx }];
    k.residual_norm_grad(p, batch, width, &w.f, stream, &w.stats2, dropout.output, d_a, grads);
    k.linear_weight_grad(batch, d_a, Input::Rows(&w.hidden), &one(at.ffn[1]), grads);
    let through = InputGrad::Through { grad: &mut *d_hidden, output: &w.hidden, scale: dropout.hidden.scale() };
    k.linear_input_grad(p, batch, d_a, &one(at.ffn[1]), through);
    k.linear_weight_grad(batch, d_hidden, Input::Rows(&w.x), &one(at.ffn[0]), grads);
    k.linear_input_grad(p, batch, d_hidden, &one(at.ffn[0]), InputGrad::Add(d_ctx));
    let streams = &mut [
        NormStreamGrad { x: ctx, at: at.norm1_ctx, grad: &mut *d_ctx },
        NormStreamGrad { x: val, at: at.norm1_val, grad: &mut *d_val },
    ];
    k.residual_norm_grad(p, batch, width, &w.a, streams, &w.stats1, dropout.attention, d_a, grads);
    k.linear_weight_grad(batch, d_a, Input::Rows(&w.attended), &one(at.output), grads);
    k.linear_input_grad(p, batch, d_a, &one(at.output), InputGrad::Rows(d_attended));
    k.attention_grad(batch, heads, &w.qkv, &w.attended, &w.lse, d_attended, delta, d_qkv);
    k.linear_weight_grad(batch, d_qkv, Input::Streams(ctx, val), &at.qkv, grads);
    k.linear_input_grad(p, batch, d_qkv, &at.qkv, InputGrad::AddStreams(d_ctx, d_val));
}
