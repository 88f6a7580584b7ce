// Sizes of an attention layer: heads, features of one, and a score's factor.
const HEADS: u32 = {{ heads }}u;
const DK: u32 = {{ dk }}u;
const WIDTH: u32 = HEADS * DK;
const SCALE: f32 = inverseSqrt(f32(DK));
// Features of a head by four, and rows that fit into workgroup memory at once.
const QUADS: u32 = (DK + 3u) / 4u;
const TILE: u32 = {{ tile_rows }}u;
