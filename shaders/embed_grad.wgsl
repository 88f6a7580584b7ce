// Gradients of the four embedding tables: one invocation an element of a table adds its rows in order.
// d_ctx, d_val, d_next [N, width]; table elements in the order context, value, position and, where args.asked is 1, concept.
struct Args { width: u32, context: u32, value: u32, concepts: u32, position: u32, asked: u32, skills: u32, positions: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> d_ctx: array<f32>;
@group(0) @binding(3) var<storage, read> d_val: array<f32>;
@group(0) @binding(4) var<storage, read> d_next: array<f32>;
@group(0) @binding(5) var<storage, read_write> grads: array<f32>;

#import batch
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let width = args.width;
    let d = id % width;
    var vector = id / width;
    var table = 0u;
    var at = args.context;
    if (vector >= 2u * args.skills) { vector -= 2u * args.skills; table = 1u; at = args.value; }
    if (table == 1u && vector >= 2u * args.skills) { vector -= 2u * args.skills; table = 2u; at = args.position; }
    if (table == 2u && vector >= args.positions) { vector -= args.positions; table = 3u; at = args.concepts; }
    if (table == 3u && (args.asked == 0u || vector >= args.skills)) { return; }
    let list = TOKEN_STARTS + 2u * max(table, 1u) - 2u;
    let starts = batch[list] + vector;
    let rows = batch[list + 1u];
    var sum = 0.0;
    for (var i = batch[starts]; i < batch[starts + 1u]; i++) {
        let element = batch[rows + i] * width + d;
        if (table == 0u) { sum += d_ctx[element]; }
        else if (table == 1u) { sum += d_val[element]; }
        else if (table == 2u) { sum += d_ctx[element]; sum += d_val[element]; }
        else { sum += d_next[element]; }
    }
    grads[at + vector * width + d] = sum;
}
