// Causal attention within windows, online softmax: one invocation a row and head.
// q, k, v, out [N, HEADS*DK]; lse [N, HEADS] = log-sum-exp of the row's scaled scores.
// ragged: N, W, first row of each row's window (N), ... (src/ops/ragged.rs). Row t sees rows first..t.
@group(0) @binding(0) var<storage, read_write> q: array<f32>;
@group(0) @binding(1) var<storage, read_write> k: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> ragged: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;

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
    var query: array<f32, DK>;
    var sum: array<f32, DK>;
    for (var d = 0u; d < DK; d++) {
        query[d] = q[own + d] * SCALE;
        sum[d] = 0.0;
    }
    var top = -1e9;
    var weight = 0.0;
    for (var j = first; j <= row; j++) {
        let other = j * WIDTH + head * DK;
        var score = 0.0;
        for (var d = 0u; d < DK; d++) { score += query[d] * k[other + d]; }
        let new_top = max(top, score);
        let shrink = exp(top - new_top);
        let p = exp(score - new_top);
        weight = weight * shrink + p;
        for (var d = 0u; d < DK; d++) { sum[d] = sum[d] * shrink + p * v[other + d]; }
        top = new_top;
    }
    for (var d = 0u; d < DK; d++) { out[own + d] = sum[d] / weight; }
    lse[id] = top + log(weight);
}
