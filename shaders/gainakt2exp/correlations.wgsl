// Pearson correlation of each group's rows with its target (MODEL 3): one workgroup a group.
// stats [STAT_...][N]; floats: (deviation, weight) of each group, then the targets, centred and over the group's size.
// out [G, 4] = r, mean of x, and the factors of (target, x - mean) in dr/dx.
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> floats: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

#import batch
#import targets
#import row_stats
#import loss_constants
#import total
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let g = group.x;
    let about = targets[GROUPS] + 4u * g;
    let kind = targets[about];
    let first = targets[about + 1u];
    let size = targets[about + 2u];
    let targets = targets[about + 3u];
    // Kinds 1 and 2 are about gain, the others about mastery (GroupKind in src/model/gainakt2exp/targets.rs).
    let column = select(STAT_MEAN_MASTERY, STAT_MEAN_GAIN, kind == 1u || kind == 2u) * batch[ROWS] + first;
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
    let deviation = sqrt(total(lane, square) / f32(size) + VARIANCE_EPS);
    let covariance = total(lane, product);
    if (lane == 0u) {
        let other = floats[2u * g];
        let scale = 1.0 / (deviation * other + CORR_EPS);
        out[4u * g] = covariance * scale;
        out[4u * g + 1u] = mean;
        out[4u * g + 2u] = scale;
        out[4u * g + 3u] = -covariance * other * scale * scale / (f32(size) * deviation);
    }
}
