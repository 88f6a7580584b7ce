// Logit of a correct next answer, z[t, q_next] with z = prior + s + x, and the sum of x * x over skills; one invocation a row.
// state, context [N, skills]; logits, squares [N].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<f32>;
@group(0) @binding(4) var<storage, read> context: array<f32>;
@group(0) @binding(5) var<storage, read_write> logits: array<f32>;
@group(0) @binding(6) var<storage, read_write> squares: array<f32>;

#import batch
#import answer_skills
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    if (id >= batch[ROWS]) { return; }
    let skills = args.skills;
    var sum = 0.0;
    let count = next_count(id);
    for (var i = 0u; i < count; i++) {
        let k = next_skill(id, i);
        sum += params[args.prior + k] + state[id * skills + k] + context[id * skills + k];
    }
    var difficulty = 0.0;
    if (args.items > 0u) {
        let item = of_row(NEXT_ITEM, id);
        if (item > 0u) { difficulty = params[args.difficulty + item]; }
    }
    logits[id] = sum / f32(count) - difficulty;
    var square = 0.0;
    for (var k = 0u; k < skills; k++) {
        let x = context[id * skills + k];
        square += x * x;
    }
    squares[id] = square;
}
