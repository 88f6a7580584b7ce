// Gradient of the queries where a software adapter computes (attention_query_grad.wgsl says what): a workgroup is one subgroup and
// takes as many rows of one head (z), as in attention.wgsl beside this. Leaves delta = out . grad for the keys and values.
// qkv, d_qkv [3][N, HEADS*DK]; out, grad [N, HEADS*DK]; lse, delta [N, HEADS].
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<{{ element }}>;
@group(0) @binding(3) var<storage, read> out: array<{{ element }}>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> grad: array<{{ element }}>;
@group(0) @binding(6) var<storage, read_write> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_qkv: array<{{ element }}>;

{{ quads qkv }}
{{ quads out }}
{{ quads grad }}
{{ quads d_qkv written }}
{{ subgroup_head_sizes }}
{{ batch }}
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
{{ repeat for each quad
    let query@ = qkv_quad(own + 4u * @u, DK - 4u * @u) * SCALE;
    let gradient@ = grad_quad(own + 4u * @u, DK - 4u * @u);
    along = fma(gradient@, out_quad(own + 4u * @u, DK - 4u * @u), along);
    var sum@ = vec4<f32>();
}}
    let own_delta = along.x + along.y + along.z + along.w;
    let stat = row * HEADS + group.z;
    let own_lse = lse[stat];
    for (var tile = of_row(FIRST, begin); tile <= last; tile += LANES) {
        let at = (rows + min(tile + lane, last)) * WIDTH + head;
{{ repeat for each quad
        let key@ = qkv_quad(at + 4u * @u, DK - 4u * @u);
        let value@ = qkv_quad(at + rows * WIDTH + 4u * @u, DK - 4u * @u);
}}
{{ repeat for each lane
        var product# = vec4<f32>();
        var dp# = vec4<f32>();
{{ repeat for each quad
        let key@_# = subgroupBroadcast(key@, #u);
        product# = fma(query@, key@_#, product#);
        dp# = fma(gradient@, subgroupBroadcast(value@, #u), dp#);
}}
        let p# = exp(product#.x + product#.y + product#.z + product#.w - own_lse);
        let all# = p# * (dp#.x + dp#.y + dp#.z + dp#.w - own_delta) * SCALE;
        let ds# = select(0.0, all#, tile + #u >= first && tile + #u <= row);
{{ repeat for each quad
        sum@ = fma(vec4<f32>(ds#), key@_#, sum@);
}}
}}
    }
    if (begin + lane == row) {
{{ repeat for each quad
        d_qkv_put(own + 4u * @u, DK - 4u * @u, sum@);
}}
        delta[stat] = own_delta;
    }
}
