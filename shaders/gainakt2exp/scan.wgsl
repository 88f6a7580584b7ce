// Mastery over time: M[0] = initial, M[t] = clamp(M[t-1] + 0.1 G[t], 0, 1); one invocation a window and skill.
// initial [W, skills]; gains, mastery [N, skills]. Every window has a row.
struct Args { skills: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> initial: array<f32>;
@group(0) @binding(3) var<storage, read> gains: array<f32>;
@group(0) @binding(4) var<storage, read_write> mastery: array<f32>;

#import batch
#import gain_scale
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    if (id >= batch[WINDOWS] * skills) { return; }
    let window = id / skills;
    let skill = id % skills;
    let first = of_row(OFFSETS, window);
    let end = of_row(OFFSETS, window + 1u);
    var m = initial[id];
    mastery[first * skills + skill] = m;
    for (var t = first + 1u; t < end; t++) {
        m = clamp(m + GAIN_SCALE * gains[t * skills + skill], 0.0, 1.0);
        mastery[t * skills + skill] = m;
    }
}
