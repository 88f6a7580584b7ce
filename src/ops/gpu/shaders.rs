//! WGSL templates (`shaders/`, described in `shaders/README.md`) and what is written into them.

use super::args::Scalar;
use super::batch::Entry;
use super::{Batch, quads, repeat, tile};

/// What a kernel does with a storage buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    /// Only reads it.
    Read,
    /// Writes it, and may read it.
    Write,
}

/// Pieces of text that a template names: name and text.
pub(crate) type Includes = Vec<(&'static str, String)>;

/// A kernel: a template and what is written into it.
#[derive(Debug, Clone)]
pub(crate) struct Shader {
    /// The template's name.
    pub(crate) name: &'static str,
    /// Names and types of its arguments, for the test that compares them with the template.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) args: &'static [(&'static str, Scalar)],
    /// What it does with each storage buffer, in order of binding from 1.
    pub(crate) access: &'static [Access],
    /// Numbers that the template is compiled for.
    pub(crate) constants: Vec<(&'static str, usize)>,
    pub(crate) template: &'static str,
    pub(crate) includes: fn() -> Includes,
}

/// What tells compiled kernels apart.
pub(super) type ShaderKey = (&'static str, Vec<usize>);

/// Pieces many templates share.
fn common() -> Includes {
    vec![
        ("batch", Entry::wgsl() + include_str!("../../../shaders/include/batch.wgsl")),
        ("dropout_factor", include_str!("../../../shaders/include/dropout_factor.wgsl").to_owned()),
        ("head_sizes", include_str!("../../../shaders/include/head_sizes.wgsl").to_owned()),
        ("subgroup_head_sizes", include_str!("../../../shaders/subgroup/head_sizes.wgsl").to_owned()),
        ("keys_and_values", include_str!("../../../shaders/include/keys_and_values.wgsl").to_owned()),
        ("shared_rows", include_str!("../../../shaders/include/shared_rows.wgsl").to_owned()),
        ("total4", include_str!("../../../shaders/include/total4.wgsl").to_owned()),
        ("total", include_str!("../../../shaders/include/total.wgsl").to_owned()),
    ]
}

/// How the invocations that share a row add up: in a subgroup, or by way of workgroup memory.
fn reduction_includes(subgroup: bool) -> Includes {
    let [lane, row_total, sum_of_lanes] = match subgroup {
        true => [
            "subgroup_invocation_id",
            include_str!("../../../shaders/subgroup/row_total.wgsl"),
            include_str!("../../../shaders/subgroup/sum_of_lanes.wgsl"),
        ],
        false => [
            "local_invocation_index",
            include_str!("../../../shaders/include/row_total.wgsl"),
            include_str!("../../../shaders/include/sum_of_lanes.wgsl"),
        ],
    };
    vec![("lane", lane.to_owned()), ("row_total", row_total.to_owned()), ("sum_of_lanes", sum_of_lanes.to_owned())]
}

/// Writes `text` to `source` with a piece in place of each line `#import NAME`; a piece may import others.
fn import(text: &str, pieces: &Includes, source: &mut String) {
    for line in text.split_inclusive('\n') {
        let name = line.trim_end().strip_prefix("#import ");
        match name.and_then(|name| pieces.iter().find(|piece| piece.0 == name)) {
            Some((_, piece)) => {
                import(piece, pieces, source);
                source.push('\n');
            }
            None => source.push_str(line),
        }
    }
}

/// Value of the constant `several` for batches in which every answer has one skill.
const ONE_SKILL: usize = 1;

/// Value of the constant `several` for kernels that run on `batch`: 1 where every answer has one skill, else 2.
pub(crate) fn skills_of_answers(batch: &Batch) -> usize {
    if batch.prepared.batch.lists.is_some() { 2 } else { ONE_SKILL }
}

/// How kernels find the skills of an answer.
fn answer_skills(several: usize) -> (&'static str, String) {
    let text = match several {
        ONE_SKILL => include_str!("../../../shaders/include/one_skill.wgsl"),
        _ => include_str!("../../../shaders/include/several_skills.wgsl"),
    };
    ("answer_skills", text.to_owned())
}

impl Shader {
    pub(super) fn key(&self) -> ShaderKey {
        (self.name, self.constants.iter().map(|(_, value)| *value).collect())
    }

    /// The template with everything written into it.
    pub(crate) fn source(&self) -> String {
        let mut source = String::new();
        let tile = self.constant("tile").map(tile::includes).into_iter().flatten();
        let lanes = reduction_includes(self.constant("lanes").is_some());
        let skills = answer_skills(self.constant("several").unwrap_or(ONE_SKILL));
        // The first of a name counts: a tile brings its own `lane`.
        let own = (self.includes)().into_iter();
        let pieces: Includes = own.chain(tile).chain(lanes).chain([skills]).chain(common()).collect();
        import(self.template, &pieces, &mut source);
        for (name, text) in &pieces {
            source = source.replace(&format!("#{{{name}}}"), text);
        }
        if let Some(dk) = self.constant("dk") {
            source = repeat::for_each_quad(source, dk.div_ceil(4));
        }
        if let Some(lanes) = self.constant("lanes") {
            source = repeat::for_each_lane(source, lanes);
        }
        if let Some(vector_width) = self.constant("vector_width") {
            source = quads::write_in(source, vector_width);
        }
        for (name, value) in &self.constants {
            source = source.replace(&format!("#{{{name}}}"), &value.to_string());
        }
        source
    }

    /// Whether it is one for adapters with subgroups.
    pub(crate) fn uses_subgroups(&self) -> bool {
        self.constant("lanes").is_some() || self.constant("tile").is_some_and(tile::uses_subgroups)
    }

    fn constant(&self, name: &str) -> Option<usize> {
        self.constants.iter().find(|c| c.0 == name).map(|c| c.1)
    }
}

/// A constant of a shader.
pub(crate) fn float_constant(name: &str, value: f32) -> String {
    format!("const {name}: f32 = {value:?};\n")
}

/// Declares kernels: name of function and template with the constants it is compiled for, arguments, file in
/// `shaders/`, and what it does with each storage buffer. `includes` gives what the templates share here.
macro_rules! kernels {
    (includes $includes:expr; $($name:ident($($constant:ident),*): $args:ty, $file:literal, [$($access:ident),* $(,)?];)*) => {
        $(fn $name($($constant: usize),*) -> $crate::ops::gpu::Shader {
            $crate::ops::gpu::Shader {
                name: stringify!($name),
                args: <$args as $crate::ops::gpu::Args>::FIELDS,
                access: &[$($crate::ops::gpu::Access::$access),*],
                constants: vec![$((stringify!($constant), $constant)),*],
                template: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $file)),
                includes: $includes,
            }
        })*

        /// Every kernel here, compiled for constants of one size.
        pub(crate) fn shaders(size: usize) -> Vec<$crate::ops::gpu::Shader> {
            let _ = size;
            vec![$({
                $(let $constant = size;)*
                $name($($constant),*)
            }),*]
        }
    };
}

pub(crate) use kernels;
