// Gradients of scan_forward.wgsl: nothing passes a step whose unclamped value left [0, 1].
// mastery, gains, grad, d_gains [N, SKILLS]; d_initial [W, SKILLS]; ragged (src/ops/ragged.rs).
@group(0) @binding(0) var<storage, read_write> mastery: array<f32>;
@group(0) @binding(1) var<storage, read_write> gains: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad: array<f32>;
@group(0) @binding(3) var<storage, read_write> ragged: array<u32>;
@group(0) @binding(4) var<storage, read_write> d_initial: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_gains: array<f32>;

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
    var carry = 0.0;
    for (var t = end - 1u; t > first; t--) {
        let at = t * SKILLS + skill;
        carry += grad[at];
        let unclamped = mastery[at - SKILLS] + 0.1 * gains[at];
        if (unclamped < 0.0 || unclamped > 1.0) { carry = 0.0; }
        d_gains[at] = 0.1 * carry;
    }
    d_gains[first * SKILLS + skill] = 0.0;
    d_initial[id] = carry + grad[first * SKILLS + skill];
}
