//! What a device did: dispatches, bytes and, on request, the time of each operation.

use std::collections::BTreeMap;

use super::Cost;

/// Counts since the last [`DeviceStats::take`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceStats {
    /// Kernels started (GPU) or operations run (CPU).
    pub dispatches: u64,
    /// Different GPU pipelines made so far.
    pub pipelines: u64,
    /// Bytes copied back to the host.
    pub bytes_read: u64,
    /// Bytes of the device's arrays now.
    pub bytes_held: u64,
    /// Most bytes of the device's arrays at any time.
    pub bytes_peak: u64,
    /// Seconds by operation: always on the CPU, on a GPU where [`Self::timed`] is set.
    pub seconds: BTreeMap<&'static str, f64>,
    /// The cost of each operation, where that is known and [`Self::timed`] is set.
    pub costs: BTreeMap<&'static str, Cost>,
    /// Starts of each kernel and the fewest workgroups of one (GPU), where [`Self::timed`] is set.
    pub starts: BTreeMap<&'static str, (u64, u64)>,
    /// Whether each operation is waited for, timed and counted: slower, for profiles only.
    pub timed: bool,
}

impl DeviceStats {
    /// The counts so far; dispatches, bytes read and seconds start from 0 again.
    pub fn take(&mut self) -> Self {
        let counts = self.clone();
        (self.dispatches, self.bytes_read) = (0, 0);
        self.seconds.clear();
        self.costs.clear();
        self.starts.clear();
        counts
    }

    /// Notes that arrays grew or shrank by so many bytes.
    pub(super) fn held(&mut self, before: usize, after: usize) {
        self.bytes_held = self.bytes_held + after as u64 - before as u64;
        self.bytes_peak = self.bytes_peak.max(self.bytes_held);
    }

    /// Adds the cost of one operation.
    pub(crate) fn record(&mut self, operation: &'static str, cost: Cost) {
        if self.timed {
            *self.costs.entry(operation).or_default() += cost;
        }
    }

    /// Counts a start of a kernel.
    pub(super) fn starts(&mut self, kernel: &'static str, workgroups: u64) {
        self.dispatches += 1;
        if self.timed {
            let (starts, fewest) = self.starts.entry(kernel).or_insert((0, workgroups));
            *starts += 1;
            *fewest = workgroups.min(*fewest);
        }
    }

    /// Adds the time of one operation.
    pub(super) fn add(&mut self, operation: &'static str, seconds: f64) {
        *self.seconds.entry(operation).or_default() += seconds;
    }
}
