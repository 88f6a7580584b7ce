// Gradients with respect to all of a row's mastery, all its gains, its own mastery and its own gain, out [4][N]; one invocation a row.
// stats [STAT_...][N]; groups [G, 4] (correlations.wgsl); floats: (deviation, weight) of each group, then targets;
// factors [FACTORS] (losses.wgsl).
struct Args { skills: u32, correct_share: f32, incorrect_share: f32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> floats: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> groups: array<f32>;
@group(0) @binding(6) var<storage, read> factors: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;

#import batch
#import targets
#import row_stats
#import factors
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let row = gid.x + gid.y * count.x * 64u;
    let rows = batch[ROWS];
    if (row >= rows) { return; }
    var all_m = 0.0;
    var all_g = 0.0;
    for (var slot = 0u; slot < targets[SLOT_COUNT]; slot++) {
        let g = targets[targets[SLOTS] + slot * rows + row];
        if (g == 0xffffffffu) { continue; }
        let about = targets[GROUPS] + 4u * g;
        let kind = targets[about];
        let of_gain = kind == 1u || kind == 2u;
        let x = stats[select(STAT_MEAN_MASTERY, STAT_MEAN_GAIN, of_gain) * rows + row];
        let goal = floats[targets[about + 3u] + row - targets[about + 1u]];
        let slope = groups[4u * g + 2u] * goal + groups[4u * g + 3u] * (x - groups[4u * g + 1u]);
        let d = factors[kind] * floats[2u * g + 1u] / f32(args.skills) * slope;
        if (of_gain) { all_g += d; } else { all_m += d; }
    }
    let toward = select(args.incorrect_share, -args.correct_share, of_row(ANSWER, row) % 2u == 1u);
    out[row] = all_m;
    out[rows + row] = all_g;
    out[2u * rows + row] = factors[FACTOR_OWN_MASTERY] * toward;
    out[3u * rows + row] = factors[FACTOR_OWN_GAIN] * toward;
}
