// The sum over a workgroup.
var<workgroup> partial: array<f32, 64>;

// Sum of `value` over the workgroup's 64 invocations, pairwise in a fixed order.
fn total(lane: u32, value: f32) -> f32 {
    partial[lane] = value;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if (lane < half) { partial[lane] += partial[lane + half]; }
        workgroupBarrier();
    }
    let sum = partial[0];
    workgroupBarrier();
    return sum;
}
