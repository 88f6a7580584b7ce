//! What each operation of a step takes, what it had to do, and how far that is from what a device could do at best.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::ops::DeviceStats;

/// What a device could do at best.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct PeakArgs {
    /// Floating-point operations (fp32) the device can do at best, 10⁹ a second; shares of it are printed.
    #[arg(long, value_name = "GFLOPS")]
    peak_gflops: Option<f64>,
    /// Bytes its memory can move at best, 10⁹ a second; shares of it are printed.
    #[arg(long, value_name = "GBS")]
    peak_gbs: Option<f64>,
    /// Prints what a step would take at least on this GPU, by its maker's figures.
    #[arg(long, value_enum)]
    on_paper: Option<KnownGpu>,
}

/// GPUs whose makers' figures are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KnownGpu {
    H100,
    A100,
    Rtx4090,
    Rtx3060,
    Rx7900xtx,
    M1,
}

impl KnownGpu {
    /// 10⁹ fp32 operations and 10⁹ bytes a second, from the makers' data sheets.
    fn peak(self) -> (f64, f64) {
        match self {
            Self::H100 => (66_900.0, 3_350.0),
            Self::A100 => (19_500.0, 1_555.0),
            Self::Rtx4090 => (82_600.0, 1_008.0),
            Self::Rtx3060 => (12_700.0, 360.0),
            Self::Rx7900xtx => (61_400.0, 960.0),
            Self::M1 => (2_600.0, 68.0),
        }
    }
}

/// An operation of a step; figures are of one step.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Operation {
    /// Kernels started (GPU).
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<u64>,
    /// Fewest workgroups of such a start (GPU).
    #[serde(skip_serializing_if = "Option::is_none")]
    fewest_workgroups: Option<u64>,
    /// Milliseconds, waited for by itself.
    ms: f64,
    /// Share of the step's time.
    share: f64,
    /// What it had to do, by its shapes: 10⁹ operations and 10⁶ bytes; absent where that is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    gflop: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mb: Option<f64>,
}

/// Operations by name.
pub(super) type Operations = BTreeMap<&'static str, Operation>;

/// The operations of `steps` steps.
pub(super) fn operations(all: &DeviceStats, steps: usize) -> Operations {
    let total: f64 = all.seconds.values().sum();
    let per_step = 1.0 / steps as f64;
    let of = |(&name, &seconds): (&&'static str, &f64)| {
        let starts = all.starts.get(name);
        let cost = all.costs.get(name);
        let operation = Operation {
            starts: starts.map(|s| s.0 / steps as u64),
            fewest_workgroups: starts.map(|s| s.1),
            ms: 1e3 * seconds * per_step,
            share: seconds / total,
            gflop: cost.filter(|w| w.flop > 0.0).map(|w| 1e-9 * w.flop * per_step),
            mb: cost.map(|w| 1e-6 * w.bytes * per_step),
        };
        (name, operation)
    };
    all.seconds.iter().map(of).collect()
}

/// Adds the counts of one more step.
pub(super) fn add(all: &mut DeviceStats, step: DeviceStats) {
    for (name, seconds) in step.seconds {
        *all.seconds.entry(name).or_default() += seconds;
    }
    for (name, cost) in step.costs {
        *all.costs.entry(name).or_default() += cost;
    }
    for (name, (starts, fewest)) in step.starts {
        let entry = all.starts.entry(name).or_insert((0, fewest));
        *entry = (entry.0 + starts, entry.1.min(fewest));
    }
}

/// 10⁹ operations of a step.
pub(super) fn gflop(operations: &Operations) -> f64 {
    operations.values().filter_map(|o| o.gflop).sum()
}

/// 10⁹ operations a second of the linear layers' products.
pub(super) fn linear_gflops(operations: &Operations) -> Option<f64> {
    let products =
        || operations.iter().filter(|(name, o)| name.starts_with("linear") && o.gflop.is_some()).map(|o| o.1);
    let ms: f64 = products().map(|o| o.ms).sum();
    (ms > 0.0).then(|| 1e3 * products().filter_map(|o| o.gflop).sum::<f64>() / ms)
}

impl PeakArgs {
    /// The table's lines, longest operation first.
    pub(super) fn lines(&self, operations: &Operations) -> Vec<String> {
        let mut sorted: Vec<_> = operations.iter().collect();
        sorted.sort_by(|a, b| b.1.ms.total_cmp(&a.1.ms));
        let mut lines = vec![format!(
            "{:<28}{:>7}{:>9}{:>8}{:>8}{:>9}{:>9}{:>9}{:>9}",
            "operation", "share", "ms", "starts", "groups", "GFLOP", "GFLOP/s", "MB", "GB/s"
        )];
        for (name, o) in sorted {
            let count = |value: Option<u64>| value.map_or("–".to_owned(), |v| v.to_string());
            let figure =
                |value: Option<f64>, digits: usize| value.map_or("–".to_owned(), |v| format!("{v:.digits$}"));
            let rate = |amount: Option<f64>, scale: f64| amount.map(|a| scale * a / o.ms);
            let (flops, bytes) = (rate(o.gflop, 1e3), rate(o.mb, 1.0));
            let mut line = format!(
                "{name:<28}{:>5.1} %{:>9.2}{:>8}{:>8}{:>9}{:>9}{:>9}{:>9}",
                100.0 * o.share,
                o.ms,
                count(o.starts),
                count(o.fewest_workgroups),
                figure(o.gflop, 3),
                figure(flops, 1),
                figure(o.mb, 1),
                figure(bytes, 2)
            );
            if let (Some(flops), Some(peak)) = (flops, self.peak_gflops) {
                line += &format!("  {:.1} % of the peak's operations", 100.0 * flops / peak);
            }
            if let (Some(bytes), Some(peak)) = (bytes, self.peak_gbs) {
                line += &format!("  {:.1} % of the peak's bytes", 100.0 * bytes / peak);
            }
            lines.push(line);
        }
        if let Some(gpu) = self.on_paper {
            let name = gpu.to_possible_value().map_or(String::new(), |v| v.get_name().to_owned());
            lines.push(format!(
                "on paper, on {name}: at least {:.3} ms a step for what is counted above, starts of kernels left out",
                on_paper(operations, gpu.peak())
            ));
        }
        lines
    }
}

/// Milliseconds in which a device of so many 10⁹ operations and bytes a second could do the operations one after another.
fn on_paper(operations: &Operations, (gflops, gbs): (f64, f64)) -> f64 {
    let of = |o: &Operation| f64::max(o.gflop.unwrap_or(0.0) / gflops, 1e-3 * o.mb.unwrap_or(0.0) / gbs);
    1e3 * operations.values().map(of).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Cost;

    #[test]
    fn the_slower_of_computing_and_moving_counts() {
        let mut all = DeviceStats { timed: true, ..DeviceStats::default() };
        all.seconds.insert("linear", 2.0);
        all.record("linear", Cost { flop: 4e9, bytes: 1e6 });
        all.seconds.insert("b", 2.0);
        all.record("b", Cost { flop: 0.0, bytes: 2e9 });
        let operations = operations(&all, 2);
        assert_eq!(operations["linear"].gflop, Some(2.0));
        assert_eq!((operations["b"].gflop, operations["b"].share), (None, 0.5));
        // 2 GFLOP at 1,000 a second: 2 ms; 1 GB at 500 a second: 2 ms.
        assert!((on_paper(&operations, (1_000.0, 500.0)) - 4.0).abs() < 1e-9);
        assert_eq!((gflop(&operations), linear_gflops(&operations)), (2.0, Some(2.0)));
    }
}
