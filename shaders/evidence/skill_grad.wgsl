// Gradients of prior, decay, transfer vectors and (by the first workgroup) the transfer bias: one workgroup a skill adds over
// all rows in a fixed order. evidence, d_logits [N]; state, d_state [N, skills]; by_entry [entries, RANK + 1] (row_grad.wgsl).
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> evidence: array<f32>;
@group(0) @binding(4) var<storage, read> state: array<f32>;
@group(0) @binding(5) var<storage, read> d_state: array<f32>;
@group(0) @binding(6) var<storage, read> d_logits: array<f32>;
@group(0) @binding(7) var<storage, read> by_entry: array<f32>;
@group(0) @binding(8) var<storage, read_write> grads: array<f32>;

#import batch
#import logistic
#import transfer
#import answer_skills
var<workgroup> lanes: array<mat3x4<f32>, 64>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let k = group.x + group.y * groups.x;
    let skills = args.skills;
    let inside = k < skills;
    let stop = select(0u, batch[ROWS], inside);
    let own = vector_of(min(k, skills - 1u));
    // Columns: of the vector (two), then (prior, decay, bias).
    var sum = mat3x4<f32>();
    for (var row = lane; row < stop; row += 64u) {
        let at = row * skills + k;
        let count = own_count(row);
        for (var i = 0u; i < count; i++) {
            let q = own_skill(row, i);
            let part = own_entry(row, i) * (RANK + 1u);
            if (q == k) {
                sum[0] += vec4<f32>(by_entry[part], by_entry[part + 1u], by_entry[part + 2u], by_entry[part + 3u]);
                sum[1] += vec4<f32>(by_entry[part + 4u], by_entry[part + 5u], by_entry[part + 6u], by_entry[part + 7u]);
            } else {
                let transferred = transfer_between(q, k, own);
                let inner = evidence[row] / f32(count) * d_state[at] * transferred * (1.0 - transferred);
                let vector = vector_of(q);
                sum[0] += inner * vector[0];
                sum[1] += inner * vector[1];
            }
            if (k == 0u) { sum[2].z += by_entry[part + RANK]; }
        }
        sum[2].x += next_share(row, k) * d_logits[row];
        if (of_row(POSITION, row) > 0u) { sum[2].y += d_state[at] * state[at - skills]; }
    }
    lanes[lane] = sum;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if (lane < half) { lanes[lane] += lanes[lane + half]; }
        workgroupBarrier();
    }
    if (lane > 0u || !inside) { return; }
    let all = lanes[0];
    let keep = sigmoid(params[args.decay + k]);
    for (var d = 0u; d < RANK; d++) { grads[args.transfer + k * RANK + d] = all[d / 4u][d % 4u]; }
    grads[args.prior + k] = all[2].x;
    grads[args.decay + k] = all[2].y * keep * (1.0 - keep);
    if (k == 0u) { grads[args.transfer_bias] = all[2].z; }
}
