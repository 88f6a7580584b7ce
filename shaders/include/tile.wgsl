// A tile of a matrix product: TILE_ROWS x TILE_COLUMNS outputs a workgroup of HIGH x 8 invocations, TALL rows by two times four
// columns an invocation, 16 terms at a time through workgroup memory. Terms are those of first to end in each of `sections`;
// choose(section) is called before each. What is multiplied: tile_ends.wgsl.
const TALL: u32 = #{tile_tall}u;
const HIGH: u32 = #{tile_high}u;
const THREADS: u32 = 8u * HIGH;
const TILE_ROWS: u32 = HIGH * TALL;
const TILE_COLUMNS: u32 = 64u;
const DEPTH: u32 = 16u;
const LEFT_QUADS: u32 = TILE_ROWS / 4u;
const RIGHT_QUADS: u32 = 16u;
// What lies along k is turned when it is written to workgroup memory: one place more a term, so that neighbours write to
// different banks of it.
const LEFT_STRIDE: u32 = LEFT_QUADS + select(0u, 1u, LEFT_ALONG_K);
const RIGHT_STRIDE: u32 = RIGHT_QUADS + select(0u, 1u, RIGHT_ALONG_K);
// Blocks of four by four that are brought each time. Where fewer than all invocations bring those of the left, the others
// begin with the right's.
const LEFT_BLOCKS: u32 = DEPTH / 4u * LEFT_QUADS;
const RIGHT_BLOCKS: u32 = DEPTH / 4u * RIGHT_QUADS;
const IDLE: u32 = (THREADS - LEFT_BLOCKS % THREADS) % THREADS;
var<workgroup> lefts: array<vec4<f32>, DEPTH * LEFT_STRIDE>;
var<workgroup> rights: array<vec4<f32>, DEPTH * RIGHT_STRIDE>;

// Terms k to k + 3 of rows i to i + 3 of the left: a column for each term.
fn left_block(i: u32, k: u32, rows: u32, end: u32) -> mat4x4<f32> {
    var four = mat4x4<f32>();
    if (LEFT_ALONG_K) {
        if (k < end) {
            let last = rows - 1u;
            four = transpose(mat4x4<f32>(
                left(min(i, last), k), left(min(i + 1u, last), k), left(min(i + 2u, last), k), left(min(i + 3u, last), k),
            ));
        }
    } else if (i < rows) {
        if (k < end) { four[0] = left(i, k); }
        if (k + 1u < end) { four[1] = left(i, k + 1u); }
        if (k + 2u < end) { four[2] = left(i, k + 2u); }
        if (k + 3u < end) { four[3] = left(i, k + 3u); }
    }
    return four;
}

// Terms k to k + 3 of columns j to j + 3 of the right: a column for each term.
fn right_block(j: u32, k: u32, columns: u32, end: u32) -> mat4x4<f32> {
    var four = mat4x4<f32>();
    if (RIGHT_ALONG_K) {
        if (k < end) {
            let last = columns - 1u;
            four = transpose(mat4x4<f32>(
                right(k, min(j, last)), right(k, min(j + 1u, last)), right(k, min(j + 2u, last)), right(k, min(j + 3u, last)),
            ));
        }
    } else if (j < columns) {
        if (k < end) { four[0] = right(k, j); }
        if (k + 1u < end) { four[1] = right(k + 1u, j); }
        if (k + 2u < end) { four[2] = right(k + 2u, j); }
        if (k + 3u < end) { four[3] = right(k + 3u, j); }
    }
    return four;
}

// Sums of rows `lane` and `lane + THREADS` of the tile's left.
var<private> left_sums: vec2<f32>;

fn add_left(lane: u32) {
    if (lane >= TILE_ROWS || !adds_left()) { return; }
    for (var t = 0u; t < DEPTH; t++) {
        let at = t * LEFT_STRIDE + lane / 4u;
        left_sums.x += lefts[at][lane % 4u];
        if (TILE_ROWS > THREADS) { left_sums.y += lefts[at + THREADS / 4u][lane % 4u]; }
    }
}

fn multiply(
    group: vec3<u32>, lane: u32, rows: u32, columns: u32, first: u32, end: u32, sections: u32,
) {
    let first_row = group.y * TILE_ROWS;
    let first_column = group.x * TILE_COLUMNS;
    let y = lane / 8u;
    let x = lane % 8u;
    // TALL rows of the sums of columns 4x to 4x + 3 and of those 32 further on.
#import tile_sums
    for (var section = 0u; section < sections; section++) {
    choose(section);
    for (var k0 = first; k0 < end; k0 += DEPTH) {
        // Four terms of four neighbouring rows (and columns) at a time.
        for (var block = lane; block < LEFT_BLOCKS; block += THREADS) {
            let quad = select(block % LEFT_QUADS, block / (DEPTH / 4u), LEFT_ALONG_K);
            let term = 4u * select(block / LEFT_QUADS, block % (DEPTH / 4u), LEFT_ALONG_K);
            let i = first_row + 4u * quad;
            let k = k0 + term;
            let four = left_block(i, k, rows, end);
            let at = term * LEFT_STRIDE + quad;
            lefts[at] = four[0];
            lefts[at + LEFT_STRIDE] = four[1];
            lefts[at + 2u * LEFT_STRIDE] = four[2];
            lefts[at + 3u * LEFT_STRIDE] = four[3];
        }
        for (var block = (lane + IDLE) % THREADS; block < RIGHT_BLOCKS; block += THREADS) {
            let quad = select(block % RIGHT_QUADS, block / (DEPTH / 4u), RIGHT_ALONG_K);
            let term = 4u * select(block / RIGHT_QUADS, block % (DEPTH / 4u), RIGHT_ALONG_K);
            let j = first_column + 4u * quad;
            let k = k0 + term;
            let four = right_block(j, k, columns, end);
            let at = term * RIGHT_STRIDE + quad;
            rights[at] = four[0];
            rights[at + RIGHT_STRIDE] = four[1];
            rights[at + 2u * RIGHT_STRIDE] = four[2];
            rights[at + 3u * RIGHT_STRIDE] = four[3];
        }
        workgroupBarrier();
        if (ADDS_LEFT) { add_left(lane); }
        for (var t = 0u; t < DEPTH; t++) {
            let l = t * LEFT_STRIDE + TALL / 4u * y;
            let r0 = rights[t * RIGHT_STRIDE + x];
            let r1 = rights[t * RIGHT_STRIDE + x + 8u];
#import tile_products
        }
        workgroupBarrier();
    }
    }
    let i = first_row + TALL * y;
    let j = first_column + 4u * x;
    // A loop over an array, not a line a row: compilers would write out everything that follows a product as many times.
    var sums = array<vec4<f32>, 2u * TALL>(#{tile_results});
    let low_values = values_of(j, columns);
    let high_values = values_of(j + TILE_COLUMNS / 2u, columns);
    for (var row = 0u; row < TALL; row++) {
        put_row(i + row, j, rows, columns, sums[2u * row], sums[2u * row + 1u], low_values, high_values);
    }
    if (ADDS_LEFT && lane < TILE_ROWS && adds_left()) {
        let of_lane = first_row + lane;
        if (of_lane < rows) { put_left_sum(of_lane, left_sums.x); }
        if (TILE_ROWS > THREADS && of_lane + THREADS < rows) { put_left_sum(of_lane + THREADS, left_sums.y); }
    }
}
