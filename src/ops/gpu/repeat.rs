//! Lines of a template that are written several times: once for each four features of a head, or for each invocation of a
//! subgroup.
//!
//! `#repeat Q` begins lines for the quads of a head and `#repeat L` lines for the lanes of a subgroup; `#end` ends them. In such
//! lines the name `Q` (or `L`) stands for the number, and so does a part of a name: `sum_Q` becomes `sum_0`, `sum_1` and so on. Lines
//! for the lanes may hold lines for the quads. A loop that meets barriers is not unrolled by a GPU's compiler, and what it indexes
//! then lies in memory instead of registers: on an H100 attention by two invocations a row was slower than by one, until its last
//! sums were written out.

/// What ends such lines.
const END: &str = "\n#end";

/// The template with its lines for each quad of a head written `quads` times.
pub(super) fn for_each_quad(source: String, quads: usize) -> String {
    write_in(source, "Q", quads)
}

/// The template with its lines for each lane of a subgroup written `lanes` times; those for each quad are written before.
pub(super) fn for_each_lane(source: String, lanes: usize) -> String {
    write_in(source, "L", lanes)
}

fn write_in(mut source: String, name: &str, count: usize) -> String {
    let begin_mark = format!("#repeat {name}\n");
    while let Some(begin) = source.find(&begin_mark) {
        let length = source[begin..].find(END).expect("every #repeat of a template has its #end");
        let lines = source[begin + begin_mark.len()..=begin + length].to_owned();
        let text: String = (0..count).map(|number| numbered(&lines, name, number)).collect();
        source.replace_range(begin..begin + length + END.len(), text.trim_end());
    }
    source
}

/// `lines` with `number` in place of `name`, where that is a whole name or a part of one between underscores.
fn numbered(lines: &str, name: &str, number: usize) -> String {
    let mut text = String::new();
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = lines;
    while !rest.is_empty() {
        let end = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word == name {
            text += &format!("{number}u");
        } else {
            let parts = word.split('_').map(|part| if part == name { number.to_string() } else { part.to_owned() });
            text += &parts.collect::<Vec<_>>().join("_");
        }
        let next = after.find(in_name).unwrap_or(after.len());
        text += &after[..next];
        rest = &after[next..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_and_others_stay() {
        let source = "a\n#repeat L\n  p_L = L;\n#repeat Q\n  q_Q_L += Quad.x * Q + s_LL[L];\n#end\n#end\nb\n";
        let written = for_each_lane(for_each_quad(source.to_owned(), 2), 2);
        let lines: Vec<&str> = written.lines().map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "a",
                "p_0 = 0u;",
                "q_0_0 += Quad.x * 0u + s_LL[0u];",
                "q_1_0 += Quad.x * 1u + s_LL[0u];",
                "p_1 = 1u;",
                "q_0_1 += Quad.x * 0u + s_LL[1u];",
                "q_1_1 += Quad.x * 1u + s_LL[1u];",
                "b",
            ]
        );
    }
}
