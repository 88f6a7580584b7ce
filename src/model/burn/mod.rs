//! Models written on burn's tensors (<https://burn.dev>), one file each: automatic differentiation instead of kernels of our
//! own. `docs/OWN_MODEL.md` says how to add one.

mod akt;
mod attention;
mod device;
mod dkt;
mod engine;
mod lstm;
mod network;
mod parameters;
mod sakt;
mod simplekt;
mod windows;

pub(super) use engine::Engine;
pub use network::{Dropouts, TensorModel};
pub use windows::{Asked, Windows};

use network::Network;

use super::ModelConfig;
use super::layout::Layout;
use crate::config::ModelKind;
use crate::error::{Error, Result};
use crate::platform::device::Device;

/// Evaluates an expression for the model type of a kind, if it is one on tensors.
macro_rules! with_model {
    ($kind:expr, $model:ident => $what:expr) => {
        match $kind {
            ModelKind::Dkt => {
                type $model = dkt::Dkt;
                Some($what)
            }
            ModelKind::Sakt => {
                type $model = sakt::Sakt;
                Some($what)
            }
            ModelKind::Akt => {
                type $model = akt::Akt;
                Some($what)
            }
            ModelKind::SimpleKt => {
                type $model = simplekt::SimpleKt;
                Some($what)
            }
            ModelKind::GainAkt2Exp | ModelKind::Evidence => None,
        }
    };
}

/// Names and shapes of the parameters of such a model, if it is one on tensors.
pub(super) fn layout(config: &ModelConfig) -> Option<Layout> {
    with_model!(config.kind, M => network::layout::<M>(config))
}

/// A model on tensors with these parameters.
///
/// # Errors
/// It is none on tensors, or burn cannot use the device.
pub(super) fn start(config: &ModelConfig, values: &[f32], device: &Device) -> Result<Box<dyn Engine>> {
    let device = device::tensors(device)?;
    let engine = with_model!(config.kind, M => {
        Box::new(Network::<M>::new(config, values, device)) as Box<dyn Engine>
    });
    engine.ok_or_else(|| Error::Config(format!("{} is not a model on tensors", config.kind.title())))
}
