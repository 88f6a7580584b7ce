// Pearson correlation of each group's rows with its target (SPEC 3): one workgroup a group.
// stats [15][N]; floats: (deviation, weight) of each group, then the targets, centred and over the group's size.
// out [G, 4] = r, mean of x, and the factors of (target, x - mean) in dr/dx.
@group(0) @binding(0) var<uniform> site: vec4<u32>;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> floats: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

{{ batch }}
{{ total }}
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let g = group.x;
    let about = batch[GROUPS] + 4u * g;
    let class_of = batch[about];
    let first = batch[about + 1u];
    let size = batch[about + 2u];
    let targets = batch[about + 3u];
    // Classes 1 and 2 are about gain (column 3), the others about mastery (column 2).
    let column = select(2u, 3u, class_of == 1u || class_of == 2u) * batch[ROWS] + first;
    var sum = 0.0;
    for (var i = lane; i < size; i += 64u) { sum += stats[column + i]; }
    let mean = total(lane, sum) / f32(size);
    var square = 0.0;
    var product = 0.0;
    for (var i = lane; i < size; i += 64u) {
        let d = stats[column + i] - mean;
        square += d * d;
        product += d * floats[targets + i];
    }
    let deviation = sqrt(total(lane, square) / f32(size) + 1e-20);
    let covariance = total(lane, product);
    if (lane == 0u) {
        let other = floats[2u * g];
        let scale = 1.0 / (deviation * other + 1e-6);
        out[4u * g] = covariance * scale;
        out[4u * g + 1u] = mean;
        out[4u * g + 2u] = scale;
        out[4u * g + 3u] = -covariance * other * scale * scale / (f32(size) * deviation);
    }
}
