// out[layer] = dropout(activation(x W^T + b)): layers of one size side by side in z, tiles of [rows, outputs] in y and x.
// x is x0 (one part), x0 for layers 0 and 1 and x1 for layer 2 (streams), or a row of x0, x1 and x2 (three parts).
struct Site {
    rows: u32, inputs: u32, outputs: u32,
    parts: u32,          // 1 or 3
    streams: u32,        // 1 where layer 2 reads x1
    firsts: u32,         // 1 where only the first row of each window is read
    activation: u32,     // 0 none, 1 ReLU, 2 sigmoid
    weight0: u32, weight1: u32, weight2: u32,
    bias0: u32, bias1: u32, bias2: u32,
    key0: u32, key1: u32, threshold: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> site: Site;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> x0: array<f32>;
@group(0) @binding(4) var<storage, read> x1: array<f32>;
@group(0) @binding(5) var<storage, read> x2: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

const LEFT_ALONG_K: bool = true;
const RIGHT_ALONG_K: bool = true;
// 1 where every layer reads x0: then nothing is asked at each load.
const SOURCES: u32 = {{ sources }}u;
var<private> weight: u32;
var<private> bias: u32;
var<private> source: u32;
var<private> width: u32;
var<private> out_at: u32;

{{ batch }}
{{ dropout_factor }}
{{ tile }}
fn choose(section: u32) {
    if (site.parts == 3u) {
        source = section;
        weight = site.weight0 + section * width;
    }
}

fn left(i: u32, k: u32) -> f32 {
    if (SOURCES == 1u) {
        var row = i;
        if (site.firsts == 1u) { row = of_row(OFFSETS, i); }
        return x0[row * width + k];
    }
    let at = i * width + k;
    switch (source) {
        case 0u: { return x0[at]; }
        case 1u: { return x1[at]; }
        default: { return x2[at]; }
    }
}

fn right(k: u32, j: u32) -> f32 { return params[weight + j * site.inputs + k]; }

fn put(i: u32, j: u32, sum: f32) {
    var y = sum + params[bias + j];
    if (site.activation == 1u) { y = max(y, 0.0); }
    if (site.activation == 2u) { y = 1.0 / (1.0 + exp(-y)); }
    let element = out_at + i * site.outputs + j;
    if (site.threshold > 0u) { y *= dropout_factor(element, site.key0, site.key1, site.threshold, site.scale); }
    out[element] = y;
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    weight = select(select(site.weight2, site.weight1, group.z == 1u), site.weight0, group.z == 0u);
    bias = select(select(site.bias2, site.bias1, group.z == 1u), site.bias0, group.z == 0u);
    source = select(0u, 1u, site.streams == 1u && group.z == 2u);
    out_at = group.z * site.rows * site.outputs;
    width = site.inputs / site.parts;
    // Not `width`: a browser's compiler wants bounds of loops with barriers from uniforms, not from private variables.
    multiply(group, lane, site.rows, site.outputs, site.inputs / site.parts, site.parts);
}
