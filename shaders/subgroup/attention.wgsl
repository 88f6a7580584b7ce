// Causal attention within windows where a software adapter computes (attention.wgsl says what): a workgroup is one subgroup and takes
// as many rows of one head (z), an invocation each. It loads one key and value at a time and the subgroup tells them to each other,
// since such an adapter loads for one invocation after the other, also what all of them load from the same place.
// qkv [3][N, HEADS*DK]; out [N, HEADS*DK]; lse [N, HEADS] = log-sum-exp of the row's scaled scores.
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<{{ element }}>;
@group(0) @binding(3) var<storage, read_write> out: array<{{ element }}>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

{{ quads qkv }}
{{ quads out written }}
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
    var top = -1e9;
    var weight = 0.0;
{{ repeat for each quad
    let query@ = qkv_quad(own + 4u * @u, DK - 4u * @u) * SCALE;
    var sum@ = vec4<f32>();
}}
    for (var tile = of_row(FIRST, begin); tile <= last; tile += LANES) {
        let at = (rows + min(tile + lane, last)) * WIDTH + head;
{{ repeat for each quad
        let key@ = qkv_quad(at + 4u * @u, DK - 4u * @u);
        let value@ = qkv_quad(at + rows * WIDTH + 4u * @u, DK - 4u * @u);
}}
        var new_top = top;
{{ repeat for each lane
        var product# = vec4<f32>();
{{ repeat for each quad
        product# = fma(query@, subgroupBroadcast(key@, #u), product#);
}}
        let score# = product#.x + product#.y + product#.z + product#.w;
        let sees# = tile + #u >= first && tile + #u <= row;
        new_top = max(new_top, select(top, score#, sees#));
}}
        let shrink = exp(top - new_top);
        top = new_top;
        weight *= shrink;
{{ repeat for each quad
        sum@ *= shrink;
}}
{{ repeat for each lane
        let p# = select(0.0, exp(score# - top), sees#);
        weight += p#;
{{ repeat for each quad
        sum@ = fma(vec4<f32>(p#), subgroupBroadcast(value@, #u), sum@);
}}
}}
    }
    if (begin + lane == row) {
{{ repeat for each quad
        out_put(own + 4u * @u, DK - 4u * @u, sum@ / weight);
}}
        lse[row * HEADS + group.z] = top + log(weight);
    }
}
