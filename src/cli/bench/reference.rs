//! Our two models written in burn's operations, timed in turn with our kernels.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::ModelConfig;
use crate::platform::device::Device;
use crate::train::Stepper;

/// The same model in burn's operations. Of GainAKT2Exp's loss terms it has three, so it has less to do.
#[cfg(feature = "burn")]
pub(super) fn reference_stepper(config: &Config, shape: &ModelConfig, device: &Device) -> Result<Stepper> {
    use crate::config::ModelKind;
    use crate::model::Model;
    use crate::model::burn::{EvidenceReference, GainAktReference};
    use crate::objective::Objective;

    if !config.encoder().is_default() {
        return Err(Error::Request("--against burn has no LSTM encoder to compare with".to_owned()));
    }
    let model = match config.model.kind {
        ModelKind::GainAkt2Exp => Model::on_tensors::<GainAktReference>(shape, config.seeds.seed, device)?,
        ModelKind::Evidence => Model::on_tensors::<EvidenceReference>(shape, config.seeds.seed, device)?,
        other => return Err(Error::Request(format!("{} is in burn's operations already", other.title()))),
    };
    let mut stepper = Stepper::new(config, shape, 1, device)?;
    (stepper.model, stepper.objective) = (model, Objective::CrossEntropy);
    Ok(stepper)
}

/// There is none in this build.
#[cfg(not(feature = "burn"))]
pub(super) fn reference_stepper(_: &Config, _: &ModelConfig, _: &Device) -> Result<Stepper> {
    Err(Error::Request("--against burn needs a build with the feature \"burn\"".to_owned()))
}
