//! What kind of hardware an adapter computes on: kernels are cut accordingly.

/// What an adapter computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// A GPU: hundreds of workgroups at once.
    Gpu,
    /// A processor behind a software adapter: a workgroup or two a core, and no gain from more invocations.
    Processor,
}

impl Hardware {
    /// That of an adapter.
    pub(super) fn of(info: &wgpu::AdapterInfo) -> Self {
        match info.device_type {
            wgpu::DeviceType::Cpu => Self::Processor,
            _ => Self::Gpu,
        }
    }

    /// Workgroups that leave no part of it idle: GPUs have up to some hundred multiprocessors.
    pub(crate) fn enough(self) -> usize {
        match self {
            Self::Gpu => 128,
            Self::Processor => 8,
        }
    }

    /// Invocations that share a row of attention: the rows of a long window are what a GPU waits for.
    pub(crate) fn invocations_a_row(self) -> usize {
        match self {
            Self::Gpu => 2,
            Self::Processor => 1,
        }
    }
}
