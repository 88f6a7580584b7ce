//! The arrays an encoder leaves its results in, kept from batch to batch.

use crate::config::EncoderKind;
use crate::error::Result;
use crate::model::ModelConfig;
use crate::ops::{Input, InputGrad, Kernels, LstmWork};

/// What an encoder block leaves for its backward pass.
#[derive(Debug)]
pub(in crate::model) struct BlockWork<F> {
    pub qkv: F,
    pub attended: F,
    pub lse: F,
    /// Attention's output after projection and dropout.
    pub a: F,
    pub x: F,
    pub val: F,
    pub stats1: F,
    pub hidden: F,
    /// The feed-forward layer's output after dropout.
    pub f: F,
    pub ctx: F,
    pub stats2: F,
}

impl<F> BlockWork<F> {
    fn arrays(self) -> [F; 11] {
        let Self { qkv, attended, lse, a, x, val, stats1, hidden, f, ctx, stats2 } = self;
        [qkv, attended, lse, a, x, val, stats1, hidden, f, ctx, stats2]
    }
}

/// Arrays of a forward pass.
#[derive(Debug)]
pub(in crate::model) struct EncoderWork<F> {
    /// The embedded context stream.
    pub ctx: F,
    /// The embedded value stream.
    pub val: F,
    /// The embedded skill asked next, of models that read it.
    pub next: F,
    /// What the LSTM leaves, of encoders that are one.
    pub lstm: Option<LstmWork<F>>,
    /// One a block where gradients are wanted, else two that take turns.
    pub blocks: Vec<BlockWork<F>>,
    /// Blocks of the last forward pass.
    count: usize,
}

/// Gradients of the streams, and what the encoder's backward pass needs on the way.
#[derive(Debug)]
pub(in crate::model) struct StreamGrads<F> {
    pub d_ctx: F,
    pub d_val: F,
    pub d_next: F,
    pub d_hidden: F,
    /// What each row adds to the gradient of its item's μ, of models that know items.
    pub shift_by_row: F,
    pub(super) d_a: F,
    pub(super) d_attended: F,
    pub(super) delta: F,
    pub(super) d_qkv: F,
    /// With respect to the gates of an LSTM before their activations.
    pub(super) d_gates: F,
}

/// An array to be reserved before use.
fn empty<K: Kernels>(kernels: &mut K) -> Result<K::Floats> {
    kernels.floats(4)
}

fn block<K: Kernels>(k: &mut K) -> Result<BlockWork<K::Floats>> {
    Ok(BlockWork {
        qkv: empty(k)?,
        attended: empty(k)?,
        lse: empty(k)?,
        a: empty(k)?,
        x: empty(k)?,
        val: empty(k)?,
        stats1: empty(k)?,
        hidden: empty(k)?,
        f: empty(k)?,
        ctx: empty(k)?,
        stats2: empty(k)?,
    })
}

impl<F: std::fmt::Debug> EncoderWork<F> {
    pub(in crate::model) fn new<K: Kernels<Floats = F>>(k: &mut K) -> Result<Self> {
        Ok(Self { ctx: empty(k)?, val: empty(k)?, next: empty(k)?, lstm: None, blocks: Vec::new(), count: 0 })
    }

    /// Context and value stream after the last block; of an LSTM its inputs and its output.
    pub(in crate::model) fn streams(&self) -> [&F; 2] {
        if let Some(lstm) = &self.lstm {
            return [&self.ctx, &lstm.out];
        }
        let turns = self.blocks.len().max(1);
        self.blocks.get((self.count + turns - 1) % turns).map_or([&self.ctx, &self.val], |b| [&b.ctx, &b.val])
    }

    /// What the heads read: both streams side by side, or the output of an LSTM.
    pub(in crate::model) fn features(&self) -> Input<'_, F> {
        match (self.streams(), &self.lstm) {
            ([_, out], Some(_)) => Input::Rows(out),
            ([ctx, val], None) => Input::Joined(vec![ctx, val]),
        }
    }

    /// Makes room for `n` rows; `keep`: every block's results are kept, not the last two only.
    pub(in crate::model) fn reserve<K: Kernels<Floats = F>>(
        &mut self,
        kernels: &mut K,
        c: &ModelConfig,
        keep: bool,
        n: usize,
    ) -> Result<()> {
        if c.encoder == EncoderKind::Lstm {
            self.count = 0;
            let lstm = match &mut self.lstm {
                Some(lstm) => lstm,
                none => none.insert(LstmWork {
                    gates: empty(kernels)?,
                    cells: empty(kernels)?,
                    before: empty(kernels)?,
                    out: empty(kernels)?,
                }),
            };
            let width = n * c.d_model;
            for (array, len) in [
                (&mut lstm.gates, 4 * width),
                (&mut lstm.cells, width),
                (&mut lstm.before, width),
                (&mut lstm.out, width),
                (&mut self.ctx, width),
                (&mut self.val, width),
                (&mut self.next, width),
            ] {
                kernels.reserve(array, len)?;
            }
            return Ok(());
        }
        self.count = c.num_encoder_blocks;
        let held = if keep { self.count } else { 2.min(self.count) };
        // What an earlier pass kept and this one does not need is given back.
        for block in self.blocks.drain(held.min(self.blocks.len())..) {
            block.arrays().into_iter().for_each(|array| kernels.release(array));
        }
        while self.blocks.len() < held {
            self.blocks.push(block(kernels)?);
        }
        let (d, d_ff) = (c.d_model, c.d_ff);
        for b in &mut self.blocks {
            let sizes = [
                (&mut b.qkv, 3 * d),
                (&mut b.attended, d),
                (&mut b.lse, c.n_heads),
                (&mut b.a, d),
                (&mut b.x, d),
                (&mut b.val, d),
                (&mut b.stats1, 4),
                (&mut b.hidden, d_ff),
                (&mut b.f, d),
                (&mut b.ctx, d),
                (&mut b.stats2, 2),
            ];
            for (array, width) in sizes {
                kernels.reserve(array, n * width)?;
            }
        }
        for array in [&mut self.ctx, &mut self.val, &mut self.next] {
            kernels.reserve(array, n * d)?;
        }
        Ok(())
    }
}

impl<F> StreamGrads<F> {
    /// Where the gradient of what the heads read goes ([`EncoderWork::features`]); `add`: it is added to what is there.
    pub(in crate::model) fn features(&mut self, encoder: EncoderKind, add: bool) -> InputGrad<'_, F> {
        match (encoder, add) {
            (EncoderKind::Attention, false) => InputGrad::Joined(vec![&mut self.d_ctx, &mut self.d_val]),
            (EncoderKind::Attention, true) => InputGrad::AddJoined(vec![&mut self.d_ctx, &mut self.d_val]),
            (EncoderKind::Lstm, false) => InputGrad::Rows(&mut self.d_val),
            (EncoderKind::Lstm, true) => InputGrad::Add(&mut self.d_val),
        }
    }
}

impl<F: std::fmt::Debug> StreamGrads<F> {
    pub(in crate::model) fn new<K: Kernels<Floats = F>>(k: &mut K) -> Result<Self> {
        Ok(Self {
            d_ctx: empty(k)?,
            d_val: empty(k)?,
            d_next: empty(k)?,
            d_hidden: empty(k)?,
            shift_by_row: empty(k)?,
            d_a: empty(k)?,
            d_attended: empty(k)?,
            delta: empty(k)?,
            d_qkv: empty(k)?,
            d_gates: empty(k)?,
        })
    }

    /// Makes room for `n` rows.
    pub(in crate::model) fn reserve<K: Kernels<Floats = F>>(
        &mut self,
        kernels: &mut K,
        c: &ModelConfig,
        n: usize,
    ) -> Result<()> {
        let d = c.d_model;
        if c.encoder == EncoderKind::Lstm {
            let own = [&mut self.d_ctx, &mut self.d_val, &mut self.d_next, &mut self.shift_by_row, &mut self.d_gates];
            for (array, width) in own.into_iter().zip([d, d, d, 1, 4 * d]) {
                kernels.reserve(array, n * width)?;
            }
            return Ok(());
        }
        for (array, len) in [
            (&mut self.d_ctx, n * d),
            (&mut self.d_val, n * d),
            (&mut self.d_next, n * d),
            (&mut self.shift_by_row, if c.num_items > 0 { n } else { 0 }),
            (&mut self.d_a, n * d),
            (&mut self.d_hidden, n * c.d_ff),
            (&mut self.d_attended, n * d),
            (&mut self.delta, n * c.n_heads),
            (&mut self.d_qkv, 3 * n * d),
        ] {
            kernels.reserve(array, len)?;
        }
        Ok(())
    }
}
