//! What several integration tests need: devices and comparisons.
#![allow(dead_code)]

use gainakt::platform::device::{ComputeDevice, DeviceChoice, choose};

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
        match on(DeviceChoice::Gpu) {
            Ok(device) => devices.push(device),
            Err(e) if wanted.is_none() && std::env::var_os("CI").is_none() => eprintln!("skipped on the GPU: {e}"),
            Err(e) => panic!("{e}"),
        }
    }
    devices
}

/// Largest |a − b| over max(|a|, |b|, floor).
pub fn relative_error(a: &[f32], b: &[f32], floor: f32) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / a.abs().max(b.abs()).max(floor)).fold(0.0, |m, e| if e.is_nan() { f32::NAN } else { m.max(e) })
}

/// Largest |a − b|; NaN where one is.
pub fn absolute_error(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |m, e| if e.is_nan() || m.is_nan() { f32::NAN } else { m.max(e) })
}
