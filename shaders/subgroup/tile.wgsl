// A tile of a matrix product where a software adapter computes: TILE_ROWS x TILE_COLUMNS outputs a workgroup of one subgroup, all
// rows by two times four columns an invocation, four terms at a time. Such an adapter loads for one invocation after the other, also
// what all of them load from the same place. Here an invocation loads the
// terms of four rows, and the subgroup tells them to each other. Parameters and what is multiplied: include/tile.wgsl,
// include/tile_ends.wgsl.
const THREADS: u32 = #{lanes}u;
const TILE_ROWS: u32 = 4u * THREADS;
const TILE_COLUMNS: u32 = 8u * THREADS;

// Terms k to k + 3 of rows i to i + 3 of the left: a column for each term. Rows beyond the last repeat others, since a branch would
// cost more: such an adapter computes both sides of it.
fn left_block(i: u32, k: u32, rows: u32, end: u32) -> mat4x4<f32> {
    if (LEFT_ALONG_K) {
        let last = rows - 1u;
        return transpose(mat4x4<f32>(
            left(min(i, last), k), left(min(i + 1u, last), k), left(min(i + 2u, last), k), left(min(i + 3u, last), k),
        ));
    }
    let there = min(i, (rows - 1u) / 4u * 4u);
    let last = end - 1u;
    return mat4x4<f32>(
        left(there, k),
        select(vec4<f32>(), left(there, min(k + 1u, last)), k + 1u < end),
        select(vec4<f32>(), left(there, min(k + 2u, last)), k + 2u < end),
        select(vec4<f32>(), left(there, min(k + 3u, last)), k + 3u < end),
    );
}

// Terms k to k + 3 of columns j to j + 3 of the right: a column for each term.
fn right_block(j: u32, k: u32, columns: u32, end: u32) -> mat4x4<f32> {
    if (RIGHT_ALONG_K) {
        let last = columns - 1u;
        return transpose(mat4x4<f32>(
            right(k, min(j, last)), right(k, min(j + 1u, last)), right(k, min(j + 2u, last)), right(k, min(j + 3u, last)),
        ));
    }
    let there = min(j, (columns - 1u) / 4u * 4u);
    let last = end - 1u;
    return mat4x4<f32>(
        right(k, there), right(min(k + 1u, last), there), right(min(k + 2u, last), there), right(min(k + 3u, last), there),
    );
}

fn multiply(
    group: vec3<u32>, lane: u32, rows: u32, columns: u32, first: u32, end: u32, sections: u32,
) {
    let first_row = group.y * TILE_ROWS;
    let i = first_row + 4u * lane;
    let j = group.x * TILE_COLUMNS + 4u * lane;
    var left_sums = vec4<f32>();
#import tile_sums
    for (var section = 0u; section < sections; section++) {
        choose(section);
        for (var k = first; k < end; k += 4u) {
            let own = left_block(i, k, rows, end);
            let low = right_block(j, k, columns, end);
            let high = right_block(j + TILE_COLUMNS / 2u, k, columns, end);
            if (ADDS_LEFT) { left_sums += own[0] + own[1] + own[2] + own[3]; }
#import tile_products
        }
    }
    let low_values = values_of(j, columns);
    let high_values = values_of(j + TILE_COLUMNS / 2u, columns);
    // Four rows at a time, picked by the bits of `part`: with a loop over an array of the sums, Mesa took 47 s to compile the kernels of
    // a step, with this 9 s.
    for (var part = 0u; part < THREADS; part++) {
#import tile_results
    }
    if (ADDS_LEFT && adds_left()) {
        for (var c = 0u; c < 4u; c++) {
            if (i + c < rows) { put_left_sum(i + c, left_sums[c]); }
        }
    }
}
