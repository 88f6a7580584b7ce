// The sum over the invocations that share a row where a software adapter computes: a subgroup, which is a workgroup.
const PER_ROW: u32 = #{lanes}u;
const THREADS: u32 = PER_ROW;

fn row_total(lane: u32, value: f32) -> f32 { return subgroupAdd(value); }
