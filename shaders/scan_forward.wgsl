// Mastery over time: M[0] = initial, M[t] = clamp(M[t-1] + 0.1 G[t], 0, 1); one invocation a window and skill.
// initial [W, SKILLS]; gains, mastery [N, SKILLS]; ragged (src/ops/ragged.rs). Every window has a row.
@group(0) @binding(0) var<storage, read_write> initial: array<f32>;
@group(0) @binding(1) var<storage, read_write> gains: array<f32>;
@group(0) @binding(2) var<storage, read_write> ragged: array<u32>;
@group(0) @binding(3) var<storage, read_write> mastery: array<f32>;

const SKILLS: u32 = {{ skills }}u;

@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * {{ workgroup }}u;
    let windows = ragged[1];
    if (id >= windows * SKILLS) { return; }
    let edge = 2u + 2u * ragged[0] + id / SKILLS;
    let skill = id % SKILLS;
    let first = ragged[edge];
    let end = ragged[edge + 1u];
    var m = initial[id];
    mastery[first * SKILLS + skill] = m;
    for (var t = first + 1u; t < end; t++) {
        m = clamp(m + 0.1 * gains[t * SKILLS + skill], 0.0, 1.0);
        mastery[t * SKILLS + skill] = m;
    }
}
