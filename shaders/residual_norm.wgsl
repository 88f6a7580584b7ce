// LayerNorm(x + a) of one or two streams (z) that share a: PER_ROW invocations a row.
// x0, x1, a, out0, out1 [rows, width]; stats [streams][rows, 2] = (mean, 1/sigma), from `stat` on. With one
// stream x1 and out1 are unused; a kernel is compiled for TWO where there may be two.
struct Args { rows: u32, width: u32, weight0: u32, weight1: u32, bias0: u32, bias1: u32, stat: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> params: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> x0: array<f32>;
@group(0) @binding(4) var<storage, read> x1: array<f32>;
@group(0) @binding(5) var<storage, read_write> out0: array<f32>;
@group(0) @binding(6) var<storage, read_write> out1: array<f32>;
@group(0) @binding(7) var<storage, read_write> stats: array<f32>;

#import norm_eps
#import row_total
const TWO: bool = #{streams}u == 2u;
var<private> second: bool;

fn residual(i: u32) -> f32 {
    if (TWO && second) { return x1[i] + a[i]; }
    return x0[i] + a[i];
}

@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(#{lane}) lane: u32) {
    second = group.z == 1u;
    let row = (group.x + group.y * groups.x) * (THREADS / PER_ROW) + lane / PER_ROW;
    let column = lane % PER_ROW;
    // Rows past the last compute nothing but still meet the barriers.
    let inside = row < args.rows;
    let first = row * args.width;
    let stop = select(0u, args.width, inside);
    var sum = 0.0;
    for (var c = column; c < stop; c += PER_ROW) { sum += residual(first + c); }
    let mean = row_total(lane, sum) / f32(args.width);
    var square = 0.0;
    for (var c = column; c < stop; c += PER_ROW) {
        let d = residual(first + c) - mean;
        square += d * d;
    }
    let inverse = 1.0 / sqrt(row_total(lane, square) / f32(args.width) + NORM_EPS);
    let weight = select(args.weight0, args.weight1, second);
    let bias = select(args.bias0, args.bias1, second);
    for (var c = column; c < stop; c += PER_ROW) {
        let y = (residual(first + c) - mean) * inverse * params[weight + c] + params[bias + c];
        if (TWO && second) { out1[first + c] = y; } else { out0[first + c] = y; }
    }
    if (inside && column == 0u) {
        let at = args.stat + 2u * (group.z * args.rows + row);
        stats[at] = mean;
        stats[at + 1u] = inverse;
    }
}
