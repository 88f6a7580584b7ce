//! Parameters by their PyTorch names: listing, reading and replacing them.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};

use super::gainakt::GainAkt;
use crate::error::{Error, Result};

/// Host copies of parameters: shape and values by PyTorch name, in name order.
pub type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The state-dict name of a module path: `ffn.layer0.weight` → `ffn.0.weight`.
fn torch_name(path: &[String]) -> String {
    let parts: Vec<&str> =
        path.iter().map(|p| p.strip_prefix("layer").filter(|n| n.parse::<u8>().is_ok()).unwrap_or(p)).collect();
    parts.join(".")
}

/// Applies a function to every parameter, with its name, shape and values as `[n]`.
struct Visit<F> {
    path: Vec<String>,
    each: F,
}

impl<F: FnMut(String, Vec<usize>, Tensor<1>)> ModuleVisitor for Visit<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let shape = value.dims().to_vec();
        let count = shape.iter().product::<usize>();
        (self.each)(torch_name(&self.path), shape, value.reshape([count]));
    }
}

/// Names, shapes and flat values `[n]` of every parameter, in module order.
pub fn parameters(model: &GainAkt) -> Vec<(String, Vec<usize>, Tensor<1>)> {
    let mut list = Vec::new();
    model.visit(&mut Visit { path: Vec::new(), each: |name, shape, value| list.push((name, shape, value)) });
    list
}

/// Number of trainable values.
pub fn parameter_count(model: &GainAkt) -> usize {
    parameters(model).iter().map(|(_, shape, _)| shape.iter().product::<usize>()).sum()
}

/// Copies every parameter to the host.
///
/// # Errors
/// The device fails.
pub async fn read_parameters(model: &GainAkt) -> Result<Weights> {
    let mut weights = Weights::new();
    for (name, shape, value) in parameters(model) {
        weights.insert(name, (shape, to_host(value).await?));
    }
    Ok(weights)
}

/// A tensor's values on the host.
///
/// # Errors
/// The device fails.
pub async fn to_host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |e: &dyn std::fmt::Debug| Error::Device(format!("reading from the device failed: {e:?}"));
    let data = tensor.into_data_async().await.map_err(|e| failed(&e))?;
    data.try_into_vec::<f32>().map_err(|e| failed(&e))
}

/// Replaces every parameter by the one of its name in `weights`.
///
/// # Errors
/// A name is missing or unknown, or a shape differs; nothing is replaced then.
pub fn write_parameters(model: GainAkt, weights: &Weights) -> Result<GainAkt> {
    let expected: BTreeMap<String, Vec<usize>> =
        parameters(&model).into_iter().map(|(name, shape, _)| (name, shape)).collect();
    for (name, shape) in &expected {
        match weights.get(name) {
            None => return Err(Error::Checkpoint(format!("the checkpoint has no \"{name}\"; it is of another model"))),
            Some((found, _)) if found != shape => {
                return Err(Error::Checkpoint(format!(
                    "\"{name}\" is {found:?} in the checkpoint, expected {shape:?}; it is of a model of another size"
                )));
            }
            Some(_) => {}
        }
    }
    if let Some(name) = weights.keys().find(|name| !expected.contains_key(*name)) {
        return Err(Error::Checkpoint(format!("the checkpoint holds \"{name}\", which this model does not have")));
    }
    Ok(model.map(&mut Replace { path: Vec::new(), weights }))
}

struct Replace<'a> {
    path: Vec<String>,
    weights: &'a Weights,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some((shape, values)) = self.weights.get(&torch_name(&self.path)) else {
            return param;
        };
        let data = TensorData::new(values.clone(), shape.clone());
        param.map(|old| {
            let device = old.device();
            let new = Tensor::from_data(data, &device);
            if device.is_autodiff() { new.require_grad() } else { new }
        })
    }
}

/// Takes every parameter's gradient out of `grads`: flat `[n]` by name, without autodiff.
pub fn gradients(model: &GainAkt, grads: &mut Gradients) -> BTreeMap<String, Tensor<1>> {
    let mut take = TakeGradients { path: Vec::new(), grads, named: BTreeMap::new() };
    model.visit(&mut take);
    take.named
}

struct TakeGradients<'a> {
    path: Vec<String>,
    grads: &'a mut Gradients,
    named: BTreeMap<String, Tensor<1>>,
}

impl ModuleVisitor for TakeGradients<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = param.val().grad_remove(self.grads) {
            let count = grad.dims().iter().product::<usize>();
            self.named.insert(torch_name(&self.path), grad.reshape([count]));
        }
    }
}

/// Replaces each parameter by what `step` makes of its name and flat value; `None` leaves it.
pub(crate) fn update_parameters(model: GainAkt, step: impl FnMut(&str, Tensor<1>) -> Option<Tensor<1>>) -> GainAkt {
    model.map(&mut Update { path: Vec::new(), step })
}

struct Update<F> {
    path: Vec<String>,
    step: F,
}

impl<F: FnMut(&str, Tensor<1>) -> Option<Tensor<1>>> ModuleMapper for Update<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = torch_name(&self.path);
        let step = &mut self.step;
        param.map(|old| {
            let shape = old.dims();
            let flat = old.clone().inner().reshape([shape.iter().product::<usize>()]);
            match step(&name, flat) {
                Some(new) => Tensor::from_inner(new.reshape(shape)).require_grad(),
                None => old,
            }
        })
    }
}
