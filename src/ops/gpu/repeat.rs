//! Lines of a kernel that are written once for each four features of a head, or for each invocation of a subgroup.
//!
//! `{{ repeat for each quad` begins them, `}}` on a line of its own ends them, and `@` stands for the quad's number; `{{ repeat for
//! each lane` and `#` likewise for an invocation's, and such lines may have lines for each quad among them. A loop that meets
//! barriers is not unrolled by a GPU's compiler, and what it indexes then lies in memory instead of registers: on an H100 attention
//! by two invocations a row was slower than by one, until its last sums were written out.

/// What ends such lines.
const END: &str = "\n}}";

/// The template with lines for each quad written `quads` times.
pub(super) fn for_each_quad(source: String, quads: usize) -> String {
    write_in(source, "{{ repeat for each quad\n", '@', quads)
}

/// The template with lines for each invocation of a subgroup written `lanes` times; those for each quad are written before.
pub(super) fn for_each_lane(source: String, lanes: usize) -> String {
    write_in(source, "{{ repeat for each lane\n", '#', lanes)
}

fn write_in(mut source: String, begin_mark: &str, number: char, count: usize) -> String {
    while let Some(begin) = source.find(begin_mark) {
        let Some(length) = source[begin..].find(END) else { break };
        let lines = source[begin + begin_mark.len()..=begin + length].to_owned();
        let text: String = (0..count).map(|i| lines.replace(number, &i.to_string())).collect();
        source.replace_range(begin..begin + length + END.len(), text.trim_end());
    }
    source
}
