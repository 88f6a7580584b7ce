// Gradient through residual_norm.wgsl: of x + a in place in grad0 (and grad1, with two streams), and of what a was
// before dropout in d_a, all [rows, width]; PER_ROW invocations a row. stats [streams][rows, 2].
struct Args {
    rows: u32, width: u32, weight0: u32, weight1: u32, streams: u32,
    key0: u32, key1: u32, threshold: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> params: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> x0: array<f32>;
@group(0) @binding(4) var<storage, read> x1: array<f32>;
@group(0) @binding(5) var<storage, read> stats: array<f32>;
@group(0) @binding(6) var<storage, read_write> grad0: array<f32>;
@group(0) @binding(7) var<storage, read_write> grad1: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_a: array<f32>;

const TWO: bool = #{streams}u == 2u;

#import row_total
#import dropout_factor
// (mean of g, mean of g * normal) of a stream's row, g the gradient times the weight.
fn means(lane: u32, second: bool, first: u32, column: u32, stop: u32, mean: f32, inverse: f32) -> vec2<f32> {
    var sum = 0.0;
    var along = 0.0;
    for (var c = column; c < stop; c += PER_ROW) {
        let i = first + c;
        var g = 0.0;
        var normal = (a[i] - mean) * inverse;
        if (second) {
            g = grad1[i] * params[args.weight1 + c];
            normal += x1[i] * inverse;
        } else {
            g = grad0[i] * params[args.weight0 + c];
            normal += x0[i] * inverse;
        }
        sum += g;
        along += g * normal;
    }
    let width = f32(args.width);
    let all = row_total(lane, sum);
    return vec2<f32>(all / width, row_total(lane, along) / width);
}

@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(#{lane}) lane: u32) {
    let row = (group.x + group.y * groups.x) * (THREADS / PER_ROW) + lane / PER_ROW;
    let column = lane % PER_ROW;
    let inside = row < args.rows;
    let first = row * args.width;
    let stop = select(0u, args.width, inside);
    let at = select(0u, 2u * row, inside);
    let mean0 = stats[at];
    let inverse0 = stats[at + 1u];
    let sums0 = means(lane, false, first, column, stop, mean0, inverse0);
    var mean1 = 0.0;
    var inverse1 = 0.0;
    var sums1 = vec2<f32>();
    if (TWO && args.streams == 2u) {
        mean1 = stats[2u * args.rows + at];
        inverse1 = stats[2u * args.rows + at + 1u];
        sums1 = means(lane, true, first, column, stop, mean1, inverse1);
    }
    for (var c = column; c < stop; c += PER_ROW) {
        let i = first + c;
        let normal0 = (x0[i] + a[i] - mean0) * inverse0;
        var both = inverse0 * (grad0[i] * params[args.weight0 + c] - sums0.x - normal0 * sums0.y);
        grad0[i] = both;
        if (TWO && args.streams == 2u) {
            let normal1 = (x1[i] + a[i] - mean1) * inverse1;
            let d = inverse1 * (grad1[i] * params[args.weight1 + c] - sums1.x - normal1 * sums1.y);
            grad1[i] = d;
            both += d;
        }
        if (args.threshold > 0u) { both *= dropout_factor(i, args.key0, args.key1, args.threshold, args.scale); }
        d_a[i] = both;
    }
}
