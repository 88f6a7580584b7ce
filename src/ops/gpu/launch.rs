//! From a WGSL template and some buffers to a dispatch.

use burn::backend::wgpu::{CubeTensor, KernelSource, SourceKernel, SourceTemplate, into_contiguous};
use burn::tensor::{DType, Shape};
use cubecl::prelude::KernelId;
use cubecl::server::KernelArguments;
use cubecl::{CubeCount, CubeDim};

/// Invocations in every workgroup.
pub(super) const WORKGROUP: u32 = 64;

/// Most workgroups WebGPU allows in one dimension.
const MAX_GROUPS: u32 = 65_535;

/// A kernel: a template and the constants written into it.
#[derive(Debug, Clone)]
pub(super) struct Shader {
    name: &'static str,
    template: &'static str,
    constants: Vec<(&'static str, usize)>,
}

macro_rules! shaders {
    ($($name:ident($($constant:ident),*)),* $(,)?) => {
        impl Shader {
            $(pub(super) fn $name($($constant: usize),*) -> Self {
                Self {
                    name: stringify!($name),
                    template: include_str!(concat!("../../../shaders/", stringify!($name), ".wgsl")),
                    constants: vec![$((stringify!($constant), $constant)),*],
                }
            })*
        }

        /// Every kernel with small, odd and large constants: name and WGSL source.
        pub fn shader_sources() -> Vec<(String, String)> {
            let mut sources = Vec::new();
            for size in [1usize, 3, 33, 64, 101] {
                $({
                    $(let $constant = size;)*
                    let shader = Shader::$name($($constant),*);
                    sources.push((format!("{} at {size}", shader.name), shader.source().complete()));
                })*
            }
            sources
        }
    };
}

shaders! {
    attention_forward(heads, dk),
    attention_delta(heads, dk),
    attention_query_grad(heads, dk),
    attention_key_grad(heads, dk),
    attention_value_grad(heads, dk),
    scan_forward(skills),
    scan_backward(skills),
    norm_forward(width),
    norm_backward(width),
    norm_affine(width),
    dropout(),
    adam(),
}

impl KernelSource for Shader {
    fn source(&self) -> SourceTemplate {
        let template = SourceTemplate::new(self.template)
            .register("workgroup", WORKGROUP.to_string())
            .register("dropout_factor", include_str!("../../../shaders/include/dropout_factor.wgsl"))
            .register("normalised_rows", include_str!("../../../shaders/include/normalised_rows.wgsl"));
        self.constants.iter().fold(template, |t, (name, value)| t.register(*name, value.to_string()))
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info((self.name, self.constants.clone()))
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// The tensor with its elements one after another from the start of its buffer.
pub(super) fn dense(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(tensor)
}

/// An uninitialised float tensor beside `like`.
pub(super) fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let shape = Shape::from(shape);
    let buffer = like.client.empty(shape.num_elements() * size_of::<f32>());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, buffer, like.dtype)
}

/// A small tensor of words a kernel reads its settings from.
pub(super) fn params(like: &CubeTensor, words: &[u32]) -> CubeTensor {
    let buffer = like.client.create_from_slice(bytemuck::cast_slice(words));
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), Shape::from([words.len()]), buffer, DType::U32)
}

/// Runs `shader` with at least `tasks` invocations.
pub(super) fn launch(shader: Shader, buffers: &[&CubeTensor], tasks: usize) {
    launch_rows(shader, buffers, tasks.div_ceil(WORKGROUP as usize));
}

/// Runs `shader` with at least `groups` workgroups; beyond WebGPU's limit they spread over two dimensions.
pub(super) fn launch_rows(shader: Shader, buffers: &[&CubeTensor], groups: usize) {
    let groups = groups as u32;
    let count = if groups > MAX_GROUPS {
        CubeCount::Static(MAX_GROUPS, groups.div_ceil(MAX_GROUPS), 1)
    } else {
        CubeCount::Static(groups, 1, 1)
    };
    let bindings = buffers.iter().map(|b| b.handle.clone().binding()).collect();
    buffers[0].client.launch(
        Box::new(SourceKernel::new(shader, CubeDim::new_1d(WORKGROUP))),
        count,
        KernelArguments::new().with_buffers(bindings),
    );
}
