//! The operations in Rust: loops over ragged rows, vectorised and spread over threads.
//!
//! Work is cut the same way whatever the number of threads, so results do not depend on it.

mod attention;
mod embedding;
mod lanes;
mod linear;
mod losses;
mod product;
mod rows;
mod scan;

use web_time::Instant;

use self::losses::Cells;
use super::{
    Activation, AdamStep, AttentionSizes, DeviceStats, Dropout, EmbeddingTables, Input, InputGrad, Kernels, LinearAt,
    LossBuffers, LossSettings, NormStream, NormStreamGrad, PreparedBatch,
};
use crate::error::Result;

/// The CPU as a device.
#[derive(Debug, Default)]
pub struct Cpu {
    clock: DeviceStats,
}

/// A batch on the CPU.
#[derive(Debug)]
pub struct Batch {
    plan: PreparedBatch,
    /// [`PreparedBatch::group_rows`].
    group_rows: Vec<u32>,
}

impl Cpu {
    /// Runs one operation and counts it.
    fn run<R>(&mut self, name: &'static str, work: impl FnOnce() -> R) -> R {
        let began = Instant::now();
        let result = work();
        self.clock.dispatches += 1;
        self.clock.add(name, began.elapsed().as_secs_f64());
        result
    }
}

/// The parts of a row that linear layer `layer` reads.
fn parts<'a>(input: &'a Input<'_, Vec<f32>>, layer: usize, rows: usize, width: usize) -> linear::Parts<'a> {
    match input {
        Input::Rows(x) | Input::FirstRows(x) => vec![&x[..rows * width]],
        Input::Streams(ctx, val) => vec![&if layer < 2 { ctx } else { val }[..rows * width]],
        Input::Joined(parts) => parts.iter().map(|x| &x[..rows * width / 3]).collect(),
    }
}

/// The first row of each window of `x` `[N, width]`, one after another.
fn first_rows(x: &[f32], batch: &Batch, width: usize) -> Vec<f32> {
    let starts = &batch.plan.batch.offsets[..batch.plan.windows()];
    starts.iter().flat_map(|&row| &x[row as usize * width..][..width]).copied().collect()
}

impl Kernels for Cpu {
    type Floats = Vec<f32>;
    type Batch = Batch;

    fn floats(&mut self, len: usize) -> Result<Vec<f32>> {
        self.clock.held(0, 4 * len);
        Ok(vec![0.0; len])
    }

    fn reserve(&mut self, x: &mut Vec<f32>, len: usize) -> Result<()> {
        if x.len() < len {
            self.clock.held(4 * x.len(), 4 * len);
            *x = vec![0.0; len];
        }
        Ok(())
    }

    fn write(&mut self, x: &mut Vec<f32>, values: &[f32]) {
        x[..values.len()].copy_from_slice(values);
    }

    async fn read(&mut self, x: &Vec<f32>, from: usize, len: usize) -> Result<Vec<f32>> {
        self.clock.bytes_read += 4 * len as u64;
        Ok(x[from..from + len].to_vec())
    }

    fn copy(&mut self, from: &Vec<f32>, first: usize, to: &mut Vec<f32>, at: usize, len: usize) {
        to[at..at + len].copy_from_slice(&from[first..first + len]);
    }

    fn submit(&mut self) {}

    fn stats(&mut self) -> &mut DeviceStats {
        &mut self.clock
    }

    fn batch(&mut self, plan: PreparedBatch, _: Option<Batch>) -> Result<Batch> {
        let (group_rows, _) = plan.group_rows();
        Ok(Batch { plan, group_rows })
    }

    fn embed(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        at: EmbeddingTables,
        ctx: &mut Vec<f32>,
        val: &mut Vec<f32>,
        next: &mut Vec<f32>,
    ) {
        let len = batch.plan.rows() * at.width;
        let out = [&mut ctx[..len], &mut val[..len], &mut next[..len]];
        self.run("embed", || embedding::forward(params, &batch.plan, at, out));
    }

    fn embed_grad(
        &mut self,
        batch: &Batch,
        at: EmbeddingTables,
        d_ctx: &Vec<f32>,
        d_val: &Vec<f32>,
        d_next: &Vec<f32>,
        grads: &mut Vec<f32>,
    ) {
        self.run("embed_grad", || embedding::backward(&batch.plan, at, [d_ctx, d_val, d_next], grads));
    }

    fn linear(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        input: Input<'_, Vec<f32>>,
        layers: &[LinearAt],
        activation: Activation,
        dropout: Dropout,
        out: &mut Vec<f32>,
    ) {
        let firsts = match &input {
            Input::FirstRows(x) => Some(first_rows(x, batch, layers[0].inputs)),
            _ => None,
        };
        let input = firsts.as_ref().map_or(input, Input::Rows);
        let rows = if firsts.is_some() { batch.plan.windows() } else { batch.plan.rows() };
        self.run("linear", || {
            for (l, &at) in layers.iter().enumerate() {
                let from = l * rows * at.outputs;
                let out = &mut out[from..from + rows * at.outputs];
                linear::forward(params, &parts(&input, l, rows, at.inputs), at, activation, dropout, from, out);
            }
        });
    }

    fn linear_input_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        d_out: &Vec<f32>,
        layers: &[LinearAt],
        to: InputGrad<'_, Vec<f32>>,
    ) {
        let (n, at) = (batch.plan.rows(), layers[0]);
        let of = |l: usize, rows: usize| (&d_out[l * rows * at.outputs..(l + 1) * rows * at.outputs], layers[l]);
        let width = at.inputs;
        self.run("linear_input_grad", || match to {
            InputGrad::Rows(d_x) => {
                linear::input_grad(params, &[of(0, n)], 0, width, false, None, &mut d_x[..n * width]);
            }
            InputGrad::Through { grad, output, scale } => {
                let through = Some((&output[..n * width], scale));
                linear::input_grad(params, &[of(0, n)], 0, width, false, through, &mut grad[..n * width]);
            }
            InputGrad::Add(d_x) => linear::input_grad(params, &[of(0, n)], 0, width, true, None, &mut d_x[..n * width]),
            InputGrad::AddFirstRows(d_x) => {
                let windows = batch.plan.windows();
                let mut firsts = vec![0.0; windows * width];
                linear::input_grad(params, &[of(0, windows)], 0, width, false, None, &mut firsts);
                for (first, &row) in firsts.chunks_exact(width).zip(&batch.plan.batch.offsets) {
                    for (d, f) in d_x[row as usize * width..].iter_mut().zip(first) {
                        *d += f;
                    }
                }
            }
            InputGrad::AddStreams(d_ctx, d_val) => {
                linear::input_grad(params, &[of(0, n), of(1, n)], 0, width, true, None, &mut d_ctx[..n * width]);
                linear::input_grad(params, &[of(2, n)], 0, width, true, None, &mut d_val[..n * width]);
            }
            InputGrad::Joined(parts) => {
                let width = width / 3;
                for (p, d_x) in parts.into_iter().enumerate() {
                    linear::input_grad(params, &[of(0, n)], p * width, width, false, None, &mut d_x[..n * width]);
                }
            }
        });
    }

    fn linear_weight_grad(
        &mut self,
        batch: &Batch,
        d_out: &Vec<f32>,
        input: Input<'_, Vec<f32>>,
        layers: &[LinearAt],
        grads: &mut Vec<f32>,
    ) {
        let firsts = match &input {
            Input::FirstRows(x) => Some(first_rows(x, batch, layers[0].inputs)),
            _ => None,
        };
        let input = firsts.as_ref().map_or(input, Input::Rows);
        let rows = if firsts.is_some() { batch.plan.windows() } else { batch.plan.rows() };
        self.run("linear_weight_grad", || {
            for (l, &at) in layers.iter().enumerate() {
                let d_out = &d_out[l * rows * at.outputs..(l + 1) * rows * at.outputs];
                linear::weight_grad(d_out, &parts(&input, l, rows, at.inputs), at, grads);
            }
        });
    }

    fn attention(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        qkv: &Vec<f32>,
        out: &mut Vec<f32>,
        lse: &mut Vec<f32>,
    ) {
        let (n, width) = (batch.plan.rows(), heads.heads * heads.width);
        let qkv = std::array::from_fn(|i| &qkv[i * n * width..(i + 1) * n * width]);
        let (out, lse) = (&mut out[..n * width], &mut lse[..n * heads.heads]);
        self.run("attention", || attention::forward(qkv, &batch.plan.batch.offsets, heads, out, lse));
    }

    fn attention_grad(
        &mut self,
        batch: &Batch,
        heads: AttentionSizes,
        qkv: &Vec<f32>,
        out: &Vec<f32>,
        lse: &Vec<f32>,
        d_out: &Vec<f32>,
        _: &mut Vec<f32>,
        d_qkv: &mut Vec<f32>,
    ) {
        let len = batch.plan.rows() * heads.heads * heads.width;
        let (q, k, v) = (&qkv[..len], &qkv[len..2 * len], &qkv[2 * len..3 * len]);
        let (dq, rest) = d_qkv.split_at_mut(len);
        let (dk, rest) = rest.split_at_mut(len);
        let d_qkv = [dq, dk, &mut rest[..len]];
        let saved = [q, k, v, out, lse];
        self.run("attention_grad", || attention::backward(saved, d_out, &batch.plan.batch.offsets, heads, d_qkv));
    }

    fn residual_norm(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        width: usize,
        a: &Vec<f32>,
        streams: &mut [NormStream<'_, Vec<f32>>],
        stats: &mut Vec<f32>,
    ) {
        let n = batch.plan.rows();
        let len = n * width;
        self.run("residual_norm", || {
            for (s, stats) in streams.iter_mut().zip(stats.chunks_exact_mut(2 * n)) {
                rows::norm(&s.x[..len], &a[..len], params, s.at, width, &mut s.out[..len], stats);
            }
        });
    }

    fn residual_norm_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        width: usize,
        a: &Vec<f32>,
        streams: &mut [NormStreamGrad<'_, Vec<f32>>],
        stats: &Vec<f32>,
        dropout: Dropout,
        d_a: &mut Vec<f32>,
        grads: &mut Vec<f32>,
    ) {
        let n = batch.plan.rows();
        let len = n * width;
        self.run("residual_norm_grad", || {
            for (s, stats) in streams.iter_mut().zip(stats.chunks_exact(2 * n)) {
                rows::norm_grad([&s.x[..len], &a[..len], stats], params, s.at, width, &mut s.grad[..len], grads);
            }
            let sums: Vec<&[f32]> = streams.iter().map(|s| &s.grad[..len]).collect();
            rows::joined_dropout(&sums, dropout, &mut d_a[..len]);
        });
    }

    fn scan(&mut self, batch: &Batch, skills: usize, initial: &Vec<f32>, gains: &Vec<f32>, mastery: &mut Vec<f32>) {
        let mastery = &mut mastery[..batch.plan.rows() * skills];
        self.run("scan", || scan::forward(initial, gains, &batch.plan.batch.offsets, skills, mastery));
    }

    fn row_stats(
        &mut self,
        batch: &Batch,
        skills: usize,
        heads: Option<(&Vec<f32>, &Vec<f32>)>,
        logits: &Vec<f32>,
        stats: &mut Vec<f32>,
        d_logits: &mut Vec<f32>,
    ) {
        let cells = heads.map(|(mastery, gains)| Cells { mastery, gains, skills });
        self.run("row_stats", || losses::row_stats(&batch.plan, cells, logits, stats, d_logits));
    }

    fn losses(
        &mut self,
        batch: &Batch,
        skills: usize,
        settings: &LossSettings,
        stats: &Vec<f32>,
        buffers: &mut LossBuffers<Vec<f32>>,
    ) {
        let LossBuffers { groups, terms, factors, rows } = buffers;
        self.run("losses", || {
            losses::correlations(&batch.plan, stats, &mut groups[..4 * batch.plan.targets.groups.len()]);
            losses::terms(&batch.plan, skills, settings, stats, groups, terms, factors);
            losses::row_grads(&batch.plan, skills, stats, groups, factors, &batch.group_rows, rows);
        });
    }

    fn scan_grad(
        &mut self,
        batch: &Batch,
        skills: usize,
        mastery: &Vec<f32>,
        gains: &Vec<f32>,
        losses: &LossBuffers<Vec<f32>>,
        d_gains: &mut Vec<f32>,
        d_initial: &mut Vec<f32>,
    ) {
        let (rows, windows) = (batch.plan.rows(), batch.plan.windows());
        let cells = Cells { mastery, gains, skills };
        let loss = scan::LossGrad { plan: &batch.plan, cells, factors: &losses.factors, rows: &losses.rows };
        let (d_gains, d_initial) = (&mut d_gains[..rows * skills], &mut d_initial[..windows * skills]);
        self.run("scan_grad", || scan::backward(&loss, d_gains, d_initial));
    }

    fn adam(
        &mut self,
        params: &mut Vec<f32>,
        grads: &Vec<f32>,
        moments: &mut Vec<f32>,
        total: usize,
        step: AdamStep,
        norm: &mut Vec<f32>,
    ) {
        let (first, second) = moments.split_at_mut(total);
        norm[0] = self.run("adam", || embedding::adam(params, grads, first, second, step));
    }
}
