// Gradient of the queries where a software adapter computes (attention_query_grad.wgsl says what): a workgroup is one subgroup and
// takes as many rows of one head (z), as in attention.wgsl beside this. Leaves delta = out . grad for the keys and values.
// qkv, d_qkv [3][N, HEADS*DK]; out, grad [N, HEADS*DK]; lse, delta [N, HEADS].
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<#{element}>;
@group(0) @binding(3) var<storage, read> out: array<#{element}>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> grad: array<#{element}>;
@group(0) @binding(6) var<storage, read_write> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_qkv: array<#{element}>;

#import quads(qkv)
#import quads(out)
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
    let first = of_row(FIRST, row);
    let own = row * WIDTH + head;
    var along = vec4<f32>();
#repeat Q
    let query_Q = load_qkv(own + 4u * Q, DK - 4u * Q) * SCALE;
    let gradient_Q = load_grad(own + 4u * Q, DK - 4u * Q);
    along = fma(gradient_Q, load_out(own + 4u * Q, DK - 4u * Q), along);
    var sum_Q = vec4<f32>();
#end
    let own_delta = along.x + along.y + along.z + along.w;
    let stat = row * HEADS + group.z;
    let own_lse = lse[stat];
    for (var tile = of_row(FIRST, begin); tile <= last; tile += LANES) {
        let at = (rows + min(tile + lane, last)) * WIDTH + head;
#repeat Q
        let key_Q = load_qkv(at + 4u * Q, DK - 4u * Q);
        let value_Q = load_qkv(at + rows * WIDTH + 4u * Q, DK - 4u * Q);
#end
#repeat L
        var product_L = vec4<f32>();
        var dp_L = vec4<f32>();
#repeat Q
        let key_Q_L = subgroupBroadcast(key_Q, L);
        product_L = fma(query_Q, key_Q_L, product_L);
        dp_L = fma(gradient_Q, subgroupBroadcast(value_Q, L), dp_L);
#end
        let p_L = exp(product_L.x + product_L.y + product_L.z + product_L.w - own_lse);
        let all_L = p_L * (dp_L.x + dp_L.y + dp_L.z + dp_L.w - own_delta) * SCALE;
        let ds_L = select(0.0, all_L, tile + L >= first && tile + L <= row);
#repeat Q
        sum_Q = fma(vec4<f32>(ds_L), key_Q_L, sum_Q);
#end
#end
    }
    if (begin + lane == row) {
#repeat Q
        store_d_qkv(own + 4u * Q, DK - 4u * Q, sum_Q);
#end
        delta[stat] = own_delta;
    }
}
