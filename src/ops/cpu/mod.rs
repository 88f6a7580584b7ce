//! The operations in Rust, for burn's CPU backend: loops over ragged rows, spread over threads.
//!
//! Work is cut the same way whatever the number of threads, so results do not depend on it.

mod attention;
mod rows;
mod scan;

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::TensorData;
use burn_flex::FlexTensor;

use super::extension::{AdamStep, Kernels};
use super::{Dropout, Offsets};

/// A float tensor whose rows lie one after another.
struct Dense(FlexTensor);

impl Dense {
    fn new(tensor: FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    fn data(&self) -> &[f32] {
        // `new` made the tensor contiguous; an empty slice would show at once as a wrong length.
        self.0.as_slice::<f32>().unwrap_or_default()
    }

    fn dims<const D: usize>(&self) -> [usize; D] {
        let shape = self.0.layout().shape();
        std::array::from_fn(|i| shape[i])
    }
}

fn tensor<const D: usize>(data: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(data, shape))
}

impl Kernels for Flex {
    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        _layout: IntTensor<Self>,
        offsets: Offsets,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (q, k, v) = (Dense::new(q), Dense::new(k), Dense::new(v));
        let [rows, width] = q.dims();
        let (out, lse) = attention::forward([q.data(), k.data(), v.data()], &offsets, heads, width);
        (tensor(out, [rows, width]), tensor(lse, [rows, heads]))
    }

    fn attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        out: FloatTensor<Self>,
        lse: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        _layout: IntTensor<Self>,
        offsets: Offsets,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let saved = [q, k, v, out, lse].map(Dense::new);
        let grad = Dense::new(grad);
        let shape @ [_, width] = grad.dims();
        let [dq, dk, dv] = attention::backward(saved.each_ref().map(Dense::data), grad.data(), &offsets, heads, width);
        (tensor(dq, shape), tensor(dk, shape), tensor(dv, shape))
    }

    fn scan_forward(
        initial: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        _layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> FloatTensor<Self> {
        let (initial, gains) = (Dense::new(initial), Dense::new(gains));
        let shape @ [_, skills] = gains.dims();
        tensor(scan::forward(initial.data(), gains.data(), &offsets, skills), shape)
    }

    fn scan_backward(
        mastery: FloatTensor<Self>,
        gains: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        _layout: IntTensor<Self>,
        offsets: Offsets,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mastery, gains, grad) = (Dense::new(mastery), Dense::new(gains), Dense::new(grad));
        let shape @ [_, skills] = gains.dims();
        let (d_initial, d_gains) = scan::backward(mastery.data(), gains.data(), grad.data(), &offsets, skills);
        (tensor(d_initial, [offsets.len() - 1, skills]), tensor(d_gains, shape))
    }

    fn norm_forward(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dropout: Dropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, a, gamma, beta) = (Dense::new(x), Dense::new(a), Dense::new(gamma), Dense::new(beta));
        let shape: [usize; 2] = x.dims();
        let (out, stats) = rows::norm_forward(x.data(), a.data(), gamma.data(), beta.data(), dropout);
        (tensor(out, shape), tensor(stats, [shape[0], 2]))
    }

    fn norm_backward(
        x: FloatTensor<Self>,
        a: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        stats: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        dropout: Dropout,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, a, gamma) = (Dense::new(x), Dense::new(a), Dense::new(gamma));
        let (stats, grad) = (Dense::new(stats), Dense::new(grad));
        let shape @ [_, width] = x.dims();
        let (dx, affine) = rows::norm_backward([x.data(), a.data(), grad.data()], gamma.data(), stats.data(), dropout);
        (tensor(dx, shape), tensor(affine, [2, width]))
    }

    fn dropout_apply(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self> {
        let x = Dense::new(x);
        tensor(rows::dropout(x.data(), dropout), x.dims::<2>())
    }

    fn adam(
        param: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        clip: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (param, moments) = (Dense::new(param), Dense::new(moments));
        let (grad, clip) = (Dense::new(grad), Dense::new(clip));
        let n = param.data().len();
        let (param, moments) = rows::adam(param.data(), moments.data(), grad.data(), clip.data()[0], step);
        (tensor(param, [n]), tensor(moments, [2, n]))
    }
}
