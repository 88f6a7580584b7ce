//! What the library for matrix products reaches on this machine: the mark for the CPU device.

use rayon::prelude::*;

use crate::ops::cpu::product::{Matrix, product};
use crate::platform::Instant;

/// Times the product is tried.
const TRIES: usize = 15;

/// 10⁹ operations a second of `x·wᵀ`, x `[rows, inputs]` and w `[outputs, inputs]`, the rows spread evenly over the cores, each
/// core in one call: the best of some tries.
pub(super) fn gflops(rows: usize, inputs: usize, outputs: usize) -> f64 {
    let noise = |len: usize| (0..len).map(|i| ((i * 7 + 3) % 11) as f32 - 5.0).collect::<Vec<f32>>();
    let (x, w) = (noise(rows * inputs), noise(outputs * inputs));
    let mut out = vec![0.0; rows * outputs];
    let each = rows.div_ceil(rayon::current_num_threads());
    let seconds = |out: &mut [f32]| {
        let began = Instant::now();
        out.par_chunks_mut(each * outputs).zip(x.par_chunks(each * inputs)).for_each(|(out, x)| {
            let rows = out.len() / outputs;
            let w = Matrix::new(&w, outputs, inputs, inputs).transposed();
            product(out, outputs, false, 1.0, Matrix::new(x, rows, inputs, inputs), w);
        });
        began.elapsed().as_secs_f64()
    };
    let best = (0..TRIES).map(|_| seconds(&mut out)).fold(f64::INFINITY, f64::min);
    2e-9 * (rows * inputs * outputs) as f64 / best
}
