// Four sums over a workgroup.
var<workgroup> partial4: array<vec4<f32>, 64>;

// Sums of `values` over the workgroup's 64 invocations, pairwise in a fixed order.
fn total4(lane: u32, values: vec4<f32>) -> vec4<f32> {
    partial4[lane] = values;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if (lane < half) { partial4[lane] += partial4[lane + half]; }
        workgroupBarrier();
    }
    let sums = partial4[0];
    workgroupBarrier();
    return sums;
}
