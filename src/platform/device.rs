//! Which device computes: a WebGPU adapter or the CPU.

use std::sync::{Arc, Mutex};

use crate::error::{Error, Result};

/// Graphics interfaces a device may come from: Vulkan, Metal, DirectX 12, WebGPU.
const BACKENDS: wgpu::Backends = wgpu::Backends::PRIMARY;

/// What the user asked for with `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// A real WebGPU adapter if there is one, else the CPU.
    #[default]
    Auto,
    /// A WebGPU adapter, a software one if need be.
    Gpu,
    /// The CPU.
    Cpu,
}

/// Where a model computes.
#[derive(Debug, Clone)]
pub enum Device {
    /// The CPU, all its threads.
    Cpu,
    /// A WebGPU adapter.
    Gpu(GpuDevice),
}

/// An open WebGPU device.
#[derive(Debug, Clone)]
pub struct GpuDevice {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Where it comes from.
    pub instance: wgpu::Instance,
    /// The adapter it belongs to.
    pub adapter: wgpu::Adapter,
    /// The first thing that went wrong on it, in the driver's words.
    pub failure: Arc<Mutex<Option<String>>>,
    /// Kernels as a GPU is given, though the adapter be software: tests have no GPU.
    pub kernels_of_a_gpu: bool,
}

impl GpuDevice {
    /// Fails where the device has failed.
    ///
    /// # Errors
    /// What went wrong first.
    pub fn check(&self) -> Result<()> {
        let failure = self.failure.lock().map_or_else(|e| e.into_inner().clone(), |f| f.clone());
        failure.map_or(Ok(()), |what| Err(Error::Device(format!("the graphics device failed: {what}"))))
    }
}

/// A device and how to name it.
#[derive(Debug, Clone)]
pub struct ComputeDevice {
    /// The device itself.
    pub device: Device,
    /// "cpu" or "gpu".
    pub kind: &'static str,
    /// One line for people: adapter, backend, driver, or the number of threads.
    pub label: String,
    /// What the adapter reports of itself: names, driver and limits; empty for the CPU.
    pub details: serde_json::Value,
}

/// Finds the device for `choice`.
///
/// # Errors
/// `gpu` is asked for and no adapter answers, or it refuses a device.
pub async fn choose(choice: DeviceChoice) -> Result<ComputeDevice> {
    if choice == DeviceChoice::Cpu {
        return Ok(cpu(""));
    }
    // Without OpenGL, whose start-up complains on standard error wherever there is no display.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: BACKENDS,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = find_adapter(&instance).await;
    let real = found.as_ref().is_some_and(|a| a.get_info().device_type != wgpu::DeviceType::Cpu);
    match (found, choice) {
        (Some(adapter), _) if real || choice == DeviceChoice::Gpu => open(instance, adapter).await,
        (Some(_), _) if cfg!(target_arch = "wasm32") => {
            Ok(cpu("; the browser's WebGPU adapter is software: choose GPU to use it"))
        }
        (Some(adapter), _) => Ok(cpu(&format!(
            "; the only adapter, {}, is software: asking for the GPU uses it",
            adapter.get_info().name
        ))),
        (None, DeviceChoice::Gpu) => Err(Error::Device(match cfg!(target_arch = "wasm32") {
            true => {
                "this browser has no WebGPU adapter here; turn WebGPU on in its settings, or choose the CPU".to_owned()
            }
            false => "no WebGPU adapter found; install a Vulkan, Metal or DirectX 12 driver, or compute on the CPU"
                .to_owned(),
        })),
        (None, _) => Ok(cpu("; no WebGPU adapter found")),
    }
}

fn cpu(remark: &str) -> ComputeDevice {
    let name = match cfg!(target_arch = "wasm32") {
        true => "CPU, one thread of this browser".to_owned(),
        false => format!("CPU, {} threads", std::thread::available_parallelism().map_or(1, std::num::NonZero::get)),
    };
    ComputeDevice { device: Device::Cpu, kind: "cpu", label: name + remark, details: serde_json::json!({}) }
}

/// The best adapter: discrete before integrated before others before software.
async fn find_adapter(instance: &wgpu::Instance) -> Option<wgpu::Adapter> {
    #[cfg(not(target_arch = "wasm32"))]
    {
        let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        };
        instance.enumerate_adapters(BACKENDS).await.into_iter().min_by_key(rank)
    }
    #[cfg(target_arch = "wasm32")]
    {
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        instance.request_adapter(&options).await.ok()
    }
}

async fn open(instance: wgpu::Instance, adapter: wgpu::Adapter) -> Result<ComputeDevice> {
    let info = adapter.get_info();
    let limits = adapter.limits();
    let details = serde_json::json!({
        "name": info.name,
        "backend": format!("{:?}", info.backend),
        "type": format!("{:?}", info.device_type),
        "driver": info.driver,
        "driver_info": info.driver_info,
        "limits": {
            "max_buffer_size": limits.max_buffer_size,
            "max_storage_buffer_binding_size": limits.max_storage_buffer_binding_size,
            "max_storage_buffers_per_shader_stage": limits.max_storage_buffers_per_shader_stage,
            "max_compute_invocations_per_workgroup": limits.max_compute_invocations_per_workgroup,
            "max_compute_workgroup_storage_size": limits.max_compute_workgroup_storage_size,
        },
    });
    let (required_features, required_limits) = requirements(&adapter);
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("gainakt"),
        required_features,
        required_limits,
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..Default::default()
    };
    let (device, queue) = adapter
        .request_device(&descriptor)
        .await
        .map_err(|e| Error::Device(format!("{} gave no device: {e}", info.name)))?;
    let failure = Arc::new(Mutex::new(None));
    let (on_error, on_loss) = (failure.clone(), failure.clone());
    device.on_uncaptured_error(Arc::new(move |error| note(&on_error, &error.to_string())));
    device.set_device_lost_callback(move |reason, message| note(&on_loss, &format!("lost ({reason:?}): {message}")));
    let driver = [info.driver.as_str(), info.driver_info.as_str()].join(" ");
    let label = match info.backend {
        // Browsers say little about the adapter, or nothing.
        wgpu::Backend::BrowserWebGpu => format!("WebGPU {}", info.name).trim().to_owned(),
        backend => format!("{} ({backend:?}, {})", info.name, driver.trim()),
    };
    let device = GpuDevice { device, queue, instance, adapter, failure, kernels_of_a_gpu: false };
    Ok(ComputeDevice { device: Device::Gpu(device), kind: "gpu", label, details })
}

/// Core WebGPU and no more, but arrays as large as the adapter allows: that is what the program's kernels need.
#[cfg(not(feature = "burn"))]
fn requirements(adapter: &wgpu::Adapter) -> (wgpu::Features, wgpu::Limits) {
    let limits = adapter.limits();
    let required = wgpu::Limits {
        max_buffer_size: limits.max_buffer_size,
        max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
        ..wgpu::Limits::default()
    };
    // A clock for profiles and subgroups for software adapters, where there are any. The page takes neither: it has no profiles, and
    // wgpu asks no browser for subgroups.
    let wanted = match cfg!(target_arch = "wasm32") {
        true => wgpu::Features::empty(),
        false => wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SUBGROUP,
    };
    (adapter.features() & wanted, required)
}

/// All the adapter has: burn, which shares the device, writes its kernels for the adapter and not for the device. The
/// program's own kernels are held to core WebGPU by tests (`model::shaders`).
#[cfg(feature = "burn")]
fn requirements(adapter: &wgpu::Adapter) -> (wgpu::Features, wgpu::Limits) {
    // Mapped primary buffers slow discrete cards down, and experimental features need an unsafe promise.
    let unwanted = wgpu::Features::MAPPABLE_PRIMARY_BUFFERS | wgpu::Features::all_experimental_mask();
    (adapter.features() - unwanted, adapter.limits())
}

/// Keeps the first failure.
fn note(failure: &Mutex<Option<String>>, what: &str) {
    let mut failure = failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    failure.get_or_insert_with(|| what.split_whitespace().collect::<Vec<_>>().join(" "));
}
