// Causal attention within windows, online softmax: a workgroup takes 64 rows of one head (y), PER_ROW invocations a row. The keys
// and values of the rows they see come through workgroup memory, TILE rows at a time, so that they are loaded once for all.
// qkv [3][N, HEADS*DK]; out [N, HEADS*DK]; lse [N, HEADS] = log-sum-exp of the row's scaled scores.
// Row t sees the rows of its window up to t.
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<#{element}>;
@group(0) @binding(3) var<storage, read_write> out: array<#{element}>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

#import quads(qkv)
#import quads(out, written)
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
    var sum: array<vec4<f32>, QUADS>;
    for (var d = 0u; d < QUADS; d++) {
        query[d] = load_qkv(own + 4u * d, DK - 4u * d) * SCALE;
        sum[d] = vec4<f32>();
    }
    var row_max = -1e9;
    var weight = 0.0;
    for (var tile = of_row(FIRST, group.x * 64u); tile <= last; tile += TILE) {
        bring_keys_and_values(lane, tile, last, head);
        let stop = min(end, tile + TILE);
        for (var j = max(first, tile) + nth; j < stop; j += PER_ROW) {
            let at = (j - tile) * QUADS;
            var product = vec4<f32>();
            for (var d = 0u; d < QUADS; d++) { product = fma(query[d], shared0[at + d], product); }
            let score = product.x + product.y + product.z + product.w;
            let new_top = max(row_max, score);
            let rescale = exp(row_max - new_top);
            let p = exp(score - new_top);
            weight = weight * rescale + p;
            for (var d = 0u; d < QUADS; d++) { sum[d] = fma(vec4<f32>(p), shared1[at + d], sum[d] * rescale); }
            row_max = new_top;
        }
    }
    if (PER_ROW > 1u) {
        // Each invocation of a row has a maximum of its own.
        workgroupBarrier();
        shared0[lane] = vec4<f32>(row_max, weight, 0.0, 0.0);
        workgroupBarrier();
        var all_top = row_max;
        for (var other = 0u; other < PER_ROW; other++) { all_top = max(all_top, shared0[other * 64u + lane % 64u].x); }
        weight = 0.0;
        for (var other = 0u; other < PER_ROW; other++) {
            let figures = shared0[other * 64u + lane % 64u];
            weight += figures.y * exp(figures.x - all_top);
        }
        let rescale = exp(row_max - all_top);
        row_max = all_top;
        for (var d = 0u; d < QUADS; d++) { sum[d] *= rescale; }
        workgroupBarrier();
    }
#repeat Q
    let all_Q = sum_of_row(Q, lane, sum[Q]);
    if (inside && nth == Q % PER_ROW) { store_out(own + 4u * Q, DK - 4u * Q, all_Q / weight); }
#end
    if (inside && nth == 0u) { lse[row * HEADS + group.y] = row_max + log(weight); }
}
