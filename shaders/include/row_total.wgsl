// The sum over the invocations that share a row: 16, and four rows a workgroup.
const PER_ROW: u32 = 16u;
const THREADS: u32 = 64u;
var<workgroup> partial: array<f32, THREADS>;

// Sum of `value` over the invocations that share a row, in a fixed order.
fn row_total(lane: u32, value: f32) -> f32 {
    partial[lane] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < PER_ROW; i++) { sum += partial[lane / PER_ROW * PER_ROW + i]; }
    workgroupBarrier();
    return sum;
}
