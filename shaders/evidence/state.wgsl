// Evidence that comes together: s[t, k] = keep[k] s[t-1, k] + T[q[t], k] e[t], keep = sigmoid(decay), where T is the mean
// over the answer's skills q; one invocation a window and skill. evidence [N]; state [N, skills].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> evidence: array<f32>;
@group(0) @binding(4) var<storage, read_write> state: array<f32>;

#import batch
#import logistic
#import transfer
#import answer_skills
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    if (id >= batch[WINDOWS] * skills) { return; }
    let window = id / skills;
    let k = id % skills;
    let end = of_row(OFFSETS, window + 1u);
    let keep = sigmoid(params[args.decay + k]);
    let own = vector_of(k);
    var s = 0.0;
    for (var row = of_row(OFFSETS, window); row < end; row++) {
        let count = own_count(row);
        var transferred = 0.0;
        for (var i = 0u; i < count; i++) { transferred += transfer_between(own_skill(row, i), k, own); }
        s = keep * s + transferred / f32(count) * evidence[row];
        state[row * skills + k] = s;
    }
}
