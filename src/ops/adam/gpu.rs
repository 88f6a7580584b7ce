//! Adam: the gradient's norm by 256 workgroups, then one invocation for one or more parameters.

use super::{AdamKernels, AdamStep};
use crate::ops::Cost;
use crate::ops::gpu::{Array, Gpu, Hardware, Includes, float_constant, groups, kernel_args, kernels};

kernel_args! {
    /// Arguments of grad_norm.wgsl.
    GradNormArgs { count: u32 }
}

kernel_args! {
    /// Arguments of adam.wgsl.
    AdamArgs {
        count: u32, total: u32, clip: f32, weight_decay: f32, step_size: f32, second_scale: f32, items: u32, item_rate: f32,
    }
}

kernels! {
    includes includes;
    grad_norm(): GradNormArgs, "grad_norm.wgsl", [Read, Write];
    adam(each): AdamArgs, "adam.wgsl", [Write, Read, Write, Write];
}

fn includes() -> Includes {
    let constants = [
        ("BETA1", AdamStep::BETA1),
        ("BETA2", AdamStep::BETA2),
        ("ADAM_EPS", AdamStep::EPS),
        ("CLIP_EPS", AdamStep::NORM_EPS),
    ];
    vec![("adam_constants", constants.map(|(name, value)| float_constant(name, value)).concat())]
}

impl AdamKernels for Gpu {
    fn adam(
        &mut self,
        params: &mut Array,
        grads: &Array,
        moments: &mut Array,
        total: usize,
        step: AdamStep,
        norm: &mut Array,
    ) {
        let count = step.count as u32;
        self.clock.record("grad_norm", Cost::moving(step.count));
        self.clock.record("adam", Cost::moving(7 * step.count));
        self.dispatch(&grad_norm(), &GradNormArgs { count }, &[grads, &*norm].map(Some), [256, 1, 1]);
        let items = step.items_or_end();
        let args = AdamArgs {
            count,
            total: total as u32,
            clip: step.clip,
            weight_decay: step.weight_decay,
            step_size: step.step_size(),
            second_scale: step.second_scale(),
            items: items.from as u32,
            item_rate: items.rate,
        };
        let arrays = [&*params, grads, &*moments, &*norm].map(Some);
        // A workgroup begins by adding up the norm: a few parameters an invocation where there is no need of many workgroups.
        let each = match self.hardware {
            Hardware::Gpu => 1,
            Hardware::Processor { .. } => 16,
        };
        self.dispatch(&adam(each), &args, &arrays, groups(step.count.div_ceil(each)));
    }
}
