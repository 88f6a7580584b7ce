//! WGSL templates (`shaders/`) and what is written into them.

/// A kernel: a template and the constants written into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shader {
    pub(super) name: &'static str,
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
                    if size == 1 || !shader.constants.is_empty() {
                        sources.push((format!("{} at {size}", shader.name), shader.source()));
                    }
                })*
            }
            sources
        }
    };
}

shaders! {
    embed(),
    embed_grad(),
    linear(sources),
    linear_input_grad(),
    linear_weight_grad(sources),
    attention(heads, dk),
    attention_query_grad(heads, dk),
    attention_key_value_grad(heads, dk),
    residual_norm(),
    residual_norm_grad(),
    norm_affine_grad(),
    scan(),
    row_stats(),
    correlations(),
    losses(),
    row_grads(),
    scan_grad(),
    grad_norm(),
    adam(),
}

/// Pieces several templates share.
const INCLUDES: [(&str, &str); 6] = [
    ("batch", include_str!("../../../shaders/include/batch.wgsl")),
    ("dropout_factor", include_str!("../../../shaders/include/dropout_factor.wgsl")),
    ("head_sizes", include_str!("../../../shaders/include/head_sizes.wgsl")),
    ("row_total", include_str!("../../../shaders/include/row_total.wgsl")),
    ("tile", include_str!("../../../shaders/include/tile.wgsl")),
    ("total", include_str!("../../../shaders/include/total.wgsl")),
];

impl Shader {
    /// The template with everything written into it.
    pub(super) fn source(&self) -> String {
        let mut source = self.template.to_owned();
        for (name, text) in INCLUDES {
            source = source.replace(&format!("{{{{ {name} }}}}"), text);
        }
        for (name, value) in &self.constants {
            source = source.replace(&format!("{{{{ {name} }}}}"), &value.to_string());
        }
        source
    }

    /// For each storage buffer in order of binding, whether the kernel only reads it.
    pub(super) fn read_only(&self) -> Vec<bool> {
        self.template.lines().filter_map(|l| Some(l.split_once("var<storage, ")?.1.starts_with("read>"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every template at odd sizes is valid WGSL for a device that offers nothing beyond core WebGPU.
    #[test]
    fn shaders_are_valid_core_webgpu() {
        use naga::valid::{Capabilities, ValidationFlags, Validator};
        for (name, source) in shader_sources() {
            assert!(!source.contains("{{"), "{name}: something is not filled in");
            let module = naga::front::wgsl::parse_str(&source)
                .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
            let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
            validator.validate(&module).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
            let storage =
                module.global_variables.iter().filter(|(_, v)| matches!(v.space, naga::AddressSpace::Storage { .. }));
            assert!(storage.count() <= 8, "{name} binds more storage buffers than WebGPU promises");
            let size: u32 = module.entry_points[0].workgroup_size.iter().product();
            assert!(size <= 256, "{name} has workgroups of {size}");
        }
    }

    /// Every template translates to what Vulkan, Metal and DirectX 12 compile.
    #[test]
    fn shaders_translate_for_every_graphics_interface() {
        use naga::back::{hlsl, msl, spv};
        use naga::valid::{Capabilities, ValidationFlags, Validator};
        for (name, source) in shader_sources() {
            let module = naga::front::wgsl::parse_str(&source).unwrap();
            let info = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module).unwrap();
            let words = spv::write_vec(&module, &info, &spv::Options::default(), None);
            assert!(words.is_ok_and(|w| w.len() > 100), "{name}: SPIR-V");
            let metal = msl::Options { fake_missing_bindings: true, ..msl::Options::default() };
            let text = msl::write_string(&module, &info, &metal, &msl::PipelineOptions::default());
            assert!(text.as_ref().is_ok_and(|(text, _)| text.contains("kernel")), "{name}: MSL {:?}", text.err());
            let mut text = String::new();
            let direct = hlsl::Options { fake_missing_bindings: true, ..hlsl::Options::default() };
            let pipeline = hlsl::PipelineOptions::default();
            let written = hlsl::Writer::new(&mut text, &direct, &pipeline).write(&module, &info, None);
            assert!(written.is_ok(), "{name}: HLSL {:?}", written.err());
            assert!(text.contains("numthreads"), "{name}: HLSL");
        }
    }

    #[test]
    fn a_training_step_needs_few_pipelines() {
        assert!(shader_sources().iter().filter(|(name, _)| name.ends_with(" at 1")).count() <= 40);
    }
}
