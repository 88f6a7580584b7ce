//! Matrix products by tiles (`shaders/include/tile.wgsl`, `shaders/subgroup/tile.wgsl`): which there are, and which suits a product.

use std::fmt::Write as _;

use super::hardware::{Hardware, SUBGROUP_SIZES};

/// A tile of a product: what one workgroup computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tile {
    /// Both matrices come through workgroup memory.
    Shared {
        /// Rows of an invocation, a multiple of four.
        tall: usize,
        /// Invocations along the rows; eight times as many in all.
        high: usize,
    },
    /// The workgroup is a subgroup of so many invocations, which tell each other what they loaded.
    Subgroup { lanes: usize },
}

/// Few, since each that a device uses is a kernel more to compile.
const TILES: [Tile; 6] = {
    let [a, b, c] = SUBGROUP_SIZES;
    [SMALL, MIDDLE, TALL, Tile::Subgroup { lanes: a }, Tile::Subgroup { lanes: b }, Tile::Subgroup { lanes: c }]
};
/// For products with few outputs.
const SMALL: Tile = Tile::Shared { tall: 4, high: 8 };
/// For a GPU.
const MIDDLE: Tile = Tile::Shared { tall: 4, high: 16 };
/// Loads the least for what it computes, with more sums an invocation than leave a GPU several workgroups at a time.
const TALL: Tile = Tile::Shared { tall: 16, high: 8 };

impl Tile {
    /// The tile of a product of this size, `deep` of them side by side: a larger one loads less for each output, a smaller one
    /// gives more workgroups.
    pub(crate) fn of(hardware: Hardware, rows: usize, columns: usize, deep: usize) -> Self {
        if let Some(lanes) = hardware.lanes() {
            return Self::Subgroup { lanes };
        }
        let large = match hardware {
            Hardware::Gpu => MIDDLE,
            Hardware::Processor { .. } => TALL,
        };
        let groups = large.groups(rows, columns, deep).iter().product::<usize>();
        if groups >= hardware.min_workgroups() { large } else { SMALL }
    }

    /// Number of the tile, which kernels are compiled for.
    pub(crate) fn index(self) -> usize {
        TILES.iter().position(|tile| *tile == self).expect("every tile that `of` chooses is in TILES")
    }

    /// Rows of the tile.
    fn rows(self) -> usize {
        match self {
            Self::Shared { tall, high } => tall * high,
            Self::Subgroup { lanes } => 4 * lanes,
        }
    }

    /// Columns of the tile.
    fn columns(self) -> usize {
        match self {
            Self::Shared { .. } => 64,
            Self::Subgroup { lanes } => 8 * lanes,
        }
    }

    /// Workgroups of a product of this size.
    pub(crate) fn groups(self, rows: usize, columns: usize, deep: usize) -> [usize; 3] {
        [columns.div_ceil(self.columns()), rows.div_ceil(self.rows()), deep]
    }

    /// The tile of a weight's gradient with so many outputs, whose rows are split until there are enough workgroups: it need not be
    /// small.
    pub(crate) fn of_weight(hardware: Hardware, outputs: usize) -> Self {
        if let Some(lanes) = hardware.lanes() {
            return Self::Subgroup { lanes };
        }
        match hardware {
            _ if outputs <= SMALL.rows() => SMALL,
            Hardware::Processor { .. } if outputs > MIDDLE.rows() => TALL,
            _ => MIDDLE,
        }
    }
}

/// Whether the tile of this number is a subgroup's.
pub(super) fn uses_subgroups(index: usize) -> bool {
    matches!(TILES[index % TILES.len()], Tile::Subgroup { .. })
}

/// Pieces of text that a template names: name and text.
type Pieces = Vec<(&'static str, String)>;

/// The tile's template, which names what they share and what depends on the tile.
pub(super) fn includes(index: usize) -> Pieces {
    let tile = TILES[index % TILES.len()];
    let (template, lane) = match tile {
        Tile::Shared { .. } => (include_str!("../../../shaders/include/tile.wgsl"), "local_invocation_index"),
        Tile::Subgroup { .. } => (include_str!("../../../shaders/subgroup/tile.wgsl"), "subgroup_invocation_id"),
    };
    let ends = include_str!("../../../shaders/include/tile_ends.wgsl");
    let mut all = vec![("tile", format!("{ends}\n{template}")), ("lane", lane.to_owned())];
    all.extend(match tile {
        Tile::Shared { tall, high } => shared(tall, high),
        Tile::Subgroup { lanes } => subgroup(lanes),
    });
    all
}

/// What `tile.wgsl` leaves open: the sums, named a0 and b0 for the first row's two times four columns, are variables of their own, so
/// that every compiler keeps them in registers.
fn shared(tall: usize, high: usize) -> Pieces {
    let mut products = String::new();
    for quad in 0..tall / 4 {
        let _ = writeln!(products, "            let l{quad} = lefts[l + {quad}u];");
    }
    for row in 0..tall {
        let factor = format!("vec4<f32>(l{}.{})", row / 4, COMPONENTS[row % 4]);
        for (sum, right) in [("a", "r0"), ("b", "r1")] {
            let _ = writeln!(products, "            {sum}{row} = fma({factor}, {right}, {sum}{row});");
        }
    }
    let results: Vec<_> = (0..tall).map(|row| format!("a{row}, b{row}")).collect();
    vec![
        ("tile_tall", tall.to_string()),
        ("tile_high", high.to_string()),
        ("tile_sums", variables(tall)),
        ("tile_products", products),
        ("tile_results", results.join(", ")),
    ]
}

/// What `shaders/subgroup/tile.wgsl` leaves open: four rows are of one invocation, which tells the others its terms of them.
fn subgroup(lanes: usize) -> Pieces {
    let mut products = String::new();
    for lane in 0..lanes {
        for term in 0..4 {
            let _ = writeln!(products, "            let l{lane}_{term} = subgroupBroadcast(own[{term}], {lane}u);");
        }
        for (c, component) in COMPONENTS.iter().enumerate() {
            for (sum, right) in [("a", "low"), ("b", "high")] {
                let sum = format!("{sum}{}", 4 * lane + c);
                // One statement for four terms: SwiftShader reads and writes a variable in memory at each.
                let all = (0..4).fold(sum.clone(), |all, term| {
                    format!("fma(vec4<f32>(l{lane}_{term}.{component}), {right}[{term}], {all})")
                });
                let _ = writeln!(products, "            {sum} = {all};");
            }
        }
    }
    let mut results = String::new();
    for c in 0..4 {
        let picked = ["a", "b"].map(|sum| {
            let rows: Vec<_> = (0..lanes).map(|lane| format!("{sum}{}", 4 * lane + c)).collect();
            picked(&rows)
        });
        let row = format!("first_row + 4u * part + {c}u, j, rows, columns");
        let _ = writeln!(
            results,
            "        put_row({row},\n            {},\n            low_values, high_values);",
            picked.join(",\n            ")
        );
    }
    vec![
        ("lanes", lanes.to_string()),
        ("tile_sums", variables(4 * lanes)),
        ("tile_products", products),
        ("tile_results", results),
    ]
}

/// The one of `values`, a power of two of them, whose number is `part`.
fn picked(values: &[String]) -> String {
    let half = values.len() / 2;
    if half == 0 {
        return values.concat();
    }
    format!("select({}, {}, (part & {half}u) != 0u)", picked(&values[..half]), picked(&values[half..]))
}

const COMPONENTS: [&str; 4] = ["x", "y", "z", "w"];

/// The sums of so many rows as variables.
fn variables(rows: usize) -> String {
    (0..rows).fold(String::new(), |mut text, row| {
        let _ = writeln!(text, "    var a{row} = vec4<f32>();\n    var b{row} = vec4<f32>();");
        text
    })
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
        assert_eq!(on(Hardware::Processor { lanes: 0 }, 2_100, 64, 1), TALL);
        assert_eq!(on(Hardware::Processor { lanes: 128 }, 2_100, 64, 1), TALL);
        assert_eq!(on(Hardware::Processor { lanes: 8 }, 20, 64, 1), Tile::Subgroup { lanes: 8 });
        assert!(SMALL.groups(2_100, 64, 1).iter().product::<usize>() >= 64);
    }
}
