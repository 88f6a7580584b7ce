// Gradients of a layer normalisation's weight and bias: a workgroup of 16 x 16 takes 16 columns of one stream (y) and
// adds their rows in a fixed order. x0, x1, a, grad0, grad1 [rows, width]; stats [streams][rows, 2] = (mean, 1/sigma).
struct Args { rows: u32, width: u32, weight0: u32, weight1: u32, bias0: u32, bias1: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> x0: array<f32>;
@group(0) @binding(3) var<storage, read> x1: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> grad0: array<f32>;
@group(0) @binding(6) var<storage, read> grad1: array<f32>;
@group(0) @binding(7) var<storage, read_write> grads: array<f32>;

var<workgroup> partial: array<vec2<f32>, 256>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let second = group.y == 1u;
    let column = group.x * 16u + lane % 16u;
    var sum = vec2<f32>();
    if (column < args.width) {
        for (var row = lane / 16u; row < args.rows; row += 16u) {
            let i = row * args.width + column;
            let at = 2u * (group.y * args.rows + row);
            var x = x0[i];
            var g = grad0[i];
            if (second) {
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
        grads[select(args.weight0, args.weight1, second) + column] = all.x;
        grads[select(args.bias0, args.bias1, second) + column] = all.y;
    }
}
