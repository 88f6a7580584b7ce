// The vectors of whole answers (MODEL 10): ctx = mean of E_ctx[token] + mu[item] * mean of D_ctx[token] + P[t], val likewise,
// means over the answer's skills; one invocation an element [N, width]. Without items (args.items 0) D and mu are not read,
// without a value stream (args.values 0) val is not written, without positions (args.places 0) none are added.
struct Args {
    width: u32, skills: u32, context: u32, value: u32, position: u32,
    items: u32, item_context: u32, item_value: u32, shift: u32, values: u32, places: u32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read_write> ctx: array<f32>;
@group(0) @binding(4) var<storage, read_write> val: array<f32>;

#import batch
#import answer_skills
#import item_shift
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let width = args.width;
    if (id >= batch[ROWS] * width) { return; }
    let row = id / width;
    let d = id % width;
    let first = args.skills * (of_row(ANSWER, row) % 2u);
    let count = own_count(row);
    let mu = item_shift(row);
    var sum = vec2<f32>();
    var of_item = vec2<f32>();
    for (var i = 0u; i < count; i++) {
        let element = (own_skill(row, i) + first) * width + d;
        sum.x += params[args.context + element];
        if (args.values == 1u) { sum.y += params[args.value + element]; }
        if (mu != 0.0) {
            of_item.x += params[args.item_context + element];
            if (args.values == 1u) { of_item.y += params[args.item_value + element]; }
        }
    }
    var mean = (sum + mu * of_item) / f32(count);
    if (args.places == 1u) { mean += params[args.position + of_row(POSITION, row) * width + d]; }
    ctx[id] = mean.x;
    if (args.values == 1u) { val[id] = mean.y; }
}
