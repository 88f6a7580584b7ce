//! Prints every kernel's WGSL as JSON, `[[name, source], …]`, for compilers other than ours: `tests/page/shaders.mjs`
//! loads them into Chromium.

fn main() {
    let mut sources = gainakt::model::shader_sources();
    // Browsers are given no kernel that uses subgroups (`ops::gpu::Hardware`).
    sources.retain(|(_, source)| !source.contains("subgroup"));
    println!("{}", serde_json::json!(sources));
}
