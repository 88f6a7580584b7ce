// The sum over the invocations that share a row.
var<workgroup> partial: array<f32, 64>;

// Sum of `value` over the 16 invocations that share a row, in a fixed order.
fn row_total(lane: u32, value: f32) -> f32 {
    partial[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 16u; i++) { sum += partial[(lane & 48u) + i]; }
    workgroupBarrier();
    return sum;
}
