//! The operations as WGSL kernels (`shaders/`), for every WebGPU adapter.

mod batch;
mod context;
mod shaders;

pub use self::context::{Array, Gpu};
use self::context::{groups, workgroup_grid};
use self::shaders::Shader;
pub use self::shaders::shader_sources;
use super::{
    Activation, AdamStep, AttentionSizes, DeviceStats, Dropout, EmbeddingTables, Input, InputGrad, Kernels, LinearAt,
    LossBuffers, LossSettings, NormStream, NormStreamGrad, PreparedBatch,
};
use crate::error::Result;

/// Rows and columns of a matrix product that one workgroup computes.
const TILE: usize = 64;

/// A batch on the device.
#[derive(Debug)]
pub struct Batch {
    plan: PreparedBatch,
    integers: Array,
    floats: Array,
}

/// Key, key, threshold and the bits of the scale.
fn dropout_words(dropout: Dropout) -> [u32; 4] {
    let [a, b] = dropout.key();
    [a, b, dropout.threshold(), dropout.scale().to_bits()]
}

/// One value for each of three layers, the last repeated.
fn for_layers(layers: &[LinearAt], value: impl Fn(&LinearAt) -> usize) -> [u32; 3] {
    std::array::from_fn(|l| value(&layers[l.min(layers.len() - 1)]) as u32)
}

/// The arrays linear layers read, (parts, streams, firsts) as the shaders want them, and the rows.
fn input<'a>(input: &Input<'a, Array>, batch: &Batch) -> ([&'a Array; 3], [u32; 3], usize) {
    let n = batch.plan.rows();
    match input {
        Input::Rows(x) => ([x, x, x], [1, 0, 0], n),
        Input::FirstRows(x) => ([x, x, x], [1, 0, 1], batch.plan.windows()),
        Input::Streams(ctx, val) => ([ctx, val, val], [1, 1, 0], n),
        Input::Joined(parts) => (*parts, [3, 0, 0], n),
    }
}

/// How many arrays a kernel tells apart when it loads: 1 or 3.
fn sources([parts, streams, _]: [u32; 3]) -> usize {
    if parts == 1 && streams == 0 { 1 } else { 3 }
}

fn tiles(columns: usize, rows: usize, deep: usize) -> [usize; 3] {
    [columns.div_ceil(TILE), rows.div_ceil(TILE), deep]
}

impl Kernels for Gpu {
    type Floats = Array;
    type Batch = Batch;

    fn floats(&mut self, len: usize) -> Result<Array> {
        self.array(len)
    }

    fn reserve(&mut self, x: &mut Array, len: usize) -> Result<()> {
        self.grow(x, len)
    }

    fn write(&mut self, x: &mut Array, values: &[f32]) {
        self.put(x, values);
    }

    async fn read(&mut self, x: &Array, from: usize, len: usize) -> Result<Vec<f32>> {
        self.fetch(x, from, len).await
    }

    fn copy(&mut self, from: &Array, first: usize, to: &mut Array, at: usize, len: usize) {
        self.record_copy(from, first, to, at, len);
    }

    fn submit(&mut self) {
        self.flush();
    }

    fn stats(&mut self) -> &mut DeviceStats {
        &mut self.clock
    }

    fn batch(&mut self, plan: PreparedBatch, old: Option<Batch>) -> Result<Batch> {
        let (integers, floats) = (batch::integers(&plan), batch::floats(&plan));
        let mut batch = match old {
            Some(old) => Batch { plan, ..old },
            None => Batch { plan, integers: self.array(integers.len())?, floats: self.array(floats.len())? },
        };
        self.grow(&mut batch.integers, integers.len())?;
        self.grow(&mut batch.floats, floats.len())?;
        self.put(&batch.integers, &integers);
        self.put(&batch.floats, &floats);
        Ok(batch)
    }

    fn embed(
        &mut self,
        params: &Array,
        batch: &Batch,
        at: EmbeddingTables,
        ctx: &mut Array,
        val: &mut Array,
        next: &mut Array,
    ) {
        let settings = [at.width, at.context, at.value, at.concept, at.position].map(|v| v as u32);
        let arrays = [&batch.integers, params, ctx, val, next].map(Some);
        self.dispatch(Shader::embed(), &settings, &arrays, groups(batch.plan.rows() * at.width));
    }

    fn embed_grad(
        &mut self,
        batch: &Batch,
        at: EmbeddingTables,
        d_ctx: &Array,
        d_val: &Array,
        d_next: &Array,
        grads: &mut Array,
    ) {
        let settings = [at.width, at.context, at.value, at.concept, at.position, at.skills, at.positions];
        let arrays = [&batch.integers, d_ctx, d_val, d_next, grads].map(Some);
        let vectors = 5 * at.skills + at.positions;
        self.dispatch(Shader::embed_grad(), &settings.map(|v| v as u32), &arrays, groups(vectors * at.width));
    }

    fn linear(
        &mut self,
        params: &Array,
        batch: &Batch,
        from: Input<'_, Array>,
        layers: &[LinearAt],
        activation: Activation,
        dropout: Dropout,
        out: &mut Array,
    ) {
        let ([x0, x1, x2], how, rows) = input(&from, batch);
        let at = layers[0];
        let activation = match activation {
            Activation::None => 0,
            Activation::Relu => 1,
            Activation::Sigmoid => 2,
        };
        let mut settings = vec![rows as u32, at.inputs as u32, at.outputs as u32];
        settings.extend(how);
        settings.push(activation);
        settings.extend(for_layers(layers, |l| l.weight));
        settings.extend(for_layers(layers, |l| l.bias));
        settings.extend(dropout_words(dropout));
        let arrays = [&batch.integers, params, x0, x1, x2, out].map(Some);
        self.dispatch(Shader::linear(sources(how)), &settings, &arrays, tiles(at.outputs, rows, layers.len()));
    }

    fn linear_input_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        d_out: &Array,
        layers: &[LinearAt],
        to: InputGrad<'_, Array>,
    ) {
        let (n, at) = (batch.plan.rows(), layers[0]);
        // parts, streams, firsts, add, through
        let (how, rows, scale, forward, outputs): ([u32; 5], usize, f32, &Array, [Option<&Array>; 3]) = match &to {
            InputGrad::Rows(d_x) => ([1, 0, 0, 0, 0], n, 1.0, d_out, [Some(d_x), None, None]),
            InputGrad::Through { grad, output, scale } => {
                ([1, 0, 0, 0, 1], n, *scale, output, [Some(grad), None, None])
            }
            InputGrad::Add(d_x) => ([1, 0, 0, 1, 0], n, 1.0, d_out, [Some(d_x), None, None]),
            InputGrad::AddFirstRows(d_x) => {
                ([1, 0, 1, 1, 0], batch.plan.windows(), 1.0, d_out, [Some(d_x), None, None])
            }
            InputGrad::AddStreams(d_ctx, d_val) => ([1, 1, 0, 1, 0], n, 1.0, d_out, [Some(d_ctx), Some(d_val), None]),
            InputGrad::Joined([a, b, c]) => ([3, 0, 0, 0, 0], n, 1.0, d_out, [Some(a), Some(b), Some(c)]),
        };
        let mut settings = vec![rows as u32, at.inputs as u32, at.outputs as u32];
        settings.extend(how);
        settings.push(scale.to_bits());
        settings.extend(for_layers(layers, |l| l.weight));
        let read = [&batch.integers, params, d_out, forward].map(Some);
        let arrays: Vec<_> = read.into_iter().chain(outputs).collect();
        let deep = if how[1] == 1 { 2 } else { 1 };
        self.dispatch(Shader::linear_input_grad(), &settings, &arrays, tiles(at.inputs, rows, deep));
    }

    fn linear_weight_grad(
        &mut self,
        batch: &Batch,
        d_out: &Array,
        from: Input<'_, Array>,
        layers: &[LinearAt],
        grads: &mut Array,
    ) {
        let ([x0, x1, x2], how, rows) = input(&from, batch);
        let at = layers[0];
        let mut settings = vec![rows as u32, at.inputs as u32, at.outputs as u32];
        settings.extend(how);
        settings.extend(for_layers(layers, |l| l.weight));
        settings.extend(for_layers(layers, |l| l.bias));
        let arrays = [&batch.integers, d_out, x0, x1, x2, grads].map(Some);
        let parts = how[0] as usize;
        let count = tiles(at.inputs / parts, at.outputs, parts.max(layers.len()));
        self.dispatch(Shader::linear_weight_grad(sources(how)), &settings, &arrays, count);
    }

    fn attention(&mut self, batch: &Batch, heads: AttentionSizes, qkv: &Array, out: &mut Array, lse: &mut Array) {
        let shader = Shader::attention(heads.heads, heads.width);
        let arrays = [&batch.integers, qkv, out, lse].map(Some);
        self.dispatch(shader, &[], &arrays, groups(batch.plan.rows() * heads.heads));
    }

    fn attention_grad(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        qkv: &Array,
        out: &Array,
        lse: &Array,
        d_out: &Array,
        delta: &mut Array,
        d_qkv: &mut Array,
    ) {
        let tasks = groups(batch.plan.rows() * heads.heads);
        let arrays = [&batch.integers, qkv, out, lse, d_out, &*delta, &*d_qkv].map(Some);
        self.dispatch(Shader::attention_query_grad(heads.heads, heads.width), &[], &arrays, tasks);
        let arrays = [&batch.integers, qkv, lse, &*delta, d_out, &*d_qkv].map(Some);
        self.dispatch(Shader::attention_key_value_grad(heads.heads, heads.width), &[], &arrays, tasks);
    }

    fn residual_norm(
        &mut self,
        params: &Array,
        batch: &Batch,
        width: usize,
        a: &Array,
        streams: &mut [NormStream<'_, Array>],
        stats: &mut Array,
    ) {
        let n = batch.plan.rows();
        let last = streams.len() - 1;
        let (one, two) = (streams[0].at, streams[last].at);
        let settings = [n, width, one.weight, two.weight, one.bias, two.bias].map(|v| v as u32);
        let second = (last > 0).then(|| &*streams[last].out);
        let [x0, x1] = [streams[0].x, streams[last].x];
        let arrays = [Some(params), Some(a), Some(x0), Some(x1), Some(&*streams[0].out), second, Some(&*stats)];
        self.dispatch(Shader::residual_norm(), &settings, &arrays, workgroup_grid(n.div_ceil(4), streams.len()));
    }

    fn residual_norm_grad(
        &mut self,
        params: &Array,
        batch: &Batch,
        width: usize,
        a: &Array,
        streams: &mut [NormStreamGrad<'_, Array>],
        stats: &Array,
        dropout: Dropout,
        d_a: &mut Array,
        grads: &mut Array,
    ) {
        let n = batch.plan.rows();
        let last = streams.len() - 1;
        let (one, two) = (streams[0].at, streams[last].at);
        let [x0, x1] = [streams[0].x, streams[last].x];
        let [grad0, grad1] = [&*streams[0].grad, &*streams[last].grad];
        let settings = [n, width, one.weight, two.weight, one.bias, two.bias].map(|v| v as u32);
        let arrays = [a, x0, x1, stats, grad0, grad1, &*grads].map(Some);
        self.dispatch(Shader::norm_affine_grad(), &settings, &arrays, [width.div_ceil(16), streams.len(), 1]);
        let mut settings = [n, width, one.weight, two.weight, streams.len()].map(|v| v as u32).to_vec();
        settings.extend(dropout_words(dropout));
        let second = (last > 0).then_some(grad1);
        let read = [params, a, x0, x1, stats].map(Some);
        let arrays: Vec<_> = read.into_iter().chain([Some(grad0), second, Some(&*d_a)]).collect();
        self.dispatch(Shader::residual_norm_grad(), &settings, &arrays, workgroup_grid(n.div_ceil(4), 1));
    }

    fn scan(&mut self, batch: &Batch, skills: usize, initial: &Array, gains: &Array, mastery: &mut Array) {
        let arrays = [&batch.integers, initial, gains, mastery].map(Some);
        self.dispatch(Shader::scan(), &[skills as u32], &arrays, groups(batch.plan.windows() * skills));
    }

    fn row_stats(
        &mut self,
        batch: &Batch,
        skills: usize,
        heads: Option<(&Array, &Array)>,
        logits: &Array,
        stats: &mut Array,
        d_logits: &mut Array,
    ) {
        let settings = [skills as u32, u32::from(heads.is_some())];
        let (mastery, gains) = heads.unwrap_or((logits, logits));
        let arrays = [&batch.integers, mastery, gains, logits, stats, d_logits].map(Some);
        self.dispatch(Shader::row_stats(), &settings, &arrays, groups(batch.plan.rows()));
    }

    fn losses(
        &mut self,
        batch: &Batch,
        skills: usize,
        s: &LossSettings,
        stats: &Array,
        buffers: &mut LossBuffers<Array>,
    ) {
        let t = &batch.plan.targets;
        let (integers, floats) = (&batch.integers, &batch.floats);
        let LossBuffers { groups: correlated, terms, factors, rows } = buffers;
        let arrays = [integers, floats, stats, &*correlated].map(Some);
        self.dispatch(Shader::correlations(), &[], &arrays, [t.groups.len(), 1, 1]);
        let bits = f32::to_bits;
        let settings = [
            skills as u32,
            u32::from(s.heads),
            bits(t.right_share),
            bits(t.wrong_share),
            t.later_rows as u32,
            bits(s.non_negative),
            bits(s.monotonicity),
            bits(s.mastery_performance),
            bits(s.gain_performance),
            bits(s.sparsity),
            bits(s.consistency),
            bits(s.alignment),
            u32::from(s.adapt_below.is_some()),
            bits(s.adapt_below.unwrap_or_default()),
            bits(s.lag),
            bits(s.retention),
            bits(s.retention_floor),
            bits(s.variance_floor),
        ];
        let arrays = [integers, floats, stats, &*correlated, &*terms, &*factors].map(Some);
        self.dispatch(Shader::losses(), &settings, &arrays, [1, 1, 1]);
        let settings = [skills as u32, bits(t.right_share), bits(t.wrong_share)];
        let arrays = [integers, floats, stats, &*correlated, &*factors, &*rows].map(Some);
        self.dispatch(Shader::row_grads(), &settings, &arrays, groups(batch.plan.rows()));
    }

    fn scan_grad(
        &mut self,
        batch: &Batch,
        skills: usize,
        mastery: &Array,
        gains: &Array,
        losses: &LossBuffers<Array>,
        d_gains: &mut Array,
        d_initial: &mut Array,
    ) {
        let arrays = [&batch.integers, mastery, gains, &losses.rows, &losses.factors, d_gains, d_initial].map(Some);
        self.dispatch(Shader::scan_grad(), &[skills as u32], &arrays, groups(batch.plan.windows() * skills));
    }

    fn adam(
        &mut self,
        params: &mut Array,
        grads: &Array,
        moments: &mut Array,
        total: usize,
        step: AdamStep,
        norm: &mut Array,
    ) {
        let count = step.count as u32;
        self.dispatch(Shader::grad_norm(), &[count], &[grads, &*norm].map(Some), [256, 1, 1]);
        let floats = [step.clip, step.weight_decay, step.step_size(), step.second_scale()].map(f32::to_bits);
        let mut settings = vec![count, total as u32];
        settings.extend(floats);
        let arrays = [&*params, grads, &*moments, &*norm].map(Some);
        self.dispatch(Shader::adam(), &settings, &arrays, groups(step.count));
    }
}
