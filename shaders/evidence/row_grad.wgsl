// What each answer brings, one workgroup a row: the gradient with respect to its strengths before softplus, and for each of
// its skills what the skill's transfer vector and the transfer bias get. strength, d_strength [N, 2]; evidence [N];
// d_state [N, skills]; by_entry [entries, RANK + 1]. args.most_skills: most skills of an answer, 1 or more.
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> strength: array<f32>;
@group(0) @binding(4) var<storage, read> evidence: array<f32>;
@group(0) @binding(5) var<storage, read> d_state: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_strength: array<f32>;
@group(0) @binding(7) var<storage, read_write> by_entry: array<f32>;

#import batch
#import logistic
#import transfer
#import answer_skills
#import sum_of_lanes
@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(#{lane}) lane: u32) {
    let row = group.x + group.y * groups.x;
    let skills = args.skills;
    // Workgroups past the last row compute nothing but still meet the barriers.
    let inside = row < batch[ROWS];
    let stop = select(0u, skills, inside);
    let count = select(0u, own_count(min(row, batch[ROWS] - 1u)), inside);
    let share = 1.0 / f32(max(count, 1u));
    let evidence_of_skill = select(0.0, share * evidence[row], inside);
    var d_evidence = 0.0;
    // The same number of rounds for all workgroups, so that they meet the barriers together.
    for (var i = 0u; i < args.most_skills; i++) {
        let there = i < count;
        let q = select(0u, own_skill(row, i), there);
        // Columns: of the own vector (two), then (evidence, bias).
        var sum = mat3x4<f32>();
        for (var k = lane; k < select(0u, stop, there); k += THREADS) {
            let other = vector_of(k);
            let transferred = transfer_between(q, k, other);
            let d = d_state[row * skills + k];
            let inner = select(evidence_of_skill * d * transferred * (1.0 - transferred), 0.0, k == q);
            sum[0] += inner * other[0];
            sum[1] += inner * other[1];
            sum[2] += vec4<f32>(transferred * d, inner, 0.0, 0.0);
        }
        let all = sum_of_lanes(lane, sum);
        if (lane == 0u && there) {
            let at = own_entry(row, i) * (RANK + 1u);
            for (var d = 0u; d < RANK; d++) { by_entry[at + d] = all[d / 4u][d % 4u]; }
            by_entry[at + RANK] = all[2][1];
            d_evidence += share * all[2][0];
        }
    }
    if (lane > 0u || !inside) { return; }
    let correct = of_row(ANSWER, row) % 2u == 1u;
    d_strength[2u * row] = select(0.0, d_evidence * sigmoid(strength[2u * row]), correct);
    d_strength[2u * row + 1u] = select(-d_evidence * sigmoid(strength[2u * row + 1u]), 0.0, correct);
}
