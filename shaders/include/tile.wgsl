// A tile of a matrix product: 64 x 64 outputs a workgroup of 256, 4 x 4 an invocation, 16 terms at a time.
// The shader says what it multiplies: left(i, k), right(k, j), put(i, j, sum), and along which index its factors lie
// together in memory (LEFT_ALONG_K, RIGHT_ALONG_K), so that neighbours load neighbours.
const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
var<workgroup> lefts: array<vec4<f32>, 256>;   // [DEPTH][TILE / 4]
var<workgroup> rights: array<vec4<f32>, 256>;

fn multiply(group: vec3<u32>, lane: u32, rows: u32, columns: u32, depth: u32) {
    let first_row = group.y * TILE;
    let first_column = group.x * TILE;
    let y = lane / 16u;
    let x = lane % 16u;
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    for (var k0 = 0u; k0 < depth; k0 += DEPTH) {
        // Each invocation brings four neighbouring rows (and columns) of one term.
        let k = select(lane / 16u, lane % 16u, LEFT_ALONG_K);
        let i = 4u * select(lane % 16u, lane / 16u, LEFT_ALONG_K);
        var a = vec4<f32>();
        if (k0 + k < depth) {
            for (var c = 0u; c < 4u; c++) {
                if (first_row + i + c < rows) { a[c] = left(first_row + i + c, k0 + k); }
            }
        }
        lefts[k * 16u + i / 4u] = a;
        let kr = select(lane / 16u, lane % 16u, RIGHT_ALONG_K);
        let j = 4u * select(lane % 16u, lane / 16u, RIGHT_ALONG_K);
        var b = vec4<f32>();
        if (k0 + kr < depth) {
            for (var c = 0u; c < 4u; c++) {
                if (first_column + j + c < columns) { b[c] = right(k0 + kr, first_column + j + c); }
            }
        }
        rights[kr * 16u + j / 4u] = b;
        workgroupBarrier();
        for (var t = 0u; t < DEPTH; t++) {
            let l = lefts[t * 16u + y];
            let r = rights[t * 16u + x];
            sum0 += l.x * r;
            sum1 += l.y * r;
            sum2 += l.z * r;
            sum3 += l.w * r;
        }
        workgroupBarrier();
    }
    let i = first_row + 4u * y;
    let j = first_column + 4u * x;
    for (var c = 0u; c < 4u; c++) {
        if (j + c < columns) {
            if (i < rows) { put(i, j + c, sum0[c]); }
            if (i + 1u < rows) { put(i + 1u, j + c, sum1[c]); }
            if (i + 2u < rows) { put(i + 2u, j + c, sum2[c]); }
            if (i + 3u < rows) { put(i + 3u, j + c, sum3[c]); }
        }
    }
}
