// Gradient of the queries: one invocation a row and head, over the rows it saw; leaves delta = out . grad for the
// keys and values. qkv, d_qkv [3][N, HEADS*DK]; out, grad [N, HEADS*DK]; lse, delta [N, HEADS].
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read> out: array<f32>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> grad: array<f32>;
@group(0) @binding(6) var<storage, read_write> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_qkv: array<f32>;

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
    var query: array<f32, DK>;
    var gradient: array<f32, DK>;
    var sum: array<f32, DK>;
    var own_delta = 0.0;
    for (var d = 0u; d < DK; d++) {
        query[d] = qkv[own + d] * SCALE;
        gradient[d] = grad[own + d];
        own_delta += gradient[d] * out[own + d];
        sum[d] = 0.0;
    }
    let stat = row * HEADS + head;
    delta[stat] = own_delta;
    let own_lse = lse[stat];
    for (var j = of_row(FIRST, row); j <= row; j++) {
        let other = j * WIDTH + head * DK;
        var score = 0.0;
        var dp = 0.0;
        for (var d = 0u; d < DK; d++) {
            score += query[d] * qkv[keys + other + d];
            dp += gradient[d] * qkv[values + other + d];
        }
        let ds = exp(score - own_lse) * (dp - own_delta) * SCALE;
        for (var d = 0u; d < DK; d++) { sum[d] += ds * qkv[keys + other + d]; }
    }
    for (var d = 0u; d < DK; d++) { d_qkv[own + d] = sum[d]; }
}
