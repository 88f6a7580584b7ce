// What the tiles of a matrix product share (tile.wgsl, subgroup/tile.wgsl). The shader says what it multiplies, four neighbours in
// memory at once: left(i, k) and right(k, j) give those along k where LEFT_ALONG_K and RIGHT_ALONG_K say so, else those along i and
// j, and 0 where there are none; put(i, j, count, sums, values) takes the sums of columns j to j + count, and of_columns(j, count),
// which is asked for once for all rows. Where it ADDS_LEFT and adds_left() is true for this workgroup, put_left_sum(i, sum) takes
// the sum of row i of the left over all its terms.

// Columns handed over at once.
const VECTOR_WIDTH: u32 = #{vector_width}u;

// What of_columns() gives for four columns.
fn values_of(j: u32, columns: u32) -> vec4<f32> {
    var values = vec4<f32>();
    if (j < columns) { values = of_columns(j, columns - j); }
    return values;
}

// Hands over the sums of row i: four columns from j, and four from half a tile further on, with their values.
fn put_row(i: u32, j: u32, rows: u32, columns: u32, low: vec4<f32>, high: vec4<f32>, low_values: vec4<f32>, high_values: vec4<f32>) {
    if (i >= rows) { return; }
    let further = j + TILE_COLUMNS / 2u;
    if (VECTOR_WIDTH == 4u) {
        if (j < columns) { put(i, j, 4u, low, low_values); }
        if (further < columns) { put(i, further, 4u, high, high_values); }
        return;
    }
    for (var c = 0u; c < 4u; c++) {
        if (j + c < columns) { put(i, j + c, 1u, vec4<f32>(low[c]), vec4<f32>(low_values[c])); }
        if (further + c < columns) { put(i, further + c, 1u, vec4<f32>(high[c]), vec4<f32>(high_values[c])); }
    }
}
