//! GainAKT2Exp's operations as WGSL kernels (`shaders/gainakt2exp/`).

use super::kernels::{GainAktKernels, LossBuffers};
use super::targets::LossTargets;
use super::terms::{ADAPT_MOST, ADAPT_SLOPE, CORR_EPS, Factor, LossArgs, LossSettings, LossTerm, MARGIN, VARIANCE_EPS};
use crate::error::Result;
use crate::model::row_stats::{Cells, gpu};
use crate::ops::Cost;
#[cfg(feature = "burn")]
use crate::ops::gpu::Shader;
use crate::ops::gpu::{Array, Batch, Gpu, Includes, NoArgs, float_constant, groups, kernel_args, kernels, shader_enum};

kernel_args! {
    /// Arguments of scan.wgsl and scan_grad.wgsl.
    ScanArgs { skills: u32 }
}

kernel_args! {
    /// Arguments of row_grads.wgsl.
    RowGradArgs { skills: u32, correct_share: f32, incorrect_share: f32 }
}

kernels! {
    includes includes;
    scan(): ScanArgs, "gainakt2exp/scan.wgsl", [Read, Read, Read, Write];
    correlations(): NoArgs, "gainakt2exp/correlations.wgsl", [Read, Read, Read, Read, Write];
    loss_sums(): NoArgs, "gainakt2exp/loss_sums.wgsl", [Read, Read, Write];
    losses(): LossArgs, "gainakt2exp/losses.wgsl", [Read, Read, Read, Read, Read, Write, Write];
    row_grads(): RowGradArgs, "gainakt2exp/row_grads.wgsl", [Read, Read, Read, Read, Read, Read, Write];
    scan_grad(): ScanArgs, "gainakt2exp/scan_grad.wgsl", [Read, Read, Read, Read, Read, Write, Write];
}

shader_enum! {
    /// Header of the targets' integers: counts, then where each section begins.
    Entry, "" {
        /// Correlation groups, G.
        GroupCount = "group_count",
        /// Slots a group may take in a row.
        SlotCount = "slot_count",
        /// (kind, first row, length, first target) of each group.
        Groups = "groups",
        /// For each slot, the group of each row or 0xffffffff: slots · N.
        Slots = "slots",
    }
}

shader_enum! {
    /// Sums over ranges of rows that the losses are made of.
    Sum, "SUM_" {
        /// Cross-entropy.
        CrossEntropy = "cross_entropy",
        /// Mastery of the skill answered, where the answer was correct.
        MasteryCorrect = "mastery_correct",
        /// The same where it was not.
        MasteryIncorrect = "mastery_incorrect",
        /// Mean mastery of a row.
        MeanMastery = "mean_mastery",
        /// Gain of the skill answered, where the answer was correct.
        GainCorrect = "gain_correct",
        /// The same where it was not.
        GainIncorrect = "gain_incorrect",
        /// Gains below 0.
        Negative = "negative",
        /// Mastery lost from row to row.
        Fall = "fall",
        /// Gains of other skills.
        Others = "others",
        /// Mastery that gains do not explain.
        Gap = "gap",
        /// Squares of a row's mastery around its mean.
        Spread = "spread",
        /// Squares of rows' mean mastery around the range's mean.
        Squares = "squares",
        /// Rows of the range.
        Rows = "rows",
    }
}

/// Ranges of rows, a workgroup each.
const RANGES: usize = 64;

/// The kernel of the mastery scan, for models on tensors.
#[cfg(feature = "burn")]
pub(in crate::model) fn scan_shader() -> Shader {
    scan()
}

fn includes() -> Includes {
    let constants = [
        ("CORR_EPS", CORR_EPS),
        ("VARIANCE_EPS", VARIANCE_EPS),
        ("MARGIN", MARGIN),
        ("ADAPT_SLOPE", ADAPT_SLOPE),
        ("ADAPT_MOST", ADAPT_MOST),
    ];
    let mut includes = gpu::includes();
    includes.extend([
        ("targets", Entry::wgsl()),
        ("loss_sums", Sum::wgsl()),
        ("terms", LossTerm::wgsl() + &format!("const TERMS: u32 = {}u;\n", LossTerm::COUNT)),
        ("factors", Factor::wgsl() + &format!("const FACTORS: u32 = {}u;\n", Factor::COUNT)),
        ("loss_constants", constants.map(|(name, value)| float_constant(name, value)).concat()),
    ]);
    includes
}

/// Targets on the device.
#[derive(Debug)]
pub struct Targets {
    targets: LossTargets,
    /// Header and sections ([`Entry`]).
    integers: Array,
    /// (deviation, weight) of each group, then all targets.
    floats: Array,
}

fn integers(targets: &LossTargets, rows: usize) -> Vec<u32> {
    let mut words = vec![0; Entry::COUNT];
    let mut target = 2 * targets.groups.len();
    words[Entry::Groups as usize] = words.len() as u32;
    for group in &targets.groups {
        let length = group.target.len();
        words.extend([group.kind.number(), group.first, length, target].map(|v| v as u32));
        target += length;
    }
    let (of_rows, slots) = targets.group_rows(rows);
    words[Entry::Slots as usize] = words.len() as u32;
    words.extend(of_rows);
    words[Entry::GroupCount as usize] = targets.groups.len() as u32;
    words[Entry::SlotCount as usize] = slots as u32;
    words
}

fn floats(targets: &LossTargets) -> Vec<f32> {
    let about = targets.groups.iter().flat_map(|g| [g.deviation, g.weight]);
    about.chain(targets.groups.iter().flat_map(|g| g.target.iter().copied())).collect()
}

impl GainAktKernels for Gpu {
    type Targets = Targets;

    fn targets(&mut self, batch: &Batch, targets: LossTargets, old: Option<Targets>) -> Result<Targets> {
        let (integers, floats) = (integers(&targets, batch.prepared.rows()), floats(&targets));
        let mut on_device = match old {
            Some(old) => Targets { targets, ..old },
            None => Targets { targets, integers: self.array(integers.len())?, floats: self.array(floats.len())? },
        };
        self.grow(&mut on_device.integers, integers.len())?;
        self.grow(&mut on_device.floats, floats.len())?;
        self.put(&on_device.integers, &integers);
        self.put(&on_device.floats, &floats);
        Ok(on_device)
    }

    fn scan(&mut self, batch: &Batch, skills: usize, initial: &Array, gains: &Array, mastery: &mut Array) {
        let arrays = [&batch.integers, initial, gains, mastery].map(Some);
        let tasks = groups(batch.prepared.windows() * skills);
        self.clock.record("scan", Cost::moving(2 * batch.prepared.rows() * skills));
        self.dispatch(&scan(), &ScanArgs { skills: skills as u32 }, &arrays, tasks);
    }

    fn losses(
        &mut self,
        batch: &Batch,
        targets: &Targets,
        skills: usize,
        s: &LossSettings,
        stats: &Array,
        buffers: &mut LossBuffers<Array>,
    ) {
        let Targets { targets: t, integers, floats } = targets;
        let LossBuffers { groups: correlated, terms, factors, rows } = buffers;
        let arrays = [&batch.integers, integers, floats, stats, &*correlated].map(Some);
        self.dispatch(&correlations(), &NoArgs, &arrays, [t.groups.len(), 1, 1]);
        let sums = self.lend_scratch(Sum::COUNT * RANGES).expect("3 KB are within every device's limits");
        self.dispatch(&loss_sums(), &NoArgs, &[Some(&batch.integers), Some(stats), Some(&sums)], [RANGES, 1, 1]);
        let args = LossArgs::new(skills, s, t);
        let arrays = [&batch.integers, integers, floats, &sums, &*correlated, &*terms, &*factors].map(Some);
        self.dispatch(&losses(), &args, &arrays, [1, 1, 1]);
        self.take_scratch(sums);
        let args =
            RowGradArgs { skills: skills as u32, correct_share: t.correct_share, incorrect_share: t.incorrect_share };
        let arrays = [&batch.integers, integers, floats, stats, &*correlated, &*factors, &*rows].map(Some);
        self.dispatch(&row_grads(), &args, &arrays, groups(batch.prepared.rows()));
    }

    fn scan_grad(
        &mut self,
        batch: &Batch,
        skills: usize,
        Cells { mastery, gains }: Cells<'_, Array>,
        losses: &LossBuffers<Array>,
        d_gains: &mut Array,
        d_initial: &mut Array,
    ) {
        let arrays = [&batch.integers, mastery, gains, &losses.rows, &losses.factors, d_gains, d_initial].map(Some);
        let tasks = groups(batch.prepared.windows() * skills);
        self.clock.record("scan_grad", Cost::moving(3 * batch.prepared.rows() * skills));
        self.dispatch(&scan_grad(), &ScanArgs { skills: skills as u32 }, &arrays, tasks);
    }
}
