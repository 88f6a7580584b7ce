// What each answer's row brings, one workgroup a row: the gradient with respect to its strengths before softplus, and what
// the transfer vector of its own skill and the transfer bias get. strength, d_strength [N, 2]; evidence [N];
// d_state [N, skills]; by_row [N, RANK + 1].
struct Args { skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> strength: array<f32>;
@group(0) @binding(4) var<storage, read> evidence: array<f32>;
@group(0) @binding(5) var<storage, read> d_state: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_strength: array<f32>;
@group(0) @binding(7) var<storage, read_write> by_row: array<f32>;

{{ batch }}
{{ logistic }}
{{ transfer }}
{{ sum_of_lanes }}
@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin({{ lane }}) lane: u32) {
    let row = group.x + group.y * groups.x;
    let skills = args.skills;
    // Workgroups past the last row compute nothing but still meet the barriers.
    let inside = row < batch[ROWS];
    let stop = select(0u, skills, inside);
    let q = select(0u, of_row(SKILL, min(row, batch[ROWS] - 1u)), inside);
    // Columns: of the own vector (two), then (evidence, bias).
    var sum = mat3x4<f32>();
    for (var k = lane; k < stop; k += THREADS) {
        let other = vector_of(k);
        let transferred = transfer_between(q, k, other);
        let d = d_state[row * skills + k];
        let inner = select(evidence[row] * d * transferred * (1.0 - transferred), 0.0, k == q);
        sum[0] += inner * other[0];
        sum[1] += inner * other[1];
        sum[2] += vec4<f32>(transferred * d, inner, 0.0, 0.0);
    }
    let all = sum_of_lanes(lane, sum);
    if (lane > 0u || !inside) { return; }
    for (var d = 0u; d < RANK; d++) { by_row[row * (RANK + 1u) + d] = all[d / 4u][d % 4u]; }
    by_row[row * (RANK + 1u) + RANK] = all[2][1];
    let d_evidence = all[2][0];
    let correct = of_row(ANSWER, row) % 2u == 1u;
    d_strength[2u * row] = select(0.0, d_evidence * sigmoid(strength[2u * row]), correct);
    d_strength[2u * row + 1u] = select(-d_evidence * sigmoid(strength[2u * row + 1u]), 0.0, correct);
}
