// Gradients of a layer normalisation's weights and biases from the sums over ranges of rows that norm_affine_grad.wgsl left, added
// in their order: one invocation an element. sums [ranges][streams][2, width].
struct Args { ranges: u32, streams: u32, width: u32, weight0: u32, weight1: u32, bias0: u32, bias1: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> grads: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let all = args.streams * 2u * args.width;
    if (id >= all) { return; }
    var sum = 0.0;
    for (var range = 0u; range < args.ranges; range++) { sum += sums[range * all + id]; }
    let second = id >= 2u * args.width;
    let column = id % args.width;
    if (id / args.width % 2u == 0u) {
        grads[select(args.weight0, args.weight1, second) + column] = sum;
    } else {
        grads[select(args.bias0, args.bias1, second) + column] = sum;
    }
}
