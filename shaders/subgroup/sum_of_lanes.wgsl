// Twelve sums over a workgroup where a software adapter computes: it is a subgroup.
const THREADS: u32 = #{lanes}u;

// The sum of `own` over the workgroup.
fn sum_of_lanes(lane: u32, own: mat3x4<f32>) -> mat3x4<f32> {
    return mat3x4<f32>(subgroupAdd(own[0]), subgroupAdd(own[1]), subgroupAdd(own[2]));
}
