//! The arrays a forward and a backward pass leave their results in, kept from batch to batch.

use super::ModelConfig;
use crate::error::Result;
use crate::ops::{FACTORS, Kernels, LossBuffers, RowStat, TERMS};

/// What an encoder block leaves for its backward pass.
#[derive(Debug)]
pub(super) struct BlockWork<F> {
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

/// Arrays of a forward pass.
#[derive(Debug)]
pub(super) struct Forward<F> {
    pub ctx: F,
    pub val: F,
    pub next: F,
    /// One a block where gradients are wanted, else two that take turns.
    pub blocks: Vec<BlockWork<F>>,
    pub hidden: F,
    pub logits: F,
    pub gains: F,
    pub initial: F,
    pub mastery: F,
    pub stats: F,
    pub d_logits: F,
}

/// Context and value stream after `count` blocks that took turns in `blocks`: the `embedded` ones without a block.
pub(super) fn encoded<'a, F>(embedded: [&'a F; 2], blocks: &'a [BlockWork<F>], count: usize) -> [&'a F; 2] {
    let turns = blocks.len().max(1);
    blocks.get((count + turns - 1) % turns).map_or(embedded, |b| [&b.ctx, &b.val])
}

/// Arrays of a backward pass and of the optimizer.
#[derive(Debug)]
pub(super) struct Backward<F> {
    pub grads: F,
    pub moments: F,
    pub norm: F,
    pub losses: LossBuffers<F>,
    pub d_ctx: F,
    pub d_val: F,
    pub d_next: F,
    pub d_a: F,
    pub d_hidden: F,
    pub d_attended: F,
    pub delta: F,
    pub d_qkv: F,
    pub d_gains: F,
    pub d_initial: F,
}

/// Makes arrays of no length, to be reserved before use.
struct Maker<'a, K: Kernels>(&'a mut K);

impl<K: Kernels> Maker<'_, K> {
    fn empty(&mut self) -> Result<K::Floats> {
        self.0.floats(4)
    }

    fn block(&mut self) -> Result<BlockWork<K::Floats>> {
        Ok(BlockWork {
            qkv: self.empty()?,
            attended: self.empty()?,
            lse: self.empty()?,
            a: self.empty()?,
            x: self.empty()?,
            val: self.empty()?,
            stats1: self.empty()?,
            hidden: self.empty()?,
            f: self.empty()?,
            ctx: self.empty()?,
            stats2: self.empty()?,
        })
    }
}

impl<F: std::fmt::Debug> Forward<F> {
    pub(super) fn new<K: Kernels<Floats = F>>(kernels: &mut K) -> Result<Self> {
        let mut make = Maker(kernels);
        Ok(Self {
            ctx: make.empty()?,
            val: make.empty()?,
            next: make.empty()?,
            blocks: Vec::new(),
            hidden: make.empty()?,
            logits: make.empty()?,
            gains: make.empty()?,
            initial: make.empty()?,
            mastery: make.empty()?,
            stats: make.empty()?,
            d_logits: make.empty()?,
        })
    }

    /// Makes room for `n` rows and `w` windows, with `blocks` blocks' results at once.
    pub(super) fn reserve<K: Kernels<Floats = F>>(
        &mut self,
        kernels: &mut K,
        c: &ModelConfig,
        blocks: usize,
        n: usize,
        w: usize,
    ) -> Result<()> {
        while self.blocks.len() < blocks {
            self.blocks.push(Maker(kernels).block()?);
        }
        let (d, d_ff) = (c.d_model, c.d_ff);
        for b in &mut self.blocks[..blocks] {
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
        let cells = if c.interpretable() { c.num_c } else { 1 };
        for (array, len) in [
            (&mut self.ctx, n * d),
            (&mut self.val, n * d),
            (&mut self.next, n * d),
            (&mut self.hidden, n * d_ff),
            (&mut self.logits, n),
            (&mut self.gains, n * cells),
            (&mut self.initial, w * cells),
            (&mut self.mastery, n * cells),
            (&mut self.stats, n * RowStat::COUNT),
            (&mut self.d_logits, n),
        ] {
            kernels.reserve(array, len)?;
        }
        Ok(())
    }
}

impl<F: std::fmt::Debug> Backward<F> {
    /// Arrays for a model of `parameters` parameters; moments start at 0.
    pub(super) fn new<K: Kernels<Floats = F>>(kernels: &mut K, parameters: usize) -> Result<Self> {
        let (grads, mut moments, norm) =
            (kernels.floats(parameters)?, kernels.floats(2 * parameters)?, kernels.floats(257)?);
        kernels.write(&mut moments, &vec![0.0; 2 * parameters]);
        let (terms, factors) = (kernels.floats(TERMS.len())?, kernels.floats(FACTORS)?);
        let mut make = Maker(kernels);
        Ok(Self {
            grads,
            moments,
            norm,
            losses: LossBuffers { groups: make.empty()?, terms, factors, rows: make.empty()? },
            d_ctx: make.empty()?,
            d_val: make.empty()?,
            d_next: make.empty()?,
            d_a: make.empty()?,
            d_hidden: make.empty()?,
            d_attended: make.empty()?,
            delta: make.empty()?,
            d_qkv: make.empty()?,
            d_gains: make.empty()?,
            d_initial: make.empty()?,
        })
    }

    /// Makes room for `n` rows, `w` windows and `groups` correlation groups.
    pub(super) fn reserve<K: Kernels<Floats = F>>(
        &mut self,
        kernels: &mut K,
        c: &ModelConfig,
        [n, w, groups]: [usize; 3],
    ) -> Result<()> {
        let (d, cells) = (c.d_model, if c.interpretable() { c.num_c } else { 1 });
        for (array, len) in [
            (&mut self.losses.groups, 4 * groups),
            (&mut self.losses.rows, 4 * n),
            (&mut self.d_ctx, n * d),
            (&mut self.d_val, n * d),
            (&mut self.d_next, n * d),
            (&mut self.d_a, n * d),
            (&mut self.d_hidden, n * c.d_ff),
            (&mut self.d_attended, n * d),
            (&mut self.delta, n * c.n_heads),
            (&mut self.d_qkv, 3 * n * d),
            (&mut self.d_gains, n * cells),
            (&mut self.d_initial, w * cells),
        ] {
            kernels.reserve(array, len)?;
        }
        Ok(())
    }
}
