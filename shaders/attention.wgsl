// Causal attention within windows, online softmax: one invocation a row and head.
// qkv [3][N, HEADS*DK]; out [N, HEADS*DK]; lse [N, HEADS] = log-sum-exp of the row's scaled scores.
// Row t sees the rows of its window up to t.
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

{{ head_sizes }}
{{ batch }}
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let rows = batch[ROWS];
    if (id >= rows * HEADS) { return; }
    // Neighbours are rows of one head: they read the same keys and values.
    let row = id % rows;
    let head = id / rows;
    let own = row * WIDTH + head * DK;
    let keys = rows * WIDTH;
    let values = 2u * keys;
    var query: array<f32, DK>;
    var sum: array<f32, DK>;
    for (var d = 0u; d < DK; d++) {
        query[d] = qkv[own + d] * SCALE;
        sum[d] = 0.0;
    }
    var top = -1e9;
    var weight = 0.0;
    for (var j = of_row(FIRST, row); j <= row; j++) {
        let other = j * WIDTH + head * DK;
        var score = 0.0;
        for (var d = 0u; d < DK; d++) { score += query[d] * qkv[keys + other + d]; }
        let new_top = max(top, score);
        let shrink = exp(top - new_top);
        let p = exp(score - new_top);
        weight = weight * shrink + p;
        for (var d = 0u; d < DK; d++) { sum[d] = sum[d] * shrink + p * qkv[values + other + d]; }
        top = new_top;
    }
    for (var d = 0u; d < DK; d++) { out[own + d] = sum[d] / weight; }
    lse[row * HEADS + head] = top + log(weight);
}
