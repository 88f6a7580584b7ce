//! Our kernels as operations of burn's beside the same in burn's general operations, forward and backward, in turn.

use burn::tensor::{Device, Tensor, TensorData};

use super::times::middle;
use crate::error::{Error, Result};
use crate::model::burn::{causal_attention, general_attention, general_scan, mastery_scan};

/// Windows and rows of each.
const WINDOWS: usize = 32;
const ROWS: usize = 64;
/// Heads and features of one.
const HEADS: usize = 4;
const WIDTH: usize = 16;
const SKILLS: usize = 100;

/// Prints milliseconds of both ways.
pub(super) fn window_ops(device: &Device, times: usize) -> Result<()> {
    let device = device.clone().autodiff();
    let wide = [WINDOWS, ROWS, HEADS * WIDTH];
    let qkv = [1, 2, 3].map(|salt| noise(wide, salt, &device).require_grad());
    println!("milliseconds for {WINDOWS} windows of {ROWS} rows in a model on tensors, forward and backward");
    println!("{:>14}{:>10}{:>10}{:>10}", "operation", "burn", "gainakt", "ratio");
    both(
        "attention",
        times,
        || backward(general_attention(qkv.clone(), HEADS), &qkv[0]),
        || backward(causal_attention(qkv.clone(), HEADS), &qkv[0]),
    )?;
    let initial = (noise([WINDOWS, SKILLS], 4, &device) * 0.4 + 0.5).require_grad();
    let gains = noise([WINDOWS, ROWS, SKILLS], 5, &device).require_grad();
    both(
        "mastery scan",
        times,
        || backward(general_scan(initial.clone(), gains.clone()), &initial),
        || backward(mastery_scan(initial.clone(), gains.clone()), &initial),
    )
}

/// One operation both ways, which must agree.
fn both(
    name: &str,
    times: usize,
    general: impl FnMut() -> Result<f32>,
    ours: impl FnMut() -> Result<f32>,
) -> Result<()> {
    let ((theirs, other), (ours, value)) = (middle(times, general)?, middle(times, ours)?);
    if (value - other).abs() > 1e-3 * (1.0 + other.abs()) {
        return Err(Error::Device(format!("{name}: the gradients differ, {value} and {other}")));
    }
    println!("{name:>14}{theirs:>10.2}{ours:>10.2}{:>10.2}", theirs / ours);
    Ok(())
}

/// The first gradient of Σ out with respect to `x`.
fn backward<const D: usize>(out: Tensor<3>, x: &Tensor<D>) -> Result<f32> {
    let failed = |e: &dyn std::fmt::Debug| Error::Device(format!("burn's gradients: {e:?}"));
    let grads = out.sum().backward();
    let grad = x.grad(&grads).ok_or_else(|| failed(&"none"))?;
    let values = grad.try_into_data().map_err(|e| failed(&e))?.try_into_vec::<f32>().map_err(|e| failed(&e))?;
    values.first().copied().ok_or_else(|| failed(&"no value"))
}

fn noise<const D: usize>(shape: [usize; D], salt: usize, device: &Device) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| ((i * 7919 + salt * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
