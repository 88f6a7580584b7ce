// Sizes of an attention layer: heads, features of one, and a score's factor; and of a subgroup, which is a workgroup.
const HEADS: u32 = #{heads}u;
const DK: u32 = #{dk}u;
const WIDTH: u32 = HEADS * DK;
const SCALE: f32 = inverseSqrt(f32(DK));
const LANES: u32 = #{lanes}u;
