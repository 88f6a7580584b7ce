//! A recurrent layer, LSTM (`shaders/lstm/`): each window is read from its first row to its last (MODEL §10).

mod cpu;
pub(crate) mod gpu;

use super::{Arrays, Dropout, LinearOffsets};

/// Largest width of the layer: a window's state lies in 16 KiB of workgroup memory.
pub const MAX_LSTM_WIDTH: usize = 512;

/// What a forward pass leaves; N rows, D features.
#[derive(Debug)]
pub struct LstmWork<F> {
    /// Input, forget, candidate and output gate after their activations, `[N, 4D]`.
    pub gates: F,
    /// Cell state c after each row, `[N, D]`.
    pub cells: F,
    /// Hidden state h before each row, 0 before a window's first, `[N, D]`.
    pub before: F,
    /// Hidden state after each row, with dropout, `[N, D]`.
    pub out: F,
}

/// LSTM layers. N rows, D features.
#[allow(clippy::too_many_arguments)]
pub trait LstmKernels: Arrays {
    /// i, f, g, o = W_ih·x + b_ih + W_hh·h\[t−1\] + b_hh, the first two and the last through σ, g through tanh;
    /// c\[t\] = f·c\[t−1\] + i·g; h\[t\] = o·tanh(c\[t\]). `work.gates` holds W_ih·x + b_ih beforehand; `recurrent` is W_hh and b_hh, D
    /// inputs and 4D outputs.
    fn lstm(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        recurrent: LinearOffsets,
        dropout: Dropout,
        work: &mut LstmWork<Self::Floats>,
    );

    /// One step of the same for single rows that follow rows of another batch ([`super::PreparedBatch::history`]), from the state
    /// that a forward pass without dropout left of those; 0 where a row follows none. Leaves `work.out` alone; dropout is off.
    fn lstm_after(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        recurrent: LinearOffsets,
        history: &LstmWork<Self::Floats>,
        work: &mut LstmWork<Self::Floats>,
    );

    /// Gradient with respect to the gates before their activations, `[N, 4D]`, from that of `work.out`.
    fn lstm_grad(
        &mut self,
        params: &Self::Floats,
        batch: &Self::Batch,
        recurrent: LinearOffsets,
        dropout: Dropout,
        d_out: &Self::Floats,
        work: &LstmWork<Self::Floats>,
        d_gates: &mut Self::Floats,
    );
}
