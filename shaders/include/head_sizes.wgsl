// Sizes of an attention layer: heads, features of one, and a score's factor.
const HEADS: u32 = #{heads}u;
const DK: u32 = #{dk}u;
const WIDTH: u32 = HEADS * DK;
const SCALE: f32 = inverseSqrt(f32(DK));
// Features of a head by four.
const QUADS: u32 = (DK + 3u) / 4u;
// Invocations that share a row, each with every PER_ROW-th of the rows it meets, and those of a workgroup: lane = nth * 64 + row.
const PER_ROW: u32 = clamp(#{per_row}u, 1u, 4u);
const THREADS: u32 = 64u * PER_ROW;
// Rows of which two vectors and two figures fit into the 16 KiB of workgroup memory that WebGPU promises; at most 64, and whole
// eights where there are as many.
const FIT: u32 = clamp(16384u / (32u * QUADS + 8u), 1u, 64u);
const TILE: u32 = max(FIT / 8u * 8u, min(FIT, 7u));
