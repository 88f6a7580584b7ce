// ctx = E_ctx[token] + P[t], val = E_val[token] + P[t], next = E_concept[q_next]; one invocation an element [N, width].
struct Site { width: u32, context: u32, value: u32, concepts: u32, position: u32 }
@group(0) @binding(0) var<uniform> site: Site;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read_write> ctx: array<f32>;
@group(0) @binding(4) var<storage, read_write> val: array<f32>;
@group(0) @binding(5) var<storage, read_write> next: array<f32>;

{{ batch }}
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let width = site.width;
    if (id >= batch[ROWS] * width) { return; }
    let row = id / width;
    let d = id % width;
    let token = of_row(TOKEN, row) * width + d;
    let position = params[site.position + of_row(POSITION, row) * width + d];
    ctx[id] = params[site.context + token] + position;
    val[id] = params[site.value + token] + position;
    next[id] = params[site.concepts + of_row(NEXT, row) * width + d];
}
