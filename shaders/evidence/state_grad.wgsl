// Gradient of the loss with respect to s, back through the decay; one invocation a window and skill.
// d_logits [N]; d_state [N, skills].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> d_logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_state: array<f32>;

#import batch
#import logistic
#import answer_skills
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    if (id >= batch[WINDOWS] * skills) { return; }
    let window = id / skills;
    let k = id % skills;
    let first = of_row(OFFSETS, window);
    let keep = sigmoid(params[args.decay + k]);
    var d = 0.0;
    for (var row = of_row(OFFSETS, window + 1u); row > first; row--) {
        d = keep * d + next_share(row - 1u, k) * d_logits[row - 1u];
        d_state[(row - 1u) * skills + k] = d;
    }
}
