//! Every kernel against its plain-tensor twin, outputs and gradients, at odd sizes and on every device.

mod support;

use burn::tensor::{Device, Distribution, Tensor};
use futures_lite::future::block_on;
use gainakt::model::to_host;
use gainakt::ops::{self, AdamStep, Dropout, Ragged, twin};
use support::{absolute_error, devices};

/// Window lengths: single steps, all of three, odd mixes around workgroup and chunk sizes.
fn lengths() -> Vec<Vec<u32>> {
    vec![vec![1], vec![3; 7], vec![2, 1, 31, 32, 33], vec![199, 1, 5], vec![65, 64, 63, 2]]
}

fn rows(lengths: &[u32], device: &Device) -> Ragged {
    let mut offsets = vec![0];
    for length in lengths {
        offsets.push(offsets[offsets.len() - 1] + length);
    }
    Ragged::new(&offsets, device)
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    block_on(to_host(tensor)).unwrap()
}

/// Runs an operation of some inputs and its twin on the same numbers; compares outputs and input gradients.
fn compare(
    what: &str,
    device: &Device,
    shapes: &[[usize; 2]],
    op: impl Fn(&[Tensor<2>]) -> Tensor<2>,
    oracle: impl Fn(&[Tensor<2>]) -> Tensor<2>,
) {
    let device = device.clone().autodiff();
    device.seed(11);
    let inputs: Vec<Tensor<2>> =
        shapes.iter().map(|s| Tensor::random(*s, Distribution::Uniform(-1.0, 1.0), &device)).collect();
    let run = |f: &dyn Fn(&[Tensor<2>]) -> Tensor<2>| {
        let leaves: Vec<Tensor<2>> = inputs.iter().map(|x| x.clone().detach().require_grad()).collect();
        let out = f(&leaves);
        let [n, d] = out.dims();
        // Weights that differ everywhere, so that no gradient hides behind symmetry.
        let weights: Vec<f32> = (0..n * d).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
        let weights = Tensor::<2>::from_data(burn::tensor::TensorData::new(weights, [n, d]), &device);
        let grads = (out.clone() * weights).sum().backward();
        let mut all = vec![host(out)];
        // An input that no output depends on has no gradient in the twin and a zero one in the kernel.
        let zeros = |x: &Tensor<2>| Tensor::zeros(x.dims(), &device).inner();
        all.extend(leaves.iter().map(|x| host(x.grad(&grads).unwrap_or_else(|| zeros(x)))));
        all
    };
    for (i, (got, wanted)) in run(&op).iter().zip(run(&oracle)).enumerate() {
        let scale = wanted.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        let error = absolute_error(got, &wanted) / scale;
        let part = if i == 0 { "output".to_owned() } else { format!("gradient of input {}", i - 1) };
        assert!(error < 2e-5, "{what}, {part}: off by {error}");
    }
}

#[test]
fn attention() {
    for compute in devices() {
        for lengths in lengths() {
            let rows = rows(&lengths, &compute.device);
            let n = rows.rows();
            for (width, heads) in [(8, 2), (9, 3), (16, 1), (64, 4)] {
                let what = format!("attention {lengths:?}, width {width}, {heads} heads, {}", compute.kind);
                compare(
                    &what,
                    &compute.device,
                    &[[n, width]; 3],
                    |x| ops::causal_attention(x[0].clone(), x[1].clone(), x[2].clone(), &rows, heads),
                    |x| twin::causal_attention(x[0].clone(), x[1].clone(), x[2].clone(), &rows, heads),
                );
            }
        }
    }
}

#[test]
fn mastery_scan_with_a_ceiling_that_binds() {
    for compute in devices() {
        for lengths in lengths() {
            let rows = rows(&lengths, &compute.device);
            for skills in [1, 100, 101] {
                let positive = |x: &[Tensor<2>]| ((x[0].clone() + 1.0) * 0.5, (x[1].clone() + 1.0) * 1.5);
                compare(
                    &format!("scan {lengths:?}, {skills} skills, {}", compute.kind),
                    &compute.device,
                    &[[rows.windows(), skills], [rows.rows(), skills]],
                    |x| {
                        let (initial, gains) = positive(x);
                        ops::mastery_scan(initial, gains, &rows)
                    },
                    |x| {
                        let (initial, gains) = positive(x);
                        twin::mastery_scan(initial, gains, &rows)
                    },
                );
            }
        }
    }
}

#[test]
fn residual_norm_with_and_without_dropout() {
    for compute in devices() {
        for (n, width) in [(1, 2), (3, 5), (33, 64), (130, 65), (70, 200)] {
            for dropout in [Dropout::OFF, Dropout::new(0.3, 1, 2, 3)] {
                let affine = |x: &[Tensor<2>]| (x[2].clone().reshape([width]), x[3].clone().reshape([width]));
                compare(
                    &format!("residual norm {n}×{width}, {dropout:?}, {}", compute.kind),
                    &compute.device,
                    &[[n, width], [n, width], [1, width], [1, width]],
                    |x| {
                        let (gamma, beta) = affine(x);
                        ops::residual_norm(x[0].clone(), x[1].clone(), gamma, beta, dropout)
                    },
                    |x| {
                        let (gamma, beta) = affine(x);
                        twin::residual_norm(x[0].clone(), x[1].clone(), gamma, beta, dropout)
                    },
                );
            }
        }
    }
}

#[test]
fn dropout_masks_are_the_same_on_every_device() {
    for compute in devices() {
        for (n, width) in [(1, 1), (7, 33), (300, 129)] {
            let dropout = Dropout::new(0.2, 42, 7, 5);
            compare(
                &format!("dropout {n}×{width}, {}", compute.kind),
                &compute.device,
                &[[n, width]],
                |x| ops::dropout(x[0].clone(), dropout),
                |x| twin::dropout(x[0].clone(), dropout),
            );
        }
    }
}

/// Adam of a parameter that is longer than a workgroup, against the formula in 64-bit floats.
#[test]
fn adam_follows_the_formula() {
    for compute in devices() {
        let n = 1000;
        let start: Vec<f32> = (0..n).map(|i| (i as f32 * 0.37).sin()).collect();
        let upload =
            |values: Vec<f32>| Tensor::<1>::from_data(burn::tensor::TensorData::new(values, [n]), &compute.device);
        let mut param = upload(start.clone());
        let mut moments = Tensor::<2>::zeros([2, n], &compute.device);
        let clip = Tensor::<1>::from_data(burn::tensor::TensorData::new(vec![0.5f32], [1]), &compute.device);
        let mut wanted: Vec<[f64; 3]> = start.iter().map(|&p| [f64::from(p), 0.0, 0.0]).collect();
        for step in 1..=4 {
            let grad: Vec<f32> = (0..n).map(|i| ((i * step as usize) as f32 * 0.11).cos()).collect();
            for ([p, m, v], g) in wanted.iter_mut().zip(&grad) {
                let g = 0.5 * f64::from(*g) + 0.01 * *p;
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let (m_hat, v_hat) = (*m / (1.0 - 0.9f64.powi(step)), *v / (1.0 - 0.999f64.powi(step)));
                *p -= 0.05 * m_hat / (v_hat.sqrt() + 1e-8);
            }
            let settings = AdamStep { lr: 0.05, weight_decay: 0.01, step: step as u32 };
            (param, moments) = ops::adam(param, moments, upload(grad), clip.clone(), settings);
        }
        let wanted: Vec<f32> = wanted.iter().map(|w| w[0] as f32).collect();
        let error = absolute_error(&host(param), &wanted);
        assert!(error < 1e-5, "{}: off by {error}", compute.kind);
    }
}
