// Gradients by all of a row's mastery, all its gains, its own mastery and its own gain, out [4][N]; one invocation a row.
// stats [15][N]; groups [G, 4] (correlations.wgsl); floats: (deviation, weight) of each group, then targets;
// factors [9] (losses.wgsl).
struct Site { skills: u32, right_share: f32, wrong_share: f32 }
@group(0) @binding(0) var<uniform> site: Site;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> floats: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> groups: array<f32>;
@group(0) @binding(5) var<storage, read> factors: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

{{ batch }}
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>) {
    let row = gid.x + gid.y * count.x * 64u;
    let rows = batch[ROWS];
    if (row >= rows) { return; }
    var all_m = 0.0;
    var all_g = 0.0;
    for (var slot = 0u; slot < batch[SLOT_COUNT]; slot++) {
        let g = of_row(SLOTS, slot * rows + row);
        if (g == 0xffffffffu) { continue; }
        let about = batch[GROUPS] + 4u * g;
        let class_of = batch[about];
        let of_gain = class_of == 1u || class_of == 2u;
        let x = stats[select(2u, 3u, of_gain) * rows + row];
        let goal = floats[batch[about + 3u] + row - batch[about + 1u]];
        let slope = groups[4u * g + 2u] * goal + groups[4u * g + 3u] * (x - groups[4u * g + 1u]);
        let d = factors[class_of] * floats[2u * g + 1u] / f32(site.skills) * slope;
        if (of_gain) { all_g += d; } else { all_m += d; }
    }
    let toward = select(site.wrong_share, -site.right_share, of_row(ANSWER, row) % 2u == 1u);
    out[row] = all_m;
    out[rows + row] = all_g;
    out[2u * rows + row] = factors[4] * toward;
    out[3u * rows + row] = factors[5] * toward;
}
