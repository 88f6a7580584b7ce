//! What kind of hardware an adapter computes on: kernels are cut accordingly.

use crate::platform::device::GpuDevice;

/// Sizes of subgroups that kernels are written for.
pub(crate) const SUBGROUP_SIZES: [usize; 3] = [4, 8, 16];

/// What an adapter computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// A GPU: hundreds of workgroups at once.
    Gpu,
    /// A processor behind a software adapter: a workgroup or two a core, and no gain from more invocations.
    Processor {
        /// Invocations of a subgroup, which tell each other what they loaded; 0 where kernels must do without.
        lanes: usize,
    },
}

impl Hardware {
    /// That of a device.
    pub(super) fn of(device: &GpuDevice) -> Self {
        let info = device.adapter.get_info();
        if device.kernels_of_a_gpu || info.device_type != wgpu::DeviceType::Cpu {
            return Self::Gpu;
        }
        // Kernels are written for one size, and tried on Vulkan's software adapters.
        let (least, most) = (info.subgroup_min_size, info.subgroup_max_size);
        let may = device.device.features().contains(wgpu::Features::SUBGROUP) && info.backend == wgpu::Backend::Vulkan;
        Self::Processor { lanes: if may && least == most { least as usize } else { 0 } }
    }

    /// Workgroups that leave no part of it idle: GPUs have up to some hundred multiprocessors.
    pub(crate) fn min_workgroups(self) -> usize {
        match self {
            Self::Gpu => 128,
            Self::Processor { .. } => 8,
        }
    }

    /// Invocations of a subgroup, where kernels may use one.
    pub(crate) fn lanes(self) -> Option<usize> {
        match self {
            Self::Processor { lanes } => Some(lanes).filter(|lanes| SUBGROUP_SIZES.contains(lanes)),
            Self::Gpu => None,
        }
    }

    /// Whether a kernel is compiled for each case it meets: a software adapter computes both sides of a branch. Others choose when it
    /// runs and have fewer kernels to compile.
    pub(crate) fn specializes_kernels(self) -> bool {
        self.lanes().is_some()
    }

    /// Invocations that share a row of attention: the rows of a long window are what a GPU waits for.
    pub(crate) fn invocations_a_row(self) -> usize {
        match self {
            Self::Gpu => 2,
            Self::Processor { .. } => 1,
        }
    }
}
