// Gradient of linear layers' input from d_out [layers][rows, outputs]: tiles of [rows, inputs] in y and x.
// What it goes INTO: d_x0, replaced, added to, or masked by what went forward (through); the first row of each window of d_x0, added
// to; streams (z): d_x0 += d_out[0] W0 + d_out[1] W1, d_x1 += d_out[2] W2; or two or three parts of a row, in d_x0, d_x1 and d_x2,
// replaced or added to. A kernel is compiled for one of these, or for any: then `into` says which.
struct Args {
    rows: u32, inputs: u32, outputs: u32,
    parts: u32,          // 1 to 3
    into: u32,
    scale: f32,
    weight0: u32, weight1: u32, weight2: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<#{element}>;
@group(0) @binding(3) var<storage, read> d_out: array<#{element}>;
@group(0) @binding(4) var<storage, read> forward: array<#{element}>;
@group(0) @binding(5) var<storage, read_write> d_x0: array<#{element}>;
@group(0) @binding(6) var<storage, read_write> d_x1: array<#{element}>;
@group(0) @binding(7) var<storage, read_write> d_x2: array<#{element}>;

const LEFT_ALONG_K: bool = true;
const RIGHT_ALONG_K: bool = false;
const ADDS_LEFT: bool = false;
#import targets
const INTO: u32 = #{into}u;
var<private> stream: u32;
var<private> weight: u32;
var<private> d_at: u32;

#import quads(params)
#import quads(d_out)
#import quads(forward)
#import quads(d_x0, written)
#import quads(d_x1, written)
#import quads(d_x2, written)
#import batch
#import tile
// Queries and keys are two layers with one input: their terms follow one another.
fn choose(section: u32) {
    let l = select(section, 2u, stream == 1u);
    weight = select(select(args.weight2, args.weight1, l == 1u), args.weight0, l == 0u);
    d_at = l * args.rows * args.outputs;
}

fn adds_left() -> bool { return false; }

fn put_left_sum(i: u32, sum: f32) {}

fn left(i: u32, k: u32) -> vec4<f32> { return load_d_out(d_at + i * args.outputs + k, args.outputs - k); }

fn right(k: u32, j: u32) -> vec4<f32> { return load_params(weight + k * args.inputs + j, args.inputs - j); }

fn into() -> u32 { return select(INTO, args.into, INTO == INTO_ANY); }

fn adds() -> bool { return into() != INTO_ROWS && into() != INTO_THROUGH && into() != INTO_JOINED; }

// Replaces part 0, 1 or 2, or adds to it.
fn put_part(part: u32, at: u32, count: u32, sums: vec4<f32>) {
    var y = sums;
    switch (part) {
        case 0u: {
            if (adds()) { y += load_d_x0(at, count); }
            store_d_x0(at, count, y);
        }
        case 1u: {
            if (adds()) { y += load_d_x1(at, count); }
            store_d_x1(at, count, y);
        }
        default: {
            if (adds()) { y += load_d_x2(at, count); }
            store_d_x2(at, count, y);
        }
    }
}

fn of_columns(j: u32, count: u32) -> vec4<f32> { return vec4<f32>(); }

fn put(i: u32, j: u32, count: u32, sums: vec4<f32>, none: vec4<f32>) {
    if (into() == INTO_JOINED || into() == INTO_ADD_JOINED) {
        let width = args.inputs / args.parts;
        put_part(j / width, i * width + j % width, count, sums);
        return;
    }
    var row = i;
    if (into() == INTO_ADD_FIRST_ROWS) { row = of_row(OFFSETS, i); }
    let at = row * args.inputs + j;
    var y = sums;
    if (into() == INTO_THROUGH) { y = select(vec4<f32>(), sums * args.scale, load_forward(at, count) > vec4<f32>()); }
    put_part(select(0u, 1u, into() == INTO_ADD_STREAMS && stream == 1u), at, count, y);
}

@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(#{lane}) lane: u32) {
    stream = group.z;
    let layers = select(1u, 2u, into() == INTO_ADD_STREAMS && group.z == 0u);
    multiply(group, lane, args.rows, args.inputs, 0u, args.outputs, layers);
}
