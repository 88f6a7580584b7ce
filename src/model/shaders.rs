//! Every kernel of the program, for compilers to be tried on.

use super::architectures;
use crate::ops::gpu::{SUBGROUP_SIZES, Shader};

/// Every kernel, compiled for constants of one size.
fn shaders(size: usize) -> Vec<Shader> {
    let mut all = crate::ops::gpu::shaders(size);
    all.extend(architectures::shaders(size));
    // A kernel is as long as its subgroup.
    for (_, lanes) in all.iter_mut().flat_map(|shader| &mut shader.constants).filter(|(name, _)| *name == "lanes") {
        *lanes = SUBGROUP_SIZES[size % SUBGROUP_SIZES.len()];
    }
    all
}

/// Every kernel that any adapter may be given, with small, odd and large constants: name and WGSL source.
pub fn shader_sources() -> Vec<(String, String)> {
    sources(false)
}

/// The same of the kernels that use subgroups, or of those that do not.
fn sources(subgroups: bool) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for size in [1usize, 2, 3, 4, 8, 12, 33, 64, 101] {
        let compiled = shaders(size)
            .into_iter()
            .filter(|s| (size == 1 || !s.constants.is_empty()) && s.uses_subgroups() == subgroups);
        sources.extend(compiled.map(|s| (format!("{} at {size}", s.name), s.source())));
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gpu::{Access, Scalar};

    fn parsed(name: &str, source: &str) -> naga::Module {
        naga::front::wgsl::parse_str(source).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(source)))
    }

    /// Every kernel, and a validator that knows core WebGPU; subgroups too for those that use them, which only adapters that have
    /// them are given.
    fn kernels() -> impl Iterator<Item = (String, String, naga::valid::Validator)> {
        use naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
        let with = |subgroups: bool| {
            sources(subgroups).into_iter().map(move |(name, source)| {
                if !subgroups {
                    return (name, source, Validator::new(ValidationFlags::all(), Capabilities::empty()));
                }
                assert!(source.contains("subgroup_invocation_id"), "{name} uses no subgroup");
                let mut validator = Validator::new(ValidationFlags::all(), Capabilities::SUBGROUP);
                validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
                (name, source, validator)
            })
        };
        with(false).chain(with(true))
    }

    /// Every template at odd sizes is valid WGSL for a device that offers nothing beyond core WebGPU (and subgroups, see above).
    #[test]
    fn shaders_are_valid_core_webgpu() {
        for (name, source, mut validator) in kernels() {
            for mark in ["#{", "#import", "#repeat", "#end"] {
                assert!(!source.contains(mark), "{name}: {mark} is left");
            }
            let module = parsed(&name, &source);
            validator.validate(&module).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
            let storage =
                module.global_variables.iter().filter(|(_, v)| matches!(v.space, naga::AddressSpace::Storage { .. }));
            assert!(storage.count() <= 8, "{name} binds more storage buffers than WebGPU promises");
            let shared = module.global_variables.iter().filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup);
            let bytes: u32 = shared.map(|(_, v)| module.types[v.ty].inner.size(module.to_ctx())).sum();
            assert!(bytes <= 16_384, "{name} shares {bytes} bytes, more than WebGPU promises");
            let size: u32 = module.entry_points[0].workgroup_size.iter().product();
            assert!(size <= 256, "{name} has workgroups of {size}");
        }
    }

    /// Every template translates to what Vulkan, Metal and DirectX 12 compile.
    #[test]
    fn shaders_translate_for_every_graphics_interface() {
        use naga::back::{hlsl, msl, spv};
        for (name, source, mut validator) in kernels() {
            let module = parsed(&name, &source);
            let info = validator.validate(&module).unwrap();
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

    /// A shader's arguments and storage buffers are those its Rust side declares: names, types, offsets, access.
    #[test]
    fn shaders_agree_with_their_rust_side() {
        use naga::{AddressSpace, ScalarKind, StorageAccess, TypeInner};
        for shader in shaders(3) {
            let module = parsed(shader.name, &shader.source());
            let mut access = Vec::new();
            let mut fields = Vec::new();
            for (_, variable) in module.global_variables.iter() {
                match variable.space {
                    AddressSpace::Storage { access: how } => {
                        let binding = variable.binding.unwrap().binding as usize;
                        let write = how.contains(StorageAccess::STORE);
                        access.push((binding, if write { Access::Write } else { Access::Read }));
                    }
                    AddressSpace::Uniform => {
                        let TypeInner::Struct { members, .. } = &module.types[variable.ty].inner else {
                            panic!("{}: the uniform is no struct", shader.name)
                        };
                        for member in members {
                            let TypeInner::Scalar(scalar) = module.types[member.ty].inner else {
                                panic!("{}: an argument is no scalar", shader.name)
                            };
                            let scalar = match scalar.kind {
                                ScalarKind::Uint => Scalar::Unsigned,
                                ScalarKind::Float => Scalar::Float,
                                other => panic!("{}: an argument is {other:?}", shader.name),
                            };
                            fields.push((member.name.clone().unwrap(), scalar, member.offset as usize));
                        }
                    }
                    _ => {}
                }
            }
            access.sort_by_key(|(binding, _)| *binding);
            let declared: Vec<_> = (1..).zip(shader.access.iter().copied()).collect();
            assert_eq!(access, declared, "{}: storage buffers", shader.name);
            let declared: Vec<_> =
                shader.args.iter().enumerate().map(|(i, (name, kind))| ((*name).to_owned(), *kind, 4 * i)).collect();
            assert_eq!(fields, declared, "{}: arguments", shader.name);
        }
    }

    #[test]
    fn a_training_step_needs_few_pipelines() {
        // Rows of answers that were never given are no part of one.
        let of_steps = shaders(1).iter().filter(|shader| !shader.name.ends_with("_after")).count();
        assert!(of_steps <= 45, "{of_steps} pipelines");
    }
}
