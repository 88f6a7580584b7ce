// Gradient of x + dropout(a) through norm_forward.wgsl: one workgroup a row.
// x, a, grad, d_sum [N, WIDTH]; gamma [WIDTH]; stats [N, 2] = (mean, 1/sigma).
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_sum: array<f32>;
@group(0) @binding(6) var<storage, read_write> params: array<u32>;

const WIDTH: u32 = {{ width }}u;
const GROUP: u32 = {{ workgroup }}u;

{{ dropout_factor }}
{{ normalised_rows }}
@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x + group.y * groups.x;
    let inside = row < params[0];
    let first = row * WIDTH;
    let stop = select(0u, WIDTH, inside);
    let mean = stats[select(0u, 2u * row, inside)];
    let inverse = stats[select(1u, 2u * row + 1u, inside)];
    var sum = vec2<f32>(0.0, 0.0);
    for (var c = lane; c < stop; c += GROUP) {
        let g = grad[first + c] * gamma[c];
        sum += vec2<f32>(g, g * (residual(first + c) - mean) * inverse);
    }
    let means = total(lane, sum) / f32(WIDTH);
    for (var c = lane; c < stop; c += GROUP) {
        let normal = (residual(first + c) - mean) * inverse;
        d_sum[first + c] = inverse * (grad[first + c] * gamma[c] - means.x - normal * means.y);
    }
}
