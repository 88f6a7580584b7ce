// Gradients of keys and values where a software adapter computes (attention_key_value_grad.wgsl says what): a workgroup is one
// subgroup and takes as many rows of one head (z), over the rows that saw them, one of which an invocation loads for all.
// qkv, d_qkv [3][N, HEADS*DK]; grad [N, HEADS*DK]; lse, delta [N, HEADS] (attention_query_grad.wgsl).
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<{{ element }}>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> delta: array<f32>;
@group(0) @binding(5) var<storage, read> grad: array<{{ element }}>;
@group(0) @binding(6) var<storage, read_write> d_qkv: array<{{ element }}>;

{{ quads qkv }}
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
    let end = of_row(END, row);
    let keys = rows * WIDTH + row * WIDTH + head;
    let values = keys + rows * WIDTH;
{{ repeat for each quad
    let key@ = qkv_quad(keys + 4u * @u, DK - 4u * @u) * SCALE;
    let value@ = qkv_quad(values + 4u * @u, DK - 4u * @u);
    var d_key@ = vec4<f32>();
    var d_value@ = vec4<f32>();
}}
    let end_of_all = of_row(END, last);
    for (var tile = begin; tile < end_of_all; tile += LANES) {
        let other = min(tile + lane, end_of_all - 1u);
        let at = other * WIDTH + head;
        let figures = vec2<f32>(lse[other * HEADS + group.z], delta[other * HEADS + group.z]);
{{ repeat for each quad
        let query@ = qkv_quad(at + 4u * @u, DK - 4u * @u);
        let gradient@ = grad_quad(at + 4u * @u, DK - 4u * @u);
}}
{{ repeat for each lane
        var product# = vec4<f32>();
        var dp# = vec4<f32>();
{{ repeat for each quad
        let query@_# = subgroupBroadcast(query@, #u);
        let gradient@_# = subgroupBroadcast(gradient@, #u);
        product# = fma(key@, query@_#, product#);
        dp# = fma(value@, gradient@_#, dp#);
}}
        let figures# = subgroupBroadcast(figures, #u);
        let all# = exp(product#.x + product#.y + product#.z + product#.w - figures#.x);
        let p# = select(0.0, all#, tile + #u >= row && tile + #u < end);
        let ds# = p# * (dp#.x + dp#.y + dp#.z + dp#.w - figures#.y) * SCALE;
{{ repeat for each quad
        d_key@ = fma(vec4<f32>(ds#), query@_#, d_key@);
        d_value@ = fma(vec4<f32>(p#), gradient@_#, d_value@);
}}
}}
    }
    if (begin + lane == row) {
{{ repeat for each quad
        d_qkv_put(keys + 4u * @u, DK - 4u * @u, d_key@);
        d_qkv_put(values + 4u * @u, DK - 4u * @u, d_value@);
}}
    }
}
