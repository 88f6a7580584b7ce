// Sums of squares of the gradient's first `count` elements: workgroup g of 256 leaves its part in norm[1 + g].
struct Args { count: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;

#import total
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var i = group.x * 64u + lane; i < args.count; i += 256u * 64u) { sum += grads[i] * grads[i]; }
    let all = total(lane, sum);
    if (lane == 0u) { norm[1u + group.x] = all; }
}
