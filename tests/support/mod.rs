//! What several integration tests need: devices and comparisons.
#![allow(dead_code)]

use std::sync::Arc;

use gainakt::config::Config;
use gainakt::data::{Corpus, Window};
use gainakt::platform::device::{ComputeDevice, Device, DeviceChoice, GpuDevice, choose};
use gainakt::platform::spawn_task;
use gainakt::train::{Command, Control, Message, TrainInput, run};

/// The devices to test on: those `GAINAKT_DEVICE` names (`cpu` or `gpu`), else both.
///
/// Without a WebGPU adapter the GPU is skipped and said so, unless it is asked for or this is CI.
pub fn devices() -> Vec<ComputeDevice> {
    let wanted = std::env::var("GAINAKT_DEVICE").ok();
    let on = |choice| futures_lite::future::block_on(choose(choice));
    let mut devices = Vec::new();
    if wanted.as_deref() != Some("gpu") {
        devices.push(on(DeviceChoice::Cpu).unwrap());
    }
    if wanted.as_deref() != Some("cpu") {
        devices.extend(adapter());
    }
    devices
}

/// The same, and a software adapter, which has kernels of its own, again with those that a GPU is given.
pub fn devices_and_gpu_kernels() -> Vec<ComputeDevice> {
    let mut devices = devices();
    if let Some(ComputeDevice { device: Device::Gpu(gpu), label, .. }) = devices.last().cloned()
        && gpu.adapter.get_info().device_type == wgpu::DeviceType::Cpu
    {
        let device = Device::Gpu(GpuDevice { kernels_of_a_gpu: true, ..gpu });
        let label = format!("{label}, kernels of a GPU");
        devices.push(ComputeDevice { device, label, ..devices[devices.len() - 1].clone() });
    }
    devices
}

/// The WebGPU adapter; without one a line says so, unless it is asked for or this is CI: then the test fails.
pub fn adapter() -> Option<ComputeDevice> {
    let required = std::env::var_os("GAINAKT_DEVICE").is_some() || std::env::var_os("CI").is_some();
    match futures_lite::future::block_on(choose(DeviceChoice::Gpu)) {
        Ok(device) => Some(device),
        Err(e) if required => panic!("{e}"),
        Err(e) => {
            eprintln!("skipped on the GPU: {e}");
            None
        }
    }
}

/// Largest |a − b| over max(|a|, |b|, floor).
pub fn relative_error(a: &[f32], b: &[f32], floor: f32) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs() / a.abs().max(b.abs()).max(floor))
        .fold(0.0, |m, e| if e.is_nan() { f32::NAN } else { m.max(e) })
}

/// Largest |a − b|; NaN where one is.
pub fn absolute_error(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m, e| if e.is_nan() || m.is_nan() { f32::NAN } else { m.max(e) })
}

/// What a run said.
pub struct Outcome {
    /// Its end.
    pub results: gainakt::Result<gainakt::train::Results>,
    /// Everything it said, in order.
    pub messages: Vec<Message>,
}

/// Trains on the CPU from start to end.
pub fn train(config: Config, corpus: Arc<Corpus>) -> Outcome {
    let cpu = futures_lite::future::block_on(choose(DeviceChoice::Cpu)).unwrap();
    train_on(&cpu, TrainInput { config, corpus, resume: None }, |_, _| {})
}

/// Trains on `compute`; `listen` hears each message and may give commands.
pub fn train_on(
    compute: &ComputeDevice,
    request: TrainInput,
    mut listen: impl FnMut(&Message, &async_channel::Sender<Command>),
) -> Outcome {
    let (say, messages) = async_channel::bounded(4);
    let (commands, obey) = async_channel::unbounded();
    let control = Control { messages: say, commands: obey };
    let device = compute.device.clone();
    let task = spawn_task("test-train", move || async move { run(request, &device, &control).await }).unwrap();
    let mut heard = Vec::new();
    while let Ok(message) = messages.recv_blocking() {
        listen(&message, &commands);
        heard.push(message);
    }
    Outcome { results: futures_lite::future::block_on(task.join()).unwrap(), messages: heard }
}

/// Turns every response of a window from answer `t` on.
pub fn flip_from(window: &mut Window, t: usize) {
    for t in t..window.len() {
        let response = window.answers.responses()[t];
        window.answers.set_response(t, 1 - response);
    }
}
