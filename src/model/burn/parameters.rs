//! Parameters of a burn module by name: how each starts, the flat array of all of them, and their gradients.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::parameters::{Builder, Start};

/// Lists the parameters of `model` in the order of its fields. Layers of burn start as PyTorch starts them, whatever the
/// device: the host draws the values. `special` may say otherwise for a name and shape.
pub(super) fn list(model: &impl Module, special: fn(&str, &[usize]) -> Option<Start>) -> Builder {
    let mut list = List { path: Vec::new(), builder: Builder::default(), inputs: 1, special };
    model.visit(&mut list);
    list.builder
}

struct List {
    /// Field and type of what holds it.
    path: Vec<(String, String)>,
    builder: Builder,
    /// Inputs of the linear layer whose weight came last.
    inputs: usize,
    special: fn(&str, &[usize]) -> Option<Start>,
}

impl ModuleVisitor for List {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        let shape = param.lazy_shape().to_vec();
        let container = self.path.last().map_or("", |(_, container)| container.as_str());
        let start = match (container, names.last().copied().unwrap_or_default()) {
            ("Struct:Linear", "weight") => {
                self.inputs = shape[0];
                uniform(self.inputs)
            }
            ("Struct:Linear", _) => uniform(self.inputs),
            ("Struct:LayerNorm", "gamma") => Start::Constant(1.0),
            ("Struct:Embedding", _) => Start::Normal(1.0),
            // Shifts of norms, and what no layer of burn owns.
            _ => Start::Constant(0.0),
        };
        let name = names.join(".");
        let start = (self.special)(&name, &shape).unwrap_or(start);
        self.builder.add(&name, &shape, start);
    }
}

/// A linear layer of so many inputs in PyTorch.
pub(super) fn uniform(inputs: usize) -> Start {
    Start::Uniform(1.0 / (inputs as f64).sqrt())
}

/// Xavier's uniform start of a matrix.
pub(super) fn xavier(shape: &[usize]) -> Start {
    Start::Uniform((6.0 / shape.iter().sum::<usize>() as f64).sqrt())
}

/// Replaces all parameters by those in the flat array `[P]`, which is where the optimizer works.
pub(super) fn replace<M: Module>(model: M, flat: &Tensor<1>) -> M {
    model.map(&mut Replace { flat, at: 0 })
}

struct Replace<'a> {
    flat: &'a Tensor<1>,
    at: usize,
}

impl ModuleMapper for Replace<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        let count = shape.num_elements();
        let value = self.flat.clone().slice(self.at..self.at + count).reshape(shape);
        self.at += count;
        param.map(|_| Tensor::from_inner(value).require_grad())
    }
}

/// The gradients of all parameters as a flat array `[P]` without a graph; zeros where the loss does not depend on one.
pub(super) fn gradients(model: &impl Module, grads: &mut Gradients) -> Tensor<1> {
    let mut take = Take { grads, parts: Vec::new() };
    model.visit(&mut take);
    Tensor::cat(take.parts, 0)
}

struct Take<'a> {
    grads: &'a mut Gradients,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for Take<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let count = value.shape().num_elements();
        let part = match value.grad_remove(self.grads) {
            Some(grad) => grad.reshape([count]),
            None => Tensor::zeros([count], &value.device().inner()),
        };
        self.parts.push(part);
    }
}

/// A flat array on a device.
pub(super) fn flat(values: &[f32], device: &burn::tensor::Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// A tensor's values on the host.
///
/// # Errors
/// The device fails.
pub(super) fn to_host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |e: &dyn std::fmt::Debug| Error::Device(format!("reading from the device failed: {e:?}"));
    tensor.try_into_data().map_err(|e| failed(&e))?.try_into_vec::<f32>().map_err(|e| failed(&e))
}
