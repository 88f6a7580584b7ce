//! burn's side of the program's devices: the same adapter, the same queue.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device as TensorDevice;
use burn::tensor::wgpu::WgpuSetup;

use crate::error::{Error, Result};
use crate::platform::device::{Device, GpuDevice};

/// burn's device for each wgpu device: burn may be told of one only once.
static KNOWN: Mutex<Vec<(wgpu::Device, TensorDevice)>> = Mutex::new(Vec::new());

/// burn's device for one of the program's.
///
/// # Errors
/// burn refuses it.
pub fn tensor_device(device: &Device) -> Result<TensorDevice> {
    match device {
        Device::Cpu => Ok(TensorDevice::flex()),
        Device::Gpu(gpu) => shared(gpu),
    }
}

fn shared(gpu: &GpuDevice) -> Result<TensorDevice> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, device)) = known.iter().find(|(own, _)| *own == gpu.device) {
        return Ok(device.clone());
    }
    let setup = WgpuSetup {
        instance: gpu.instance.clone(),
        adapter: gpu.adapter.clone(),
        device: gpu.device.clone(),
        queue: gpu.queue.clone(),
        backend: gpu.adapter.get_info().backend,
    };
    let device = TensorDevice::wgpu_options()
        .setup(setup)
        .init()
        .map_err(|e| Error::Device(format!("burn cannot use {}: {e}", gpu.adapter.get_info().name)))?;
    known.push((gpu.device.clone(), device.clone()));
    Ok(device)
}
