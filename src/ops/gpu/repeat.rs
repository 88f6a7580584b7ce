//! Lines of a kernel that are written once for each four features of a head.
//!
//! `{{ repeat for each quad` begins them, `}}` on a line of its own ends them, and `@` stands for the quad's number. A loop that meets
//! barriers is not unrolled by a GPU's compiler, and what it indexes then lies in memory instead of registers: on an H100 attention
//! by two invocations a row was slower than by one, until its last sums were written out.

/// What begins such lines.
const BEGIN: &str = "{{ repeat for each quad\n";
/// What ends them.
const END: &str = "\n}}";

/// The template with such lines written `quads` times.
pub(super) fn write_in(mut source: String, quads: usize) -> String {
    while let Some(begin) = source.find(BEGIN) {
        let Some(length) = source[begin..].find(END) else { break };
        let lines = source[begin + BEGIN.len()..=begin + length].to_owned();
        let text: String = (0..quads).map(|quad| lines.replace('@', &quad.to_string())).collect();
        source.replace_range(begin..begin + length + END.len(), text.trim_end());
    }
    source
}
