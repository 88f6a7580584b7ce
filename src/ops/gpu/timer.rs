//! How long a kernel took by the device's own clock, where the adapter has one: waiting for it from outside counts the way there
//! and back, which on a GPU is longer than most kernels.

/// Bytes of the two times.
const BYTES: u64 = 16;

/// Two times around a pass.
#[derive(Debug)]
pub(super) struct Timer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    readable: wgpu::Buffer,
    /// Nanoseconds of a tick.
    period: f32,
}

impl Timer {
    /// One for this device, if it can.
    pub(super) fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Option<Self> {
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let buffer = |usage| {
            let label = Some("times");
            device.create_buffer(&wgpu::BufferDescriptor { label, size: BYTES, usage, mapped_at_creation: false })
        };
        Some(Self {
            queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("times"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            }),
            resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            readable: buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST),
            period: queue.get_timestamp_period(),
        })
    }

    /// What a pass has to be told to be timed.
    pub(super) fn writes(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Brings the times where they can be read, after the pass.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.readable, 0, BYTES);
    }

    /// Seconds of the last timed pass, which is done; nothing where the device gave no times.
    pub(super) fn seconds(&self, device: &wgpu::Device) -> Option<f64> {
        self.readable.map_async(wgpu::MapMode::Read, .., |_| {});
        device.poll(wgpu::PollType::wait_indefinitely()).ok()?;
        let ticks: Vec<u64> = {
            let view = self.readable.get_mapped_range(..).ok()?;
            view.chunks_exact(8).filter_map(|b| b.try_into().ok().map(u64::from_le_bytes)).collect()
        };
        self.readable.unmap();
        let ticks = ticks.get(1)?.checked_sub(*ticks.first()?)?;
        (ticks > 0).then(|| 1e-9 * f64::from(self.period) * ticks as f64)
    }
}
