// Parts of the sum of b^2 + mu^2 over items, which lie one after the other: 64 workgroups. squares [64].
struct Args { first: u32, count: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> params: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;

#import total
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var i = group.x * 64u + lane; i < args.count; i += 4096u) {
        let value = params[args.first + i];
        sum += value * value;
    }
    let all = total(lane, sum);
    if (lane == 0u) { squares[group.x] = all; }
}
