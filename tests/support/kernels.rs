//! What tests of kernels share: batches of odd lengths, numbers, and comparisons.
#![allow(dead_code)]

use futures_lite::future::block_on;
use gainakt::data::{Answers, RaggedBatch};
use gainakt::ops::Arrays;

use crate::support::absolute_error;

/// Runs a generic test on every device.
#[macro_export]
macro_rules! on_each_device {
    ($test:ident) => {
        for compute in support::devices() {
            match &compute.device {
                gainakt::platform::device::Device::Cpu => $test(&mut gainakt::ops::cpu::Cpu::default(), "cpu"),
                gainakt::platform::device::Device::Gpu(gpu) => {
                    use gainakt::ops::gpu::{Gpu, Hardware};
                    // A software adapter computes what a GPU is given, too, and the other way round.
                    $test(&mut Gpu::with_kernel_target(Hardware::Gpu, gpu), "gpu");
                    let processor = Hardware::Processor { lanes: 0 };
                    $test(&mut Gpu::with_kernel_target(processor, gpu), "gpu, kernels cut for a processor");
                    $test(&mut Gpu::new(gpu), "gpu, kernels cut for this adapter");
                }
            }
        }
    };
}

/// Window lengths: single steps, all of three, odd mixes around workgroup and tile sizes, one long one.
pub fn lengths() -> Vec<Vec<usize>> {
    vec![vec![1], vec![3; 7], vec![2, 1, 31, 32, 33], vec![199, 1, 5], vec![65, 64, 63, 2]]
}

/// Small ones, for finite differences.
pub fn short_lengths() -> Vec<Vec<usize>> {
    vec![vec![1], vec![3, 3], vec![2, 1, 5], vec![33]]
}

pub fn batch(lengths: &[usize], skills: usize) -> RaggedBatch {
    let mut batch = RaggedBatch::default();
    for (w, len) in lengths.iter().enumerate() {
        let skill: Vec<u32> = (0..=*len).map(|t| ((w * 7 + t * t) % skills) as u32).collect();
        let response: Vec<u8> = (0..=*len).map(|t| ((w + t * t / 3) % 2) as u8).collect();
        batch.push_skills(&skill, &response);
    }
    batch
}

/// The same windows of whole answers: of one to three skills each, and of `items` items, the unknown one (0) among them.
pub fn answers_batch(lengths: &[usize], skills: usize, items: usize) -> RaggedBatch {
    let mut batch = RaggedBatch::default();
    for (w, len) in lengths.iter().enumerate() {
        let mut answers = Answers::default();
        for t in 0..=*len {
            let several = 1 + (w + t * t) % 3.min(skills);
            let own: Vec<u32> = (0..several).map(|i| ((w * 7 + t * t + i) % skills) as u32).collect();
            answers.push(&own, ((w * 5 + t * 3) % items) as u32, ((w + t * t / 3) % 2) as u8);
        }
        batch.push(&answers);
    }
    batch
}

/// Numbers in ±1 that repeat nowhere near.
pub fn noise(n: usize, salt: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + salt * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
}

pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

pub fn upload<K: Arrays>(k: &mut K, values: &[f32]) -> K::Floats {
    let mut x = k.floats(values.len().max(1)).unwrap();
    k.write(&mut x, values);
    x
}

/// An output that shows wherever nothing was written.
pub fn poison<K: Arrays>(k: &mut K, len: usize) -> K::Floats {
    upload(k, &vec![f32::NAN; len])
}

pub fn check<K: Arrays>(k: &mut K, what: &str, got: &K::Floats, from: usize, wanted: &[f64], tolerance: f32) {
    let got = block_on(k.read(got, from, wanted.len())).unwrap();
    let wanted: Vec<f32> = wanted.iter().map(|&w| w as f32).collect();
    let scale = wanted.iter().fold(1.0f32, |m, x| m.max(x.abs()));
    let error = absolute_error(&got, &wanted) / scale;
    assert!(error < tolerance, "{what}: off by {error}");
}
