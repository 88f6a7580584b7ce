// Two vectors of each row of a tile, in workgroup memory; and sums over the invocations that share a row.
var<workgroup> shared0: array<vec4<f32>, max(TILE * QUADS, THREADS)>;
var<workgroup> shared1: array<vec4<f32>, max(TILE * QUADS, THREADS)>;

// The sum of `own` over the PER_ROW invocations of a row, in their order, for the d-th quad: quads follow one another, and the two
// arrays are taken in turn, so that one barrier each is enough. All invocations meet here.
fn sum_of_row(d: u32, lane: u32, own: vec4<f32>) -> vec4<f32> {
    if (PER_ROW == 1u) { return own; }
    if (d % 2u == 0u) { shared0[lane] = own; } else { shared1[lane] = own; }
    workgroupBarrier();
    var all = vec4<f32>();
    for (var nth = 0u; nth < PER_ROW; nth++) {
        let at = nth * 64u + lane % 64u;
        if (d % 2u == 0u) { all += shared0[at]; } else { all += shared1[at]; }
    }
    return all;
}
