// Signed evidence of each answer, e = r softplus(strength[0]) - (1 - r) softplus(strength[1]); one invocation a row.
// strength [N, 2]; evidence [N].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> strength: array<f32>;
@group(0) @binding(3) var<storage, read_write> evidence: array<f32>;

#import batch
#import logistic
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    if (id >= batch[ROWS]) { return; }
    if (of_row(ANSWER, id) % 2u == 1u) {
        evidence[id] = softplus(strength[2u * id]);
    } else {
        evidence[id] = -softplus(strength[2u * id + 1u]);
    }
}
