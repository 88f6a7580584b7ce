//! Matrix products by tiles (`shaders/include/tile.wgsl`): what depends on how many rows an invocation computes.

use std::fmt::Write as _;

/// Columns of a product that one workgroup computes.
pub(crate) const COLUMNS: usize = 64;

/// Workgroups a device needs to have enough to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy {
    /// As many as a dispatch should have at least.
    pub(crate) few: usize,
    /// As many as leave nothing idle: from here on tiles may be large.
    pub(crate) many: usize,
}

impl Busy {
    /// A GPU, which has up to some hundred multiprocessors.
    pub(crate) const GPU: Self = Self { few: 64, many: 256 };
    /// A software adapter, which has some processor cores.
    pub(crate) const PROCESSOR: Self = Self { few: 8, many: 16 };
}

/// Rows an invocation may compute; a workgroup computes eight times as many.
fn tall(wanted: usize) -> usize {
    match wanted {
        ..8 => 4,
        8..16 => 8,
        _ => 16,
    }
}

/// Rows an invocation computes of a product of this size, `deep` of them side by side: as many as leave enough workgroups,
/// since a larger tile loads less for each product.
pub(crate) fn rows_each(rows: usize, columns: usize, deep: usize, busy: Busy) -> usize {
    let groups = |each: usize| rows.div_ceil(8 * each) * columns.div_ceil(COLUMNS) * deep;
    match () {
        () if groups(16) >= busy.many => 16,
        () if groups(8) >= busy.few => 8,
        () => 4,
    }
}

/// Workgroups of such a product.
pub(crate) fn tiles(columns: usize, rows: usize, each: usize, deep: usize) -> [usize; 3] {
    [columns.div_ceil(COLUMNS), rows.div_ceil(8 * each), deep]
}

/// What `tile.wgsl` leaves open: the sums, named a0 and b0 for the first row's eight columns, are variables of their own, so
/// that every compiler keeps them in registers.
pub(super) fn includes(wanted: usize) -> [(&'static str, String); 4] {
    let tall = tall(wanted);
    let (mut sums, mut products, mut results) = (String::new(), String::new(), String::new());
    for quad in 0..tall / 4 {
        let _ = writeln!(products, "            let l{quad} = lefts[l + {quad}u];");
    }
    for row in 0..tall {
        let _ = writeln!(sums, "    var a{row} = vec4<f32>();\n    var b{row} = vec4<f32>();");
        let factor = format!("vec4<f32>(l{}.{})", row / 4, ["x", "y", "z", "w"][row % 4]);
        for (sum, right) in [("a", "r0"), ("b", "r1")] {
            let _ = writeln!(products, "            {sum}{row} = fma({factor}, {right}, {sum}{row});");
        }
        let _ = writeln!(results, "    put_row(i + {row}u, j, rows, columns, a{row}, b{row});");
    }
    [("tile_tall", tall.to_string()), ("tile_sums", sums), ("tile_products", products), ("tile_results", results)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_products_get_small_tiles() {
        // A narrow layer over 2,100 rows, the same over many, and a wide one.
        assert_eq!(rows_each(2_100, 64, 1, Busy::GPU), 4);
        assert_eq!(rows_each(2_100, 64, 3, Busy::GPU), 8);
        assert_eq!(rows_each(40_000, 64, 1, Busy::GPU), 16);
        assert_eq!(rows_each(2_100, 1_024, 1, Busy::GPU), 16);
        assert_eq!(rows_each(2_100, 64, 1, Busy::PROCESSOR), 16);
        assert!(tiles(64, 2_100, 4, 1).iter().product::<usize>() >= Busy::GPU.few);
    }
}
