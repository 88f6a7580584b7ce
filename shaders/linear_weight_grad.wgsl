// Gradients of weight [outputs, inputs] and bias of linear layers (z) from d_out [layers][rows, outputs] and the input (as in
// linear.wgsl; its parts in place of the layers): tiles of [outputs, inputs] in y and x. The rows are split into `splits` ranges of
// split_rows, also in z, so that a small weight keeps a large device busy: each range leaves its sums in `sums`
// [splits][layers or parts][outputs, width], then the biases' [splits][layers][outputs], and linear_sum_splits.wgsl adds them.
// Where there is one range, `sums` are the gradients of all parameters. FROM: see linear.wgsl.
struct Args {
    rows: u32, inputs: u32, outputs: u32,
    parts: u32, layers: u32,
    splits: u32, split_rows: u32,
    weight0: u32, weight1: u32, weight2: u32,
    bias0: u32, bias1: u32, bias2: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> d_out: array<#{element}>;
@group(0) @binding(3) var<storage, read> x0: array<#{element}>;
@group(0) @binding(4) var<storage, read> x1: array<#{element}>;
@group(0) @binding(5) var<storage, read> x2: array<#{element}>;
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;

const LEFT_ALONG_K: bool = false;
const RIGHT_ALONG_K: bool = false;
const ADDS_LEFT: bool = true;
#import sources
const FROM: u32 = #{from}u;
var<private> source: u32;
var<private> width: u32;
var<private> d_at: u32;
// Where the sums go.
var<private> weight_at: u32;
var<private> stride: u32;
var<private> bias_at: u32;
// Whether this workgroup's sums over the rows are the bias's gradient.
var<private> adds_bias: bool;

#import quads(d_out)
#import quads(x0)
#import quads(x1)
#import quads(x2)
#import batch
#import tile
fn choose(section: u32) {}

fn left(i: u32, k: u32) -> vec4<f32> { return load_d_out(d_at + k * args.outputs + i, args.outputs - i); }

fn right(k: u32, j: u32) -> vec4<f32> {
    if (FROM == FROM_FIRST_ROWS) { return load_x0(of_row(OFFSETS, k) * width + j, width - j); }
    let at = k * width + j;
    if (FROM == FROM_JOINED) {
        switch (source) {
            case 0u: { return load_x0(at, width - j); }
            case 1u: { return load_x1(at, width - j); }
            default: { return load_x2(at, width - j); }
        }
    }
    if (FROM == FROM_STREAMS && source == 1u) { return load_x1(at, width - j); }
    return load_x0(at, width - j);
}

fn of_columns(j: u32, count: u32) -> vec4<f32> { return vec4<f32>(); }

fn put(i: u32, j: u32, count: u32, values: vec4<f32>, none: vec4<f32>) {
    let at = weight_at + i * stride + j;
    for (var c = 0u; c < count; c++) { sums[at + c] = values[c]; }
}

fn adds_left() -> bool { return adds_bias; }

fn put_left_sum(i: u32, sum: f32) { sums[bias_at + i] = sum; }

@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(#{lane}) lane: u32) {
    let side = max(args.parts, args.layers);
    let range = group.z / side;
    // The layer or the part.
    let which = group.z % side;
    let layer = select(which, 0u, args.parts > 1u);
    width = args.inputs / args.parts;
    source = select(select(0u, 1u, which == 2u), which, args.parts > 1u);
    d_at = layer * args.rows * args.outputs;
    adds_bias = group.x == 0u && layer == which;
    if (args.splits > 1u) {
        stride = width;
        weight_at = group.z * args.outputs * width;
        bias_at = (args.splits * side * width + range * args.layers + layer) * args.outputs;
    } else {
        stride = args.inputs;
        weight_at = select(select(args.weight2, args.weight1, layer == 1u), args.weight0, layer == 0u)
            + select(0u, which * width, args.parts > 1u);
        bias_at = select(select(args.bias2, args.bias1, layer == 1u), args.bias0, layer == 0u);
    }
    let first = range * args.split_rows;
    let end = min(first + args.split_rows, args.rows);
    // Not `width`: see linear.wgsl.
    multiply(group, lane, args.outputs, args.inputs / args.parts, first, end, 1u);
}
