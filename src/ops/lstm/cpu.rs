//! The recurrence in Rust: some windows at a time go through their rows together, the longest first, so that each step is one
//! matrix product over the windows that are not over yet.

use rayon::prelude::*;

use super::{LstmKernels, LstmWork};
use crate::ops::cpu::lanes::{sigmoid, vectorised};
use crate::ops::cpu::product::{Matrix, product};
use crate::ops::cpu::{Batch, Cpu, by_window};
use crate::ops::{Dropout, LinearOffsets};

/// Windows of a task. Fixed, so that results do not depend on the number of threads.
const WINDOWS: usize = 16;

/// tanh by way of the logistic function, which is vectorised.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// One window's rows of the arrays.
struct Window<'a> {
    /// Its first row in the batch.
    first: usize,
    gates: &'a mut [f32],
    cells: &'a mut [f32],
    before: &'a mut [f32],
    out: &'a mut [f32],
}

impl Window<'_> {
    fn len(&self, width: usize) -> usize {
        self.cells.len() / width
    }
}

/// How many windows, longest first, have more than `t` rows.
fn active(lengths: &[usize], t: usize) -> usize {
    lengths.partition_point(|&length| length > t)
}

/// Takes some windows, longest first, through their rows.
fn forward(windows: &mut [Window<'_>], weight: &[f32], bias: &[f32], dropout: Dropout) {
    let d = bias.len() / 4;
    let lengths: Vec<usize> = windows.iter().map(|w| w.len(d)).collect();
    let mut hidden = vec![0.0; windows.len() * d];
    let mut z = vec![0.0; windows.len() * 4 * d];
    for t in 0..lengths[0] {
        let active = active(&lengths, t);
        for (window, z) in windows[..active].iter().zip(z.chunks_exact_mut(4 * d)) {
            let own = &window.gates[t * 4 * d..][..4 * d];
            vectorised!(z.iter_mut().zip(own.iter().zip(bias)).for_each(|(z, (x, b))| *z = x + b));
        }
        if t > 0 {
            let recurrent = Matrix::new(weight, 4 * d, d, d).transposed();
            product(&mut z, 4 * d, true, 1.0, Matrix::new(&hidden, active, d, d), recurrent);
        }
        for (w, window) in windows[..active].iter_mut().enumerate() {
            let (z, hidden) = (&z[w * 4 * d..][..4 * d], &mut hidden[w * d..][..d]);
            window.before[t * d..][..d].copy_from_slice(hidden);
            let (earlier, now) = window.cells.split_at_mut(t * d);
            let earlier = t.checked_sub(1).map(|t| &earlier[t * d..]);
            let gates = &mut window.gates[t * 4 * d..][..4 * d];
            let row = window.first + t;
            vectorised!({
                for k in 0..d {
                    let (i, f) = (sigmoid(z[k]), sigmoid(z[d + k]));
                    let (g, o) = (tanh(z[2 * d + k]), sigmoid(z[3 * d + k]));
                    let cell = f * earlier.map_or(0.0, |cells| cells[k]) + i * g;
                    (gates[k], gates[d + k], gates[2 * d + k], gates[3 * d + k]) = (i, f, g, o);
                    now[k] = cell;
                    hidden[k] = o * tanh(cell);
                }
            });
            let out = &mut window.out[t * d..][..d];
            out.copy_from_slice(hidden);
            crate::ops::cpu::apply_dropout(out, (row * d) as u32, dropout);
        }
    }
}

/// Takes single rows one step on from the state after the last row of their history.
fn after(
    rows: &[[u32; 2]],
    history: &LstmWork<Vec<f32>>,
    gates: &mut [f32],
    out: &mut [f32],
    weight: &[f32],
    bias: &[f32],
) {
    let d = bias.len() / 4;
    let mut hidden = vec![0.0; rows.len() * d];
    for ([from, to], hidden) in rows.iter().zip(hidden.chunks_exact_mut(d)) {
        if to > from {
            hidden.copy_from_slice(&history.out[(*to as usize - 1) * d..][..d]);
        }
    }
    let recurrent = Matrix::new(weight, 4 * d, d, d).transposed();
    product(gates, 4 * d, true, 1.0, Matrix::new(&hidden, rows.len(), d, d), recurrent);
    for (([from, to], z), out) in rows.iter().zip(gates.chunks_exact(4 * d)).zip(out.chunks_exact_mut(d)) {
        let earlier = (to > from).then(|| &history.cells[(*to as usize - 1) * d..][..d]);
        vectorised!({
            for k in 0..d {
                let gate = |i: usize| z[i * d + k] + bias[i * d + k];
                let (i, f, g, o) = (sigmoid(gate(0)), sigmoid(gate(1)), tanh(gate(2)), sigmoid(gate(3)));
                let cell = f * earlier.map_or(0.0, |cells| cells[k]) + i * g;
                out[k] = o * tanh(cell);
            }
        });
    }
}

/// One window's rows of the gradient, and of what the forward pass left.
struct WindowGrad<'a> {
    first: usize,
    d_gates: &'a mut [f32],
}

/// Takes some windows, longest first, back through their rows.
fn backward(
    windows: &mut [WindowGrad<'_>],
    weight: &[f32],
    d: usize,
    dropout: Dropout,
    d_out: &[f32],
    work: &LstmWork<Vec<f32>>,
) {
    let lengths: Vec<usize> = windows.iter().map(|w| w.d_gates.len() / (4 * d)).collect();
    let mut d_hidden = vec![0.0; windows.len() * d];
    let mut d_cell = vec![0.0; windows.len() * d];
    let mut z = vec![0.0; windows.len() * 4 * d];
    for t in (0..lengths[0]).rev() {
        let active = active(&lengths, t);
        for (w, window) in windows[..active].iter_mut().enumerate() {
            let row = window.first + t;
            let d_hidden = &mut d_hidden[w * d..][..d];
            let d_cell = &mut d_cell[w * d..][..d];
            let z = &mut z[w * 4 * d..][..4 * d];
            let gates = &work.gates[row * 4 * d..][..4 * d];
            let cells = &work.cells[row * d..][..d];
            let earlier = t.checked_sub(1).map(|_| &work.cells[(row - 1) * d..][..d]);
            let mut from_out = d_out[row * d..][..d].to_vec();
            crate::ops::cpu::apply_dropout(&mut from_out, (row * d) as u32, dropout);
            vectorised!({
                for k in 0..d {
                    let (i, f, g, o) = (gates[k], gates[d + k], gates[2 * d + k], gates[3 * d + k]);
                    let d_h = from_out[k] + d_hidden[k];
                    let shown = tanh(cells[k]);
                    let d_c = d_h * o * (1.0 - shown * shown) + d_cell[k];
                    z[k] = d_c * g * i * (1.0 - i);
                    z[d + k] = d_c * earlier.map_or(0.0, |cells| cells[k]) * f * (1.0 - f);
                    z[2 * d + k] = d_c * i * (1.0 - g * g);
                    z[3 * d + k] = d_h * shown * o * (1.0 - o);
                    d_cell[k] = d_c * f;
                }
            });
            window.d_gates[t * 4 * d..][..4 * d].copy_from_slice(z);
        }
        if t > 0 {
            product(
                &mut d_hidden,
                d,
                false,
                1.0,
                Matrix::new(&z, active, 4 * d, 4 * d),
                Matrix::new(weight, 4 * d, d, d),
            );
        }
    }
}

impl LstmKernels for Cpu {
    fn lstm(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        recurrent: LinearOffsets,
        dropout: Dropout,
        work: &mut LstmWork<Vec<f32>>,
    ) {
        let batch = &batch.prepared.batch;
        let (d, offsets) = (recurrent.inputs, &batch.offsets);
        let LstmWork { gates, cells, before, out } = work;
        let weight = &params[recurrent.weight..][..4 * d * d];
        let bias = &params[recurrent.bias..][..4 * d];
        self.run("lstm", || {
            let arrays = by_window(gates, offsets, 4 * d).into_iter().zip(by_window(cells, offsets, d));
            let arrays = arrays.zip(by_window(before, offsets, d)).zip(by_window(out, offsets, d));
            let window =
                |(w, (((gates, cells), before), out))| Window { first: offsets[w] as usize, gates, cells, before, out };
            let mut windows: Vec<Window<'_>> = arrays.enumerate().map(window).collect();
            windows.sort_by_key(|w| std::cmp::Reverse(w.len(d)));
            windows.par_chunks_mut(WINDOWS).for_each(|some| forward(some, weight, bias, dropout));
        });
    }

    fn lstm_after(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        recurrent: LinearOffsets,
        history: &LstmWork<Vec<f32>>,
        work: &mut LstmWork<Vec<f32>>,
    ) {
        let rows = batch.prepared.history.as_ref().expect("rows without a history are read by lstm()");
        let d = recurrent.inputs;
        let weight = &params[recurrent.weight..][..4 * d * d];
        let bias = &params[recurrent.bias..][..4 * d];
        let LstmWork { gates, out, .. } = work;
        self.run("lstm_after", || {
            let arrays = gates[..rows.len() * 4 * d].par_chunks_mut(WINDOWS * 4 * d);
            let arrays = arrays.zip(out.par_chunks_mut(WINDOWS * d)).zip(rows.par_chunks(WINDOWS));
            arrays.for_each(|((gates, out), rows)| after(rows, history, gates, out, weight, bias));
        });
    }

    fn lstm_grad(
        &mut self,
        params: &Vec<f32>,
        batch: &Batch,
        recurrent: LinearOffsets,
        dropout: Dropout,
        d_out: &Vec<f32>,
        work: &LstmWork<Vec<f32>>,
        d_gates: &mut Vec<f32>,
    ) {
        let offsets = &batch.prepared.batch.offsets;
        let d = recurrent.inputs;
        let weight = &params[recurrent.weight..][..4 * d * d];
        self.run("lstm_grad", || {
            let rows = by_window(d_gates, offsets, 4 * d).into_iter().enumerate();
            let window = |(w, d_gates): (usize, _)| WindowGrad { first: offsets[w] as usize, d_gates };
            let mut windows: Vec<WindowGrad<'_>> = rows.map(window).collect();
            windows.sort_by_key(|w| std::cmp::Reverse(w.d_gates.len()));
            windows.par_chunks_mut(WINDOWS).for_each(|some| backward(some, weight, d, dropout, d_out, work));
        });
    }
}
