//! Floats read and written four at once: the accessors that a template asks for by `#import quads(NAME)`.
//!
//! Where everything a kernel touches begins and ends at multiples of four, its arrays are bound as `array<vec4<f32>>` and an
//! accessor is one load; else as `array<f32>` and it is up to four. A template's arrays are declared
//! `array<#{element}>`; what `vector_width` it is compiled for, 4 or 1, says which.

/// What asks for the accessors of an array.
const IMPORT: &str = "#import quads(";

/// Whether `vector_width` floats are read as one vector.
fn as_vectors(vector_width: usize) -> bool {
    vector_width.is_multiple_of(4)
}

/// 4 where all of these places and lengths are multiples of four, else 1.
pub(crate) fn vector_width(places: &[usize]) -> usize {
    if places.iter().all(|&place| as_vectors(place)) { 4 } else { 1 }
}

/// The template with its elements and accessors written in.
pub(super) fn write_in(mut source: String, vector_width: usize) -> String {
    source = source.replace("#{element}", if as_vectors(vector_width) { "vec4<f32>" } else { "f32" });
    source = source.replace("#{vector_width}", if as_vectors(vector_width) { "4" } else { "1" });
    while let Some(begin) = source.find(IMPORT) {
        let length = source[begin..].find(')').expect("every list of a template's arrays is closed");
        let words: Vec<&str> = source[begin + IMPORT.len()..begin + length].split(", ").collect();
        let text = accessors(words[0], words.contains(&"written"), vector_width);
        source.replace_range(begin..=begin + length, &text);
    }
    source
}

/// `load_NAME(at, count)`: the four elements from `at`, 0 beyond `count` of them where they are read one by one (as vectors
/// all four are there). `store_NAME(at, count, quad)` writes as many.
fn accessors(name: &str, written: bool, vector_width: usize) -> String {
    let (read, write) = if as_vectors(vector_width) {
        (format!("    return {name}[at / 4u];\n"), format!("    {name}[at / 4u] = quad;\n"))
    } else {
        let each = |line: fn(&str, usize) -> String| (0..4).map(|c| line(name, c)).collect::<String>();
        let read = each(|name, c| format!("    if (count > {c}u) {{ quad[{c}] = {name}[at + {c}u]; }}\n"));
        let write = each(|name, c| format!("    if (count > {c}u) {{ {name}[at + {c}u] = quad[{c}]; }}\n"));
        (format!("    var quad = vec4<f32>();\n{read}    return quad;\n"), write)
    };
    let mut text = format!("fn load_{name}(at: u32, count: u32) -> vec4<f32> {{\n{read}}}\n");
    if written {
        text += &format!("fn store_{name}(at: u32, count: u32, quad: vec4<f32>) {{\n{write}}}\n");
    }
    text
}
