// Adds what linear_weight_grad.wgsl left for each range of rows, in their order: one invocation a weight or bias.
// scratch [splits][layers or parts][outputs, width], then [splits][layers][outputs].
struct Args {
    splits: u32, inputs: u32, outputs: u32, parts: u32, layers: u32,
    weight0: u32, weight1: u32, weight2: u32,
    bias0: u32, bias1: u32, bias2: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> scratch: array<f32>;
@group(0) @binding(2) var<storage, read_write> grads: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let width = args.inputs / args.parts;
    let one = args.outputs * width;
    let weights = max(args.parts, args.layers) * one;
    let biases = args.layers * args.outputs;
    if (id >= weights + biases) { return; }
    let of_bias = id >= weights;
    var at = select(id, args.splits * weights + id - weights, of_bias);
    let stride = select(weights, biases, of_bias);
    var sum = 0.0;
    for (var split = 0u; split < args.splits; split++) {
        sum += scratch[at];
        at += stride;
    }
    if (of_bias) {
        let layer = (id - weights) / args.outputs;
        let bias = select(select(args.bias2, args.bias1, layer == 1u), args.bias0, layer == 0u);
        grads[bias + (id - weights) % args.outputs] = sum;
        return;
    }
    let which = id / one;
    let layer = select(which, 0u, args.parts > 1u);
    let weight = select(select(args.weight2, args.weight1, layer == 1u), args.weight0, layer == 0u)
        + select(0u, which * width, args.parts > 1u);
    grads[weight + id % one / width * args.inputs + id % width] = sum;
}
