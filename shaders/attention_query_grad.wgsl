// Gradient of the queries: one invocation a row and head, over the rows it saw.
// q, k, v, grad, dq [N, HEADS*DK]; stats [N, HEADS, 2] (attention_delta.wgsl); ragged (src/ops/ragged.rs).
@group(0) @binding(0) var<storage, read_write> q: array<f32>;
@group(0) @binding(1) var<storage, read_write> k: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad: array<f32>;
@group(0) @binding(5) var<storage, read_write> ragged: array<u32>;
@group(0) @binding(6) var<storage, read_write> dq: array<f32>;

const HEADS: u32 = {{ heads }}u;
const DK: u32 = {{ dk }}u;
const WIDTH: u32 = HEADS * DK;
const SCALE: f32 = inverseSqrt(f32(DK));

@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * {{ workgroup }}u;
    let rows = ragged[0];
    if (id >= rows * HEADS) { return; }
    let row = id / HEADS;
    let head = id % HEADS;
    let own = row * WIDTH + head * DK;
    let first = ragged[2u + row];
    let lse = stats[2u * id];
    let delta = stats[2u * id + 1u];
    var query: array<f32, DK>;
    var gradient: array<f32, DK>;
    var sum: array<f32, DK>;
    for (var d = 0u; d < DK; d++) {
        query[d] = q[own + d] * SCALE;
        gradient[d] = grad[own + d];
        sum[d] = 0.0;
    }
    for (var j = first; j <= row; j++) {
        let other = j * WIDTH + head * DK;
        var score = 0.0;
        var dp = 0.0;
        for (var d = 0u; d < DK; d++) {
            score += query[d] * k[other + d];
            dp += gradient[d] * v[other + d];
        }
        let ds = exp(score - lse) * (dp - delta) * SCALE;
        for (var d = 0u; d < DK; d++) { sum[d] += ds * k[other + d]; }
    }
    for (var d = 0u; d < DK; d++) { dq[own + d] = sum[d]; }
}
