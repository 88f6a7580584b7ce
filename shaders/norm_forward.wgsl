// LayerNorm(x + dropout(a)): one workgroup a row. x, a, out [N, WIDTH]; gamma, beta [WIDTH];
// stats [N, 2] = (mean, 1/sigma). Rows past N compute nothing but still meet the barriers.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<f32>;
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
    var sum = vec2<f32>(0.0, 0.0);
    for (var c = lane; c < stop; c += GROUP) { sum.x += residual(first + c); }
    let mean = total(lane, sum).x / f32(WIDTH);
    var square = vec2<f32>(0.0, 0.0);
    for (var c = lane; c < stop; c += GROUP) {
        let d = residual(first + c) - mean;
        square.x += d * d;
    }
    let inverse = 1.0 / sqrt(total(lane, square).x / f32(WIDTH) + 1e-5);
    for (var c = lane; c < stop; c += GROUP) {
        out[first + c] = (residual(first + c) - mean) * inverse * gamma[c] + beta[c];
    }
    if (inside && lane == 0u) {
        stats[2u * row] = mean;
        stats[2u * row + 1u] = inverse;
    }
}
