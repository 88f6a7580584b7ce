// Gradients of a layer normalisation's weight and bias: a workgroup of 16 x 16 takes 16 columns of one stream (y) and
// adds their rows in a fixed order. The rows are split into ranges (z) of range_rows, so that a narrow layer keeps a large device
// busy: each leaves its sums in sums [ranges][streams][2, width] (weights, biases), which norm_affine_sum.wgsl adds.
// x0, x1, a, grad0, grad1 [rows, width]; stats [streams][rows, 2] = (mean, 1/sigma).
struct Args { rows: u32, width: u32, range_rows: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> x0: array<f32>;
@group(0) @binding(3) var<storage, read> x1: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> grad0: array<f32>;
@group(0) @binding(6) var<storage, read> grad1: array<f32>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;

const TWO: bool = #{streams}u == 2u;
var<workgroup> partial: array<vec2<f32>, 256>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let second = group.y == 1u;
    let column = group.x * 16u + lane % 16u;
    var sum = vec2<f32>();
    if (column < args.width) {
        let end = min((group.z + 1u) * args.range_rows, args.rows);
        for (var row = group.z * args.range_rows + lane / 16u; row < end; row += 16u) {
            let i = row * args.width + column;
            let at = 2u * (group.y * args.rows + row);
            var x = x0[i];
            var g = grad0[i];
            if (TWO && second) {
                x = x1[i];
                g = grad1[i];
            }
            sum += vec2<f32>(g * (x + a[i] - stats[at]) * stats[at + 1u], g);
        }
    }
    partial[lane] = sum;
    workgroupBarrier();
    if (lane < 16u && column < args.width) {
        var all = vec2<f32>();
        for (var i = 0u; i < 16u; i++) { all += partial[i * 16u + lane]; }
        let at = (group.z * groups.y + group.y) * 2u * args.width + column;
        sums[at] = all.x;
        sums[at + args.width] = all.y;
    }
}
