// Gradients of gamma and beta: one workgroup a column, rows added in a fixed order.
// x, a, grad [N, WIDTH]; stats [N, 2] = (mean, 1/sigma); d_affine [2, WIDTH] = (d gamma, d beta).
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_affine: array<f32>;
@group(0) @binding(5) var<storage, read_write> params: array<u32>;

const WIDTH: u32 = {{ width }}u;
const GROUP: u32 = {{ workgroup }}u;

var<workgroup> partial: array<vec2<f32>, GROUP>;

{{ dropout_factor }}
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

@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let column = group.x + group.y * groups.x;
    let inside = column < WIDTH;
    let stop = select(0u, params[0], inside);
    var sum = vec2<f32>(0.0, 0.0);
    for (var row = lane; row < stop; row += GROUP) {
        let i = row * WIDTH + column;
        sum += vec2<f32>(grad[i] * (residual(i) - stats[2u * row]) * stats[2u * row + 1u], grad[i]);
    }
    let sums = total(lane, sum);
    if (inside && lane == 0u) {
        d_affine[column] = sums.x;
        d_affine[WIDTH + column] = sums.y;
    }
}
