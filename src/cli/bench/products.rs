//! The program's matrix products beside burn's, on one device, in turn.

use burn::tensor::{Device as TensorDevice, Tensor, TensorData, activation};
use clap::Args;
use futures_lite::future::block_on;

use super::times::middle;
use super::window_ops::window_ops;
use crate::data::RaggedBatch;
use crate::error::{Error, Result};
use crate::model::burn::tensor_device;
use crate::ops::cpu::Cpu;
use crate::ops::gpu::Gpu;
use crate::ops::{Activation, Arrays as _, Dropout, Input, LinearKernels, LinearOffsets, PreparedBatch};
use crate::platform::device::{Device, DeviceChoice, choose};

/// What `gainakt bench products` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct ProductsArgs {
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Rows of the products.
    #[arg(long, default_value_t = 2_100)]
    rows: usize,
    /// Times each is taken; the middle one counts.
    #[arg(long, default_value_t = 9)]
    times: usize,
}

/// Inputs and outputs of the layers: those of the compact and of the full model.
const LAYERS: [(usize, usize); 6] = [(64, 64), (64, 128), (128, 64), (512, 512), (512, 1_024), (1_024, 512)];

/// Kernels whose start is timed.
const STARTS: usize = 400;

/// Takes each product both ways and prints milliseconds.
pub(super) fn products(args: &ProductsArgs) -> Result<()> {
    let compute = block_on(choose(args.device))?;
    println!("device  {}", compute.label);
    println!("milliseconds for {} rows: product, bias and ReLU, one value read back", args.rows);
    println!("{:>14}{:>10}{:>10}{:>10}", "layer", "burn", "gainakt", "ratio");
    let device = tensor_device(&compute.device)?;
    for (inputs, outputs) in LAYERS {
        let x: Vec<f32> = (0..args.rows * inputs).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect();
        let params: Vec<f32> =
            (0..(inputs + 1) * outputs).map(|i| ((i * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect();
        let at = LinearOffsets { weight: 0, bias: inputs * outputs, inputs, outputs };
        let (ours, value) = match &compute.device {
            Device::Cpu => kernel(&mut Cpu::default(), args, at, &x, &params)?,
            Device::Gpu(gpu) => kernel(&mut Gpu::new(gpu), args, at, &x, &params)?,
        };
        let (theirs, other) = general(&device, args, at, &x, &params)?;
        if (value - other).abs() > 1e-3 * (1.0 + value.abs()) {
            return Err(Error::Device(format!("{inputs} → {outputs}: the products differ, {value} and {other}")));
        }
        println!("{:>14}{theirs:>10.2}{ours:>10.2}{:>10.2}", format!("{inputs} → {outputs}"), theirs / ours);
    }
    if let Device::Gpu(gpu) = &compute.device {
        let mut kernels = Gpu::new(gpu);
        let [one, many] = [1, STARTS].map(|starts| middle(args.times, || starts_of(&mut kernels, starts)));
        let each = 1e3 * (many?.0 - one?.0) / (STARTS - 1) as f64;
        println!("{each:.1} µs for the start of a kernel that has next to nothing to do, among {STARTS}");
    }
    window_ops(&device, args.times)
}

/// Starts `count` tiny kernels in one go.
fn starts_of(gpu: &mut Gpu, count: usize) -> Result<f32> {
    let mut window = RaggedBatch::default();
    window.push_skills(&[0; 3], &[0; 3]);
    let batch = gpu.batch(PreparedBatch::new(window, 1), None)?;
    let (x, params, mut out) = (gpu.floats(8)?, gpu.floats(20)?, gpu.floats(8)?);
    let at = LinearOffsets { weight: 0, bias: 16, inputs: 4, outputs: 4 };
    for _ in 0..count {
        gpu.linear(&params, &batch, Input::Rows(&x), &[at], Activation::None, Dropout::OFF, &mut out);
    }
    Ok(block_on(gpu.read(&out, 0, 1))?[0])
}

fn kernel<K: LinearKernels>(
    k: &mut K,
    args: &ProductsArgs,
    at: LinearOffsets,
    x: &[f32],
    params: &[f32],
) -> Result<(f64, f32)> {
    let mut window = RaggedBatch::default();
    // One answer more than rows: the last predicts nothing.
    window.push_skills(&vec![0; args.rows + 1], &vec![0; args.rows + 1]);
    let batch = k.batch(PreparedBatch::new(window, 1), None)?;
    let (mut on_device, mut weights) = (k.floats(x.len())?, k.floats(params.len())?);
    k.write(&mut on_device, x);
    k.write(&mut weights, params);
    let mut out = k.floats(args.rows * at.outputs)?;
    middle(args.times, || {
        k.linear(&weights, &batch, Input::Rows(&on_device), &[at], Activation::Relu, Dropout::OFF, &mut out);
        Ok(block_on(k.read(&out, 0, 1))?[0])
    })
}

fn general(
    device: &TensorDevice,
    args: &ProductsArgs,
    at: LinearOffsets,
    x: &[f32],
    params: &[f32],
) -> Result<(f64, f32)> {
    let tensor =
        |values: &[f32], shape: [usize; 2]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), device);
    let x = tensor(x, [args.rows, at.inputs]);
    let w = tensor(&params[..at.bias], [at.outputs, at.inputs]).transpose();
    let bias = tensor(&params[at.bias..], [1, at.outputs]);
    middle(args.times, || {
        let out = activation::relu(x.clone().matmul(w.clone()) + bias.clone());
        let data = out.slice([0..1, 0..1]).try_into_data();
        let failed = |e: &dyn std::fmt::Debug| Error::Device(format!("burn's product: {e:?}"));
        let values = data.map_err(|e| failed(&e))?.try_into_vec::<f32>().map_err(|e| failed(&e))?;
        values.first().copied().ok_or_else(|| failed(&"no value"))
    })
}
