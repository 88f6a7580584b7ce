// Gradient of the values: one invocation a row and head, over the rows that saw it.
// q, k, grad, d_value [N, HEADS*DK]; stats [N, HEADS, 2] (attention_delta.wgsl); ragged (src/ops/ragged.rs).
@group(0) @binding(0) var<storage, read_write> q: array<f32>;
@group(0) @binding(1) var<storage, read_write> k: array<f32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> ragged: array<u32>;
@group(0) @binding(5) var<storage, read_write> d_value: array<f32>;

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
    let end = ragged[2u + rows + row];
    var key: array<f32, DK>;
    var sum: array<f32, DK>;
    for (var d = 0u; d < DK; d++) {
        key[d] = k[own + d] * SCALE;
        sum[d] = 0.0;
    }
    for (var i = row; i < end; i++) {
        let other = i * WIDTH + head * DK;
        var score = 0.0;
        for (var d = 0u; d < DK; d++) { score += key[d] * q[other + d]; }
        let p = exp(score - stats[2u * (i * HEADS + head)]);
        for (var d = 0u; d < DK; d++) { sum[d] += p * grad[other + d]; }
    }
    for (var d = 0u; d < DK; d++) { d_value[own + d] = sum[d]; }
}
