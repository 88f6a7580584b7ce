// ctx = E_ctx[token] + P[t], val = E_val[token] + P[t], next = E_concept[q_next] where args.asked is 1; one invocation an element [N, width].
struct Args { width: u32, context: u32, value: u32, concepts: u32, position: u32, asked: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read_write> ctx: array<f32>;
@group(0) @binding(4) var<storage, read_write> val: array<f32>;
@group(0) @binding(5) var<storage, read_write> next: array<f32>;

#import batch
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let width = args.width;
    if (id >= batch[ROWS] * width) { return; }
    let row = id / width;
    let d = id % width;
    let token = of_row(TOKEN, row) * width + d;
    let position = params[args.position + of_row(POSITION, row) * width + d];
    ctx[id] = params[args.context + token] + position;
    val[id] = params[args.value + token] + position;
    if (args.asked == 1u) { next[id] = params[args.concepts + of_row(NEXT, row) * width + d]; }
}
