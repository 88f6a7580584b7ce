// What the gradient kernels need of each row and head: stats [N, HEADS, 2] = (log-sum-exp, out . grad).
// out, grad [N, HEADS*DK]; lse [N, HEADS]; ragged: N first (src/ops/ragged.rs).
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<storage, read_write> grad: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> ragged: array<u32>;

const HEADS: u32 = {{ heads }}u;
const DK: u32 = {{ dk }}u;
const WIDTH: u32 = HEADS * DK;

@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * {{ workgroup }}u;
    let rows = ragged[0];
    if (id >= rows * HEADS) { return; }
    let row = id / HEADS;
    let head = id % HEADS;
    let own = row * WIDTH + head * DK;
    var delta = 0.0;
    for (var d = 0u; d < DK; d++) { delta += out[own + d] * grad[own + d]; }
    stats[2u * id] = lse[id];
    stats[2u * id + 1u] = delta;
}
