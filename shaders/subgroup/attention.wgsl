// Causal attention within windows where a software adapter computes (attention.wgsl says what): a workgroup is one subgroup and takes
// as many rows of one head (z), an invocation each. It loads one key and value at a time and the subgroup tells them to each other,
// since such an adapter loads for one invocation after the other, also what all of them load from the same place.
// qkv [3][N, HEADS*DK]; out [N, HEADS*DK]; lse [N, HEADS] = log-sum-exp of the row's scaled scores.
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<#{element}>;
@group(0) @binding(3) var<storage, read_write> out: array<#{element}>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

#import quads(qkv)
#import quads(out, written)
#import subgroup_head_sizes
#import batch
@compute @workgroup_size(LANES, 1, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let rows = batch[ROWS];
    let head = group.z * DK;
    let begin = (group.x + group.y * groups.x) * LANES;
    if (begin >= rows) { return; }
    let last = min(begin + LANES, rows) - 1u;
    let row = min(begin + lane, last);
    let first = of_row(FIRST, row);
    let own = row * WIDTH + head;
    var row_max = -1e9;
    var weight = 0.0;
#repeat Q
    let query_Q = load_qkv(own + 4u * Q, DK - 4u * Q) * SCALE;
    var sum_Q = vec4<f32>();
#end
    for (var tile = of_row(FIRST, begin); tile <= last; tile += LANES) {
        let at = (rows + min(tile + lane, last)) * WIDTH + head;
#repeat Q
        let key_Q = load_qkv(at + 4u * Q, DK - 4u * Q);
        let value_Q = load_qkv(at + rows * WIDTH + 4u * Q, DK - 4u * Q);
#end
        var new_top = row_max;
#repeat L
        var product_L = vec4<f32>();
#repeat Q
        product_L = fma(query_Q, subgroupBroadcast(key_Q, L), product_L);
#end
        let score_L = product_L.x + product_L.y + product_L.z + product_L.w;
        let sees_L = tile + L >= first && tile + L <= row;
        new_top = max(new_top, select(row_max, score_L, sees_L));
#end
        let rescale = exp(row_max - new_top);
        row_max = new_top;
        weight *= rescale;
#repeat Q
        sum_Q *= rescale;
#end
#repeat L
        let p_L = select(0.0, exp(score_L - row_max), sees_L);
        weight += p_L;
#repeat Q
        sum_Q = fma(vec4<f32>(p_L), subgroupBroadcast(value_Q, L), sum_Q);
#end
#end
    }
    if (begin + lane == row) {
#repeat Q
        store_out(own + 4u * Q, DK - 4u * Q, sum_Q / weight);
#end
        lse[row * HEADS + group.z] = row_max + log(weight);
    }
}
