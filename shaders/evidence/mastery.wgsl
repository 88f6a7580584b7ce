// Mastery sigmoid(prior + s + x) and gain, mastery less that of the row before (of the prior, in a first row); one invocation
// a row and skill. state, context, mastery, gains [N, skills].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> state: array<f32>;
@group(0) @binding(4) var<storage, read> context: array<f32>;
@group(0) @binding(5) var<storage, read_write> mastery: array<f32>;
@group(0) @binding(6) var<storage, read_write> gains: array<f32>;

#import batch
#import logistic
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    if (id >= batch[ROWS] * skills) { return; }
    let prior = params[args.prior + id % skills];
    let now = sigmoid(prior + state[id] + context[id]);
    var before = sigmoid(prior);
    if (of_row(POSITION, id / skills) > 0u) { before = sigmoid(prior + state[id - skills] + context[id - skills]); }
    mastery[id] = now;
    gains[id] = now - before;
}
