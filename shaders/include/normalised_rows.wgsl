// What the three normalisation kernels share: the residual they normalise and a workgroup sum.
var<workgroup> partial: array<vec2<f32>, GROUP>;

// x + dropout(a) at element `i`; params: N, key, key, threshold, bits of the scale.
fn residual(i: u32) -> f32 {
    return x[i] + a[i] * dropout_factor(i, params[1], params[2], params[3], bitcast<f32>(params[4]));
}

// Sum of `value` over the workgroup, pairwise in a fixed order.
fn total(lane: u32, value: vec2<f32>) -> vec2<f32> {
    partial[lane] = value;
    workgroupBarrier();
    for (var half = GROUP / 2u; half > 0u; half /= 2u) {
        if (lane < half) { partial[lane] += partial[lane + half]; }
        workgroupBarrier();
    }
    let sum = partial[0];
    workgroupBarrier();
    return sum;
}
