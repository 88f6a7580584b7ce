// Gradients of keys and values: one invocation a row and head, over the rows that saw it.
// qkv, d_qkv [3][N, HEADS*DK]; grad [N, HEADS*DK]; lse, delta [N, HEADS] (attention_query_grad.wgsl).
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> delta: array<f32>;
@group(0) @binding(5) var<storage, read> grad: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_qkv: array<f32>;

{{ head_sizes }}
{{ batch }}
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let rows = batch[ROWS];
    if (id >= rows * HEADS) { return; }
    let row = id % rows;
    let head = id / rows;
    let own = row * WIDTH + head * DK;
    let keys = rows * WIDTH;
    let values = 2u * keys;
    var key: array<f32, DK>;
    var value: array<f32, DK>;
    var d_key: array<f32, DK>;
    var d_value: array<f32, DK>;
    for (var d = 0u; d < DK; d++) {
        key[d] = qkv[keys + own + d] * SCALE;
        value[d] = qkv[values + own + d];
        d_key[d] = 0.0;
        d_value[d] = 0.0;
    }
    let end = of_row(END, row);
    for (var i = row; i < end; i++) {
        let other = i * WIDTH + head * DK;
        let stat = i * HEADS + head;
        var score = 0.0;
        var dp = 0.0;
        for (var d = 0u; d < DK; d++) {
            score += key[d] * qkv[other + d];
            dp += value[d] * grad[other + d];
        }
        let p = exp(score - lse[stat]);
        let ds = p * (dp - delta[stat]) * SCALE;
        for (var d = 0u; d < DK; d++) {
            d_key[d] += ds * qkv[other + d];
            d_value[d] += p * grad[other + d];
        }
    }
    for (var d = 0u; d < DK; d++) {
        d_qkv[keys + own + d] = d_key[d];
        d_qkv[values + own + d] = d_value[d];
    }
}
