// Gradients of the tables of embed_answers.wgsl: one invocation an element of a table adds its rows in order.
// d_ctx, d_val [N, width]; table elements in the order E_ctx, E_val, P and, with items, D_ctx, D_val.
struct Args {
    width: u32, skills: u32, context: u32, value: u32, position: u32,
    items: u32, item_context: u32, item_value: u32, shift: u32, values: u32, places: u32, positions: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> d_ctx: array<f32>;
@group(0) @binding(4) var<storage, read> d_val: array<f32>;
@group(0) @binding(5) var<storage, read_write> grads: array<f32>;

#import batch
#import answer_skills
#import item_shift
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let width = args.width;
    let d = id % width;
    let vector = id / width;
    let tokens = 2u * args.skills;
    if (vector >= tokens + args.positions * args.places) { return; }
    var sum = vec2<f32>();
    if (vector >= tokens) {
        let starts = batch[POSITION_STARTS] + vector - tokens;
        for (var i = batch[starts]; i < batch[starts + 1u]; i++) {
            let element = batch[batch[POSITION_ROWS] + i] * width + d;
            sum.x += d_ctx[element];
            if (args.values == 1u) { sum.y += d_val[element]; }
        }
        grads[args.position + (vector - tokens) * width + d] = sum.x + sum.y;
        return;
    }
    var of_item = vec2<f32>();
    let starts = batch[TOKEN_STARTS] + vector;
    for (var i = batch[starts]; i < batch[starts + 1u]; i++) {
        let row = batch[batch[TOKEN_ROWS] + i];
        let element = row * width + d;
        var part = vec2<f32>(d_ctx[element], 0.0);
        if (args.values == 1u) { part.y = d_val[element]; }
        part /= f32(own_count(row));
        sum += part;
        of_item += item_shift(row) * part;
    }
    let element = vector * width + d;
    grads[args.context + element] = sum.x;
    if (args.values == 1u) { grads[args.value + element] = sum.y; }
    if (args.items == 1u) {
        grads[args.item_context + element] = of_item.x;
        if (args.values == 1u) { grads[args.item_value + element] = of_item.y; }
    }
}
