// Twelve sums over a workgroup.
const THREADS: u32 = 64u;
var<workgroup> lanes: array<mat3x4<f32>, THREADS>;

// The sum of `own` over the workgroup, pairwise in a fixed order; only the first invocation gets it. All meet here.
fn sum_of_lanes(lane: u32, own: mat3x4<f32>) -> mat3x4<f32> {
    lanes[lane] = own;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if (lane < half) { lanes[lane] += lanes[lane + half]; }
        workgroupBarrier();
    }
    return lanes[0];
}
