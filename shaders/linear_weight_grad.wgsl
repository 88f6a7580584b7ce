// Gradients of weight [outputs, inputs] and bias of linear layers (z) from d_out [layers][rows, outputs] and the
// input (as in linear.wgsl; its parts in z): tiles of [outputs, inputs] in y and x.
struct Args {
    rows: u32, inputs: u32, outputs: u32,
    parts: u32, streams: u32, firsts: u32,
    weight0: u32, weight1: u32, weight2: u32,
    bias0: u32, bias1: u32, bias2: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> d_out: array<f32>;
@group(0) @binding(3) var<storage, read> x0: array<f32>;
@group(0) @binding(4) var<storage, read> x1: array<f32>;
@group(0) @binding(5) var<storage, read> x2: array<f32>;
@group(0) @binding(6) var<storage, read_write> grads: array<f32>;

const LEFT_ALONG_K: bool = false;
const RIGHT_ALONG_K: bool = false;
// 1 where every layer reads x0: then nothing is asked at each load.
const SOURCES: u32 = {{ sources }}u;
var<private> weight: u32;
var<private> bias: u32;
var<private> source: u32;
var<private> width: u32;
var<private> d_at: u32;

{{ batch }}
{{ tile }}
fn left(i: u32, k: u32) -> f32 { return d_out[d_at + k * args.outputs + i]; }

fn choose(section: u32) {}

fn right(k: u32, j: u32) -> f32 {
    if (SOURCES == 1u) {
        var row = k;
        if (args.firsts == 1u) { row = of_row(OFFSETS, k); }
        return x0[row * width + j];
    }
    let at = k * width + j;
    switch (source) {
        case 0u: { return x0[at]; }
        case 1u: { return x1[at]; }
        default: { return x2[at]; }
    }
}

fn put(i: u32, j: u32, sum: f32) {
    grads[weight + i * args.inputs + j] = sum;
}

// The tiles of the first columns add their outputs' gradients over all rows: one output an invocation.
fn bias_grad(group: vec3<u32>, lane: u32) {
    let i = group.y * TILE + lane;
    if (group.x > 0u || i >= args.outputs) { return; }
    var sum = 0.0;
    for (var k = 0u; k < args.rows; k++) { sum += left(i, k); }
    grads[bias + i] = sum;
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    width = args.inputs / args.parts;
    if (args.parts > 1u) {
        // z is the part.
        source = group.z;
        weight = args.weight0 + group.z * width;
        bias = args.bias0;
        d_at = 0u;
        multiply(group, lane, args.outputs, width, args.rows, 1u);
        if (group.z == 0u) { bias_grad(group, lane); }
        return;
    }
    weight = select(select(args.weight2, args.weight1, group.z == 1u), args.weight0, group.z == 0u);
    bias = select(select(args.bias2, args.bias1, group.z == 1u), args.bias0, group.z == 0u);
    source = select(0u, 1u, args.streams == 1u && group.z == 2u);
    d_at = group.z * args.rows * args.outputs;
    multiply(group, lane, args.outputs, width, args.rows, 1u);
    bias_grad(group, lane);
}
