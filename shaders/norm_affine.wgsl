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

{{ dropout_factor }}
{{ normalised_rows }}
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
