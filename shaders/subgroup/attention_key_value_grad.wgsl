// Gradients of keys and values where a software adapter computes (attention_key_value_grad.wgsl says what): a workgroup is one
// subgroup and takes as many rows of one head (z), over the rows that saw them, one of which an invocation loads for all.
// qkv, d_qkv [3][N, HEADS*DK]; grad [N, HEADS*DK]; lse, delta [N, HEADS] (attention_query_grad.wgsl).
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<#{element}>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> delta: array<f32>;
@group(0) @binding(5) var<storage, read> grad: array<#{element}>;
@group(0) @binding(6) var<storage, read_write> d_qkv: array<#{element}>;

#import quads(qkv)
#import quads(grad)
#import quads(d_qkv, written)
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
    let end = of_row(END, row);
    let keys = rows * WIDTH + row * WIDTH + head;
    let values = keys + rows * WIDTH;
#repeat Q
    let key_Q = load_qkv(keys + 4u * Q, DK - 4u * Q) * SCALE;
    let value_Q = load_qkv(values + 4u * Q, DK - 4u * Q);
    var d_key_Q = vec4<f32>();
    var d_value_Q = vec4<f32>();
#end
    let end_of_all = of_row(END, last);
    for (var tile = begin; tile < end_of_all; tile += LANES) {
        let other = min(tile + lane, end_of_all - 1u);
        let at = other * WIDTH + head;
        let figures = vec2<f32>(lse[other * HEADS + group.z], delta[other * HEADS + group.z]);
#repeat Q
        let query_Q = load_qkv(at + 4u * Q, DK - 4u * Q);
        let gradient_Q = load_grad(at + 4u * Q, DK - 4u * Q);
#end
#repeat L
        var product_L = vec4<f32>();
        var dp_L = vec4<f32>();
#repeat Q
        let query_Q_L = subgroupBroadcast(query_Q, L);
        let gradient_Q_L = subgroupBroadcast(gradient_Q, L);
        product_L = fma(key_Q, query_Q_L, product_L);
        dp_L = fma(value_Q, gradient_Q_L, dp_L);
#end
        let figures_L = subgroupBroadcast(figures, L);
        let all_L = exp(product_L.x + product_L.y + product_L.z + product_L.w - figures_L.x);
        let p_L = select(0.0, all_L, tile + L >= row && tile + L < end);
        let ds_L = p_L * (dp_L.x + dp_L.y + dp_L.z + dp_L.w - figures_L.y) * SCALE;
#repeat Q
        d_key_Q = fma(vec4<f32>(ds_L), query_Q_L, d_key_Q);
        d_value_Q = fma(vec4<f32>(p_L), gradient_Q_L, d_value_Q);
#end
#end
    }
    if (begin + lane == row) {
#repeat Q
        store_d_qkv(keys + 4u * Q, DK - 4u * Q, d_key_Q);
        store_d_qkv(values + 4u * Q, DK - 4u * Q, d_value_Q);
#end
    }
}
