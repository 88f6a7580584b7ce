// Gradients of b and mu, one invocation an item: each adds its rows in order, and the prior's part, weight times the value.
// Item 0 is the unknown one, of which nothing is learned. d_logits, shift_by_row [N].
struct Args { count: u32, difficulty: u32, shift: u32, weight: f32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> d_logits: array<f32>;
@group(0) @binding(4) var<storage, read> shift_by_row: array<f32>;
@group(0) @binding(5) var<storage, read_write> grads: array<f32>;

#import batch
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let item = gid.x + gid.y * groups.x * 64u;
    if (item >= args.count) { return; }
    var difficulty = 0.0;
    var shift = 0.0;
    if (item > 0u) {
        difficulty = args.weight * params[args.difficulty + item];
        shift = args.weight * params[args.shift + item];
        let asked = batch[NEXT_ITEM_STARTS] + item;
        for (var i = batch[asked]; i < batch[asked + 1u]; i++) { difficulty -= d_logits[batch[batch[NEXT_ITEM_ROWS] + i]]; }
        let own = batch[ITEM_STARTS] + item;
        for (var i = batch[own]; i < batch[own + 1u]; i++) { shift += shift_by_row[batch[batch[ITEM_ROWS] + i]]; }
    }
    grads[args.difficulty + item] = difficulty;
    grads[args.shift + item] = shift;
}
