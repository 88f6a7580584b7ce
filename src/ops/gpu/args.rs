//! Arguments of kernels: named fields that become the words of a uniform, in the order the shader declares them.

/// Type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scalar {
    /// `u32`.
    Unsigned,
    /// `f32`.
    Float,
}

/// A value that fills one word of a uniform.
pub(crate) trait Word: Copy {
    /// Its type in WGSL.
    const SCALAR: Scalar;
    /// Its bits.
    fn word(self) -> u32;
}

impl Word for u32 {
    const SCALAR: Scalar = Scalar::Unsigned;
    fn word(self) -> u32 {
        self
    }
}

impl Word for f32 {
    const SCALAR: Scalar = Scalar::Float;
    fn word(self) -> u32 {
        self.to_bits()
    }
}

/// The arguments of a kernel. Every field is one word and the words follow one another, as in a WGSL struct of
/// scalars: no cast of memory is needed. `model::shaders` holds names, types and offsets to those of the shader.
pub(crate) trait Args {
    /// Name and type of each field, in order.
    const FIELDS: &'static [(&'static str, Scalar)];
    /// The values as words, in order.
    fn words(&self) -> Vec<u32>;
}

/// A kernel without arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoArgs;

impl Args for NoArgs {
    const FIELDS: &'static [(&'static str, Scalar)] = &[];
    fn words(&self) -> Vec<u32> {
        Vec::new()
    }
}

/// Declares a kernel's arguments: a struct whose fields are `u32` or `f32`, named as in the shader.
macro_rules! kernel_args {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub(crate) struct $name {
            $(pub(crate) $field: $kind),*
        }

        impl $crate::ops::gpu::Args for $name {
            const FIELDS: &'static [(&'static str, $crate::ops::gpu::Scalar)] =
                &[$((stringify!($field), <$kind as $crate::ops::gpu::Word>::SCALAR)),*];
            fn words(&self) -> Vec<u32> {
                vec![$($crate::ops::gpu::Word::word(self.$field)),*]
            }
        }
    };
}

/// Declares an enum that numbers places in an array, by name, and WGSL constants of the same numbers: `wgsl()` is their
/// text, the names in capitals after the prefix.
macro_rules! shader_enum {
    ($(#[$doc:meta])* $vis:vis $type:ident, $prefix:literal { $($(#[$variant_doc:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $type { $($(#[$variant_doc])* $variant),* }

        #[allow(dead_code)]
        impl $type {
            /// Names of all places, in order.
            pub const NAMES: [&'static str; Self::COUNT] = [$($name),*];
            /// Number of places.
            pub const COUNT: usize = [$(Self::$variant),*].len();

            /// The places as constants of a shader.
            pub(crate) fn wgsl() -> String {
                let constant = |(place, name): (usize, &&str)| {
                    format!("const {}{}: u32 = {place}u;\n", $prefix, name.to_uppercase())
                };
                Self::NAMES.iter().enumerate().map(constant).collect()
            }
        }
    };
}

pub(crate) use {kernel_args, shader_enum};
