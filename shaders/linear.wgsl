// out[layer] = dropout(activation(x W^T + b)): layers of one size side by side in z, tiles of [rows, outputs] in y and x.
// Where x comes FROM: x0, its first row of each window, x0 for layers 0 and 1 and x1 for layer 2 (streams), or a row of x0, x1 and
// perhaps x2 (two or three parts); it is chosen when the kernel is compiled, since a software adapter computes both sides of a branch.
struct Args {
    rows: u32, inputs: u32, outputs: u32,
    parts: u32,          // 1 to 3
    relu: u32,           // 1 where the activation is ReLU
    weight0: u32, weight1: u32, weight2: u32,
    bias0: u32, bias1: u32, bias2: u32,
    key0: u32, key1: u32, threshold: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<#{element}>;
@group(0) @binding(3) var<storage, read> x0: array<#{element}>;
@group(0) @binding(4) var<storage, read> x1: array<#{element}>;
@group(0) @binding(5) var<storage, read> x2: array<#{element}>;
@group(0) @binding(6) var<storage, read_write> out: array<#{element}>;

const LEFT_ALONG_K: bool = true;
const RIGHT_ALONG_K: bool = true;
const ADDS_LEFT: bool = false;
#import sources
const FROM: u32 = #{from}u;
// 1 where the activation is the sigmoid.
const SIGMOID: u32 = #{sigmoid}u;
var<private> weight: u32;
var<private> bias: u32;
var<private> source: u32;
var<private> width: u32;
var<private> out_at: u32;

#import quads(params)
#import quads(x0)
#import quads(x1)
#import quads(x2)
#import quads(out, written)
#import batch
#import dropout_factor
#import tile
fn choose(section: u32) {
    if (args.parts > 1u) {
        source = section;
        weight = args.weight0 + section * width;
    }
}

fn adds_left() -> bool { return false; }

fn put_left_sum(i: u32, sum: f32) {}

fn left(i: u32, k: u32) -> vec4<f32> {
    if (FROM == FROM_FIRST_ROWS) { return load_x0(of_row(OFFSETS, i) * width + k, width - k); }
    let at = i * width + k;
    if (FROM == FROM_JOINED) {
        switch (source) {
            case 0u: { return load_x0(at, width - k); }
            case 1u: { return load_x1(at, width - k); }
            default: { return load_x2(at, width - k); }
        }
    }
    if (FROM == FROM_STREAMS && source == 1u) { return load_x1(at, width - k); }
    return load_x0(at, width - k);
}

fn right(k: u32, j: u32) -> vec4<f32> { return load_params(weight + j * args.inputs + k, width - k); }

fn of_columns(j: u32, count: u32) -> vec4<f32> { return load_params(bias + j, count); }

fn put(i: u32, j: u32, count: u32, sums: vec4<f32>, biases: vec4<f32>) {
    var y = sums + biases;
    y = select(y, max(y, vec4<f32>()), args.relu == 1u);
    if (SIGMOID == 1u) { y = 1.0 / (1.0 + exp(-y)); }
    let element = out_at + i * args.outputs + j;
    if (args.threshold > 0u) { y *= dropout_factors(element, args.key0, args.key1, args.threshold, args.scale); }
    store_out(element, count, y);
}

@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(#{lane}) lane: u32) {
    weight = select(select(args.weight2, args.weight1, group.z == 1u), args.weight0, group.z == 0u);
    bias = select(select(args.bias2, args.bias1, group.z == 1u), args.bias0, group.z == 0u);
    source = select(0u, 1u, group.z == 2u);
    out_at = group.z * args.rows * args.outputs;
    width = args.inputs / args.parts;
    // Not `width`: a browser's compiler wants bounds of loops with barriers from uniforms, not from private variables.
    multiply(group, lane, args.rows, args.outputs, 0u, args.inputs / args.parts, args.parts);
}
