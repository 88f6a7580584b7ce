// Gradients of keys and values: a workgroup takes 64 rows of one head (y), PER_ROW invocations a row, over the rows that saw it,
// whose queries and gradients come through workgroup memory, TILE rows at a time.
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
#import head_sizes
#import batch
#import shared_rows
// Of the tile's rows: queries are shared0, gradients shared1, lse and delta these.
var<workgroup> figures: array<vec2<f32>, TILE>;

@compute @workgroup_size(THREADS, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let rows = batch[ROWS];
    let head = group.y * DK;
    let last = min(group.x * 64u + 63u, rows - 1u);
    let nth = lane / 64u;
    // Rows past the last are seen by none but still meet the barriers.
    let inside = group.x * 64u + lane % 64u < rows;
    let row = min(group.x * 64u + lane % 64u, rows - 1u);
    let end = select(row, of_row(END, row), inside);
    let own = row * WIDTH + head;
    let keys = rows * WIDTH;
    let values = 2u * keys;
    var key: array<vec4<f32>, QUADS>;
    var value: array<vec4<f32>, QUADS>;
    var d_key: array<vec4<f32>, QUADS>;
    var d_value: array<vec4<f32>, QUADS>;
    for (var d = 0u; d < QUADS; d++) {
        key[d] = load_qkv(keys + own + 4u * d, DK - 4u * d) * SCALE;
        value[d] = load_qkv(values + own + 4u * d, DK - 4u * d);
        d_key[d] = vec4<f32>();
        d_value[d] = vec4<f32>();
    }
    let end_of_all = of_row(END, last);
    for (var tile = group.x * 64u; tile < end_of_all; tile += TILE) {
        workgroupBarrier();
        for (var i = lane; i < TILE * QUADS; i += THREADS) {
            let other = tile + i / QUADS;
            if (other < end_of_all) {
                let d = 4u * (i % QUADS);
                let at = other * WIDTH + head + d;
                shared0[i] = load_qkv(at, DK - d);
                shared1[i] = load_grad(at, DK - d);
                if (d == 0u) {
                    let stat = other * HEADS + group.y;
                    figures[i / QUADS] = vec2<f32>(lse[stat], delta[stat]);
                }
            }
        }
        workgroupBarrier();
        let stop = min(end, tile + TILE);
        for (var j = max(row, tile) + nth; j < stop; j += PER_ROW) {
            let at = (j - tile) * QUADS;
            let figure = figures[j - tile];
            var product = vec4<f32>();
            var dp = vec4<f32>();
            for (var d = 0u; d < QUADS; d++) {
                product = fma(key[d], shared0[at + d], product);
                dp = fma(value[d], shared1[at + d], dp);
            }
            let p = exp(product.x + product.y + product.z + product.w - figure.x);
            let ds = p * (dp.x + dp.y + dp.z + dp.w - figure.y) * SCALE;
            for (var d = 0u; d < QUADS; d++) {
                d_key[d] = fma(vec4<f32>(ds), shared0[at + d], d_key[d]);
                d_value[d] = fma(vec4<f32>(p), shared1[at + d], d_value[d]);
            }
        }
    }
    workgroupBarrier();
#repeat Q
    let key_Q = sum_of_row(Q, lane, d_key[Q]);
    if (inside && nth == Q % PER_ROW) { store_d_qkv(keys + own + 4u * Q, DK - 4u * Q, key_Q); }
#end
    // The next sums begin with the same array.
    workgroupBarrier();
#repeat Q
    let value_Q = sum_of_row(Q, lane, d_value[Q]);
    if (inside && nth == Q % PER_ROW) { store_d_qkv(values + own + 4u * Q, DK - 4u * Q, value_Q); }
#end
}
