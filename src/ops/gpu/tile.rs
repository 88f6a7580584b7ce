//! Matrix products by tiles (`shaders/include/tile.wgsl`): which there are, and which suits a product.

use std::fmt::Write as _;

use super::hardware::Hardware;

/// Columns of a product that one workgroup computes.
const COLUMNS: usize = 64;

/// A tile of a product: what one workgroup computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tile {
    /// Rows of an invocation, a multiple of four.
    tall: usize,
    /// Invocations along the rows; eight times as many in all.
    high: usize,
}

/// Few, since each is a kernel more to compile.
const TILES: [Tile; 3] = [SMALL, MIDDLE, TALL];
/// For products with few outputs.
const SMALL: Tile = Tile { tall: 4, high: 8 };
/// For a GPU.
const MIDDLE: Tile = Tile { tall: 4, high: 16 };
/// Loads the least for what it computes, with more sums an invocation than leave a GPU several workgroups at a time.
const TALL: Tile = Tile { tall: 16, high: 8 };

impl Tile {
    /// The tile of a product of this size, `deep` of them side by side: a larger one loads less for each output, a smaller one
    /// gives more workgroups.
    pub(crate) fn of(hardware: Hardware, rows: usize, columns: usize, deep: usize) -> Self {
        let large = match hardware {
            Hardware::Gpu => MIDDLE,
            Hardware::Processor => TALL,
        };
        let groups = large.groups(rows, columns, deep).iter().product::<usize>();
        if groups >= hardware.enough() { large } else { SMALL }
    }

    /// Number of the tile, which kernels are compiled for.
    pub(crate) fn index(self) -> usize {
        TILES.iter().position(|tile| *tile == self).unwrap_or_default()
    }

    /// Rows of the tile.
    fn rows(self) -> usize {
        self.tall * self.high
    }

    /// Workgroups of a product of this size.
    pub(crate) fn groups(self, rows: usize, columns: usize, deep: usize) -> [usize; 3] {
        [columns.div_ceil(COLUMNS), rows.div_ceil(self.rows()), deep]
    }

    /// The tile of a weight's gradient with so many outputs, whose rows are split until there are enough workgroups: it need not be
    /// small.
    pub(crate) fn of_weight(hardware: Hardware, outputs: usize) -> Self {
        match hardware {
            _ if outputs <= SMALL.rows() => SMALL,
            Hardware::Processor if outputs > MIDDLE.rows() => TALL,
            _ => MIDDLE,
        }
    }
}

/// What `tile.wgsl` leaves open: the sums, named a0 and b0 for the first row's two times four columns, are variables of their own, so
/// that every compiler keeps them in registers.
pub(super) fn includes(index: usize) -> [(&'static str, String); 5] {
    let Tile { tall, high } = TILES[index % TILES.len()];
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
        ("tile_high", high.to_string()),
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
        let on = |hardware, rows, columns, deep| Tile::of(hardware, rows, columns, deep);
        assert_eq!(on(Hardware::Gpu, 2_100, 64, 3), SMALL);
        assert_ne!(on(Hardware::Gpu, 40_000, 64, 1), SMALL);
        assert_ne!(on(Hardware::Gpu, 2_100, 512, 1), SMALL);
        assert_eq!(on(Hardware::Processor, 2_100, 64, 1), TALL);
        assert!(SMALL.groups(2_100, 64, 1).iter().product::<usize>() >= 64);
    }
}
