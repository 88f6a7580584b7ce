//! Models written on burn's tensors (<https://burn.dev>), one file each: automatic differentiation instead of kernels of our
//! own. `docs/OWN_MODEL.md` says how to add one.

mod akt;
mod attention;
mod device;
mod dkt;
mod encoder;
mod engine;
mod evidence;
mod gainakt2exp;
pub(super) mod kernels;
mod lstm;
mod network;
mod parameters;
mod rasch;
mod sakt;
mod simplekt;
mod windows;

pub use attention::{AnswerHead, Attention, FeedForward};
pub use device::tensor_device;
pub(super) use engine::Engine;
pub use evidence::EvidenceReference;
pub use gainakt2exp::GainAktReference;
pub use kernels::{causal_attention, general_attention, general_scan, mastery_scan};
pub use lstm::lstm;
pub use network::{Dropouts, TensorModel};
pub use windows::{Asked, Windows};

use network::Network;

use super::ModelConfig;
use super::layout::Layout;
use crate::config::ModelKind;
use crate::error::{Error, Result};
use crate::platform::device::Device;

/// The models on tensors: kind and type.
macro_rules! models {
    ($($kind:ident => $model:ty,)*) => {
        /// Names and shapes of the parameters of such a model, if it is one on tensors.
        pub(super) fn layout(config: &ModelConfig) -> Option<Layout> {
            match config.kind {
                $(ModelKind::$kind => Some(layout_of::<$model>(config)),)*
                _ => None,
            }
        }

        /// A model on tensors with these parameters.
        ///
        /// # Errors
        /// It is none on tensors, or burn cannot use the device.
        pub(super) fn start(config: &ModelConfig, values: &[f32], device: &Device) -> Result<Box<dyn Engine>> {
            match config.kind {
                $(ModelKind::$kind => start_of::<$model>(config, values, device),)*
                other => Err(Error::Request(format!("{} is not a model on tensors", other.title()))),
            }
        }
    };
}

models! {
    Dkt => dkt::Dkt,
    Sakt => sakt::Sakt,
    Akt => akt::Akt,
    SimpleKt => simplekt::SimpleKt,
}

/// Names and shapes of the parameters of a model on tensors.
pub(super) fn layout_of<M: TensorModel>(config: &ModelConfig) -> Layout {
    network::layout::<M>(config)
}

/// A model on tensors with these parameters.
///
/// # Errors
/// burn cannot use the device.
pub(super) fn start_of<M: TensorModel>(
    config: &ModelConfig,
    values: &[f32],
    device: &Device,
) -> Result<Box<dyn Engine>> {
    Ok(Box::new(Network::<M>::new(config, values, tensor_device(device)?)))
}

/// The page's code is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/OWN_MODEL.md")]
pub struct OwnModelPage;
