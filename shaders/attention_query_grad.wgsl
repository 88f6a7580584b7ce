// Gradient of the queries: a workgroup takes 64 rows of one head (y), PER_ROW invocations a row, over the rows it saw, whose keys
// and values come through workgroup memory (attention.wgsl). Leaves delta = out . grad for the keys and values.
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
#import head_sizes
#import batch
#import shared_rows
#import keys_and_values
@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let rows = batch[ROWS];
    let head = group.y * DK;
    let last = min(group.x * 64u + 63u, rows - 1u);
    let nth = lane / 64u;
    // Rows past the last see nothing but still meet the barriers.
    let inside = group.x * 64u + lane % 64u < rows;
    let row = min(group.x * 64u + lane % 64u, rows - 1u);
    let first = of_row(FIRST, row);
    let end = select(first, row + 1u, inside);
    let own = row * WIDTH + head;
    var query: array<vec4<f32>, QUADS>;
    var gradient: array<vec4<f32>, QUADS>;
    var sum: array<vec4<f32>, QUADS>;
    var along = vec4<f32>();
    for (var d = 0u; d < QUADS; d++) {
        let at = own + 4u * d;
        let count = DK - 4u * d;
        query[d] = load_qkv(at, count) * SCALE;
        gradient[d] = load_grad(at, count);
        along = fma(gradient[d], load_out(at, count), along);
        sum[d] = vec4<f32>();
    }
    let own_delta = along.x + along.y + along.z + along.w;
    let stat = row * HEADS + group.y;
    let own_lse = lse[stat];
    for (var tile = of_row(FIRST, group.x * 64u); tile <= last; tile += TILE) {
        bring_keys_and_values(lane, tile, last, head);
        let stop = min(end, tile + TILE);
        for (var j = max(first, tile) + nth; j < stop; j += PER_ROW) {
            let at = (j - tile) * QUADS;
            var product = vec4<f32>();
            var dp = vec4<f32>();
            for (var d = 0u; d < QUADS; d++) {
                product = fma(query[d], shared0[at + d], product);
                dp = fma(gradient[d], shared1[at + d], dp);
            }
            let score = product.x + product.y + product.z + product.w;
            let ds = exp(score - own_lse) * (dp.x + dp.y + dp.z + dp.w - own_delta) * SCALE;
            for (var d = 0u; d < QUADS; d++) { sum[d] = fma(vec4<f32>(ds), shared0[at + d], sum[d]); }
        }
    }
    workgroupBarrier();
#repeat Q
    let all_Q = sum_of_row(Q, lane, sum[Q]);
    if (inside && nth == Q % PER_ROW) { store_d_qkv(own + 4u * Q, DK - 4u * Q, all_Q); }
#end
    if (inside && nth == 0u) { delta[stat] = own_delta; }
}
