// Gradient of the loss with respect to x; one invocation a row and skill. context, d_context [N, skills]; d_logits [N].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> context: array<f32>;
@group(0) @binding(3) var<storage, read> d_logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_context: array<f32>;

#import batch
#import answer_skills
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    let rows = batch[ROWS];
    if (id >= rows * skills) { return; }
    let row = id / skills;
    let slope = 2.0 * args.penalty / f32(rows * skills);
    d_context[id] = slope * context[id] + next_share(row, id % skills) * d_logits[row];
}
