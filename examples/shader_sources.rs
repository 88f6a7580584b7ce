//! Prints every kernel's WGSL as JSON, `[[name, source], …]`, for compilers other than ours: `tests/page/shaders.mjs`
//! loads them into Chromium.

fn main() {
    let sources = gainakt::model::shader_sources();
    println!("{}", serde_json::json!(sources));
}
