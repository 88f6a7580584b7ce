//! Our kernels as operations of burn's: values and gradients beside the same computed from burn's general operations, on every
//! device.
#![cfg(feature = "burn")]

#[path = "support/kernels.rs"]
mod kernels;
mod support;

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor, TensorData};
use gainakt::model::burn::{causal_attention, general_attention, general_scan, mastery_scan, tensor_device};
use support::devices;

/// burn 0.22 must not differentiate on two threads at once (src/model/burn/network.rs).
static ALONE: Mutex<()> = Mutex::new(());

fn noise<const D: usize>(shape: [usize; D], salt: usize, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(kernels::noise(shape.iter().product(), salt), shape), device)
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

fn close(what: &str, found: &[f32], wanted: &[f32], within: f32) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
        assert!((f - w).abs() <= within, "{what}, element {i}: {f}, not {w}");
    }
}

#[test]
fn attention_within_windows() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for compute in devices() {
        let device = tensor_device(&compute.device).unwrap().autodiff();
        for (w, t, heads, width) in [(1, 1, 1, 4), (3, 7, 2, 8), (2, 65, 4, 16), (1, 130, 3, 5), (2, 40, 2, 64)] {
            let what = format!("{w} windows of {t}, {heads} heads of {width}, {}", compute.kind);
            let shape = [w, t, heads * width];
            let run = |of: &dyn Fn([Tensor<3>; 3]) -> Tensor<3>| {
                let x = [1, 2, 3].map(|salt| noise(shape, salt, &device).require_grad());
                let out = of(x.clone());
                let grads = (out.clone() * noise(shape, 4, &device)).sum().backward();
                (host(out.inner()), x.map(|x| host(x.grad(&grads).unwrap())))
            };
            let (out, grads) = run(&|x| causal_attention(x, heads));
            let (wanted, wanted_grads) = run(&|x| general_attention(x, heads));
            close(&what, &out, &wanted, 2e-6);
            for (of, found, wanted) in [("q", 0), ("k", 1), ("v", 2)].map(|(n, i)| (n, &grads[i], &wanted_grads[i])) {
                close(&format!("gradient of {of}, {what}"), found, wanted, 5e-5);
            }
        }
    }
}

#[test]
fn mastery_over_time() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for compute in devices() {
        let device = tensor_device(&compute.device).unwrap().autodiff();
        for (w, t, c) in [(1, 1, 3), (3, 9, 5), (2, 130, 70)] {
            let what = format!("{w} windows of {t}, {c} skills, {}", compute.kind);
            let run = |of: &dyn Fn(Tensor<2>, Tensor<3>) -> Tensor<3>| {
                let initial = (noise([w, c], 1, &device) * 0.4 + 0.5).require_grad();
                // Up and down, so that floor and ceiling bind.
                let gains = (noise([w, t, c], 2, &device) * 3.0).require_grad();
                let mastery = of(initial.clone(), gains.clone());
                let grads = (mastery.clone() * noise([w, t, c], 3, &device)).sum().backward();
                // A window of one row has no use for its gain.
                let d_gains = gains.grad(&grads).map_or_else(|| vec![0.0; w * t * c], host);
                (host(mastery.inner()), host(initial.grad(&grads).unwrap()), d_gains)
            };
            let (mastery, d_initial, d_gains) = run(&mastery_scan);
            let (wanted, wanted_initial, wanted_gains) = run(&general_scan);
            close(&what, &mastery, &wanted, 1e-6);
            close(&format!("gradient of the start, {what}"), &d_initial, &wanted_initial, 2e-5);
            close(&format!("gradient of the gains, {what}"), &d_gains, &wanted_gains, 2e-5);
        }
    }
}
