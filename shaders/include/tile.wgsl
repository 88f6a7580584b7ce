// A tile of a matrix product: 64 x 64 outputs a workgroup of 64, 8 x 8 an invocation, 16 terms at a time.
// The shader says what it multiplies: left(i, k), right(k, j), put(i, j, sum), and along which index its factors lie
// together in memory (LEFT_ALONG_K, RIGHT_ALONG_K), so that neighbours load neighbours. The sum runs over `sections`
// of `depth` terms each; choose(section) is called before each.
const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
var<workgroup> lefts: array<vec4<f32>, 256>;   // [DEPTH][TILE / 4]
var<workgroup> rights: array<vec4<f32>, 256>;

fn multiply(group: vec3<u32>, lane: u32, rows: u32, columns: u32, depth: u32, sections: u32) {
    let first_row = group.y * TILE;
    let first_column = group.x * TILE;
    let y = lane / 8u;
    let x = lane % 8u;
    // Eight rows of eight sums: four columns in a vector.
    var a0 = vec4<f32>();
    var b0 = vec4<f32>();
    var a1 = vec4<f32>();
    var b1 = vec4<f32>();
    var a2 = vec4<f32>();
    var b2 = vec4<f32>();
    var a3 = vec4<f32>();
    var b3 = vec4<f32>();
    var a4 = vec4<f32>();
    var b4 = vec4<f32>();
    var a5 = vec4<f32>();
    var b5 = vec4<f32>();
    var a6 = vec4<f32>();
    var b6 = vec4<f32>();
    var a7 = vec4<f32>();
    var b7 = vec4<f32>();
    for (var section = 0u; section < sections; section++) {
    choose(section);
    for (var k0 = 0u; k0 < depth; k0 += DEPTH) {
        // Each invocation brings four times four neighbouring rows (and columns) of one term.
        for (var part = lane; part < 256u; part += 64u) {
            let k = select(part / 16u, part % 16u, LEFT_ALONG_K);
            let i = 4u * select(part % 16u, part / 16u, LEFT_ALONG_K);
            var l = vec4<f32>();
            if (k0 + k < depth) {
                for (var c = 0u; c < 4u; c++) {
                    if (first_row + i + c < rows) { l[c] = left(first_row + i + c, k0 + k); }
                }
            }
            lefts[k * 16u + i / 4u] = l;
            let kr = select(part / 16u, part % 16u, RIGHT_ALONG_K);
            let j = 4u * select(part % 16u, part / 16u, RIGHT_ALONG_K);
            var r = vec4<f32>();
            if (k0 + kr < depth) {
                for (var c = 0u; c < 4u; c++) {
                    if (first_column + j + c < columns) { r[c] = right(k0 + kr, first_column + j + c); }
                }
            }
            rights[kr * 16u + j / 4u] = r;
        }
        workgroupBarrier();
        for (var t = 0u; t < DEPTH; t++) {
            let l0 = lefts[t * 16u + 2u * y];
            let l1 = lefts[t * 16u + 2u * y + 1u];
            let r0 = rights[t * 16u + 2u * x];
            let r1 = rights[t * 16u + 2u * x + 1u];
            a0 += l0.x * r0;
            b0 += l0.x * r1;
            a1 += l0.y * r0;
            b1 += l0.y * r1;
            a2 += l0.z * r0;
            b2 += l0.z * r1;
            a3 += l0.w * r0;
            b3 += l0.w * r1;
            a4 += l1.x * r0;
            b4 += l1.x * r1;
            a5 += l1.y * r0;
            b5 += l1.y * r1;
            a6 += l1.z * r0;
            b6 += l1.z * r1;
            a7 += l1.w * r0;
            b7 += l1.w * r1;
        }
        workgroupBarrier();
    }
    }
    let i = first_row + 8u * y;
    let j = first_column + 8u * x;
    put_row(i + 0u, j, rows, columns, a0, b0);
    put_row(i + 1u, j, rows, columns, a1, b1);
    put_row(i + 2u, j, rows, columns, a2, b2);
    put_row(i + 3u, j, rows, columns, a3, b3);
    put_row(i + 4u, j, rows, columns, a4, b4);
    put_row(i + 5u, j, rows, columns, a5, b5);
    put_row(i + 6u, j, rows, columns, a6, b6);
    put_row(i + 7u, j, rows, columns, a7, b7);
}

fn put_row(i: u32, j: u32, rows: u32, columns: u32, low: vec4<f32>, high: vec4<f32>) {
    if (i >= rows) { return; }
    for (var c = 0u; c < 4u; c++) {
        if (j + c < columns) { put(i, j + c, low[c]); }
        if (j + 4u + c < columns) { put(i, j + 4u + c, high[c]); }
    }
}
