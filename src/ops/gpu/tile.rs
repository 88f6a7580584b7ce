//! Matrix products by tiles (`shaders/include/tile.wgsl`): what depends on how many rows an invocation computes.

use std::fmt::Write as _;

/// Columns of a product that one workgroup computes.
pub(crate) const COLUMNS: usize = 64;

/// Workgroups that leave no part of a GPU idle, which has up to some hundred multiprocessors.
pub(crate) const ENOUGH_FOR_GPU: usize = 128;
/// Workgroups that leave no core idle under a software adapter.
pub(crate) const ENOUGH_FOR_PROCESSOR: usize = 8;

/// Rows an invocation may compute; a workgroup computes eight times as many.
fn tall(wanted: usize) -> usize {
    match wanted {
        ..8 => 4,
        8..16 => 8,
        _ => 16,
    }
}

/// Rows an invocation computes of a product of this size, `deep` of them side by side: a larger tile loads less for each product,
/// where it leaves `enough` workgroups. Two sizes only, since each is a kernel more to compile.
pub(crate) fn rows_each(rows: usize, columns: usize, deep: usize, enough: usize) -> usize {
    let groups = rows.div_ceil(8 * 16) * columns.div_ceil(COLUMNS) * deep;
    if groups >= enough { 16 } else { 4 }
}

/// Workgroups of such a product.
pub(crate) fn tiles(columns: usize, rows: usize, each: usize, deep: usize) -> [usize; 3] {
    [columns.div_ceil(COLUMNS), rows.div_ceil(8 * each), deep]
}

/// What `tile.wgsl` leaves open: the sums, named a0 and b0 for the first row's eight columns, are variables of their own, so
/// that every compiler keeps them in registers.
pub(super) fn includes(wanted: usize) -> [(&'static str, String); 4] {
    let tall = tall(wanted);
    let (mut sums, mut products, mut results) = (String::new(), String::new(), Vec::new());
    for quad in 0..tall / 4 {
        let _ = writeln!(products, "            let l{quad} = lefts[l + {quad}u];");
    }
    for row in 0..tall {
        let _ = writeln!(sums, "    var a{row} = vec4<f32>();\n    var b{row} = vec4<f32>();");
        let factor = format!("vec4<f32>(l{}.{})", row / 4, ["x", "y", "z", "w"][row % 4]);
        for (sum, right) in [("a", "r0"), ("b", "r1")] {
            let _ = writeln!(products, "            {sum}{row} = fma({factor}, {right}, {sum}{row});");
        }
        results.push(format!("a{row}, b{row}"));
    }
    [
        ("tile_tall", tall.to_string()),
        ("tile_sums", sums),
        ("tile_products", products),
        ("tile_results", results.join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_products_get_small_tiles() {
        // A narrow layer over 2,100 rows, the same over many, and a wide one.
        assert_eq!(rows_each(2_100, 64, 3, ENOUGH_FOR_GPU), 4);
        assert_eq!(rows_each(40_000, 64, 1, ENOUGH_FOR_GPU), 16);
        assert_eq!(rows_each(2_100, 512, 1, ENOUGH_FOR_GPU), 16);
        assert_eq!(rows_each(2_100, 64, 1, ENOUGH_FOR_PROCESSOR), 16);
        assert!(tiles(64, 2_100, 4, 1).iter().product::<usize>() >= 64);
    }
}
