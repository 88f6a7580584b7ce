// What losses and metrics read of a row, one invocation a row: stats [15][N] (RowStat in src/ops/losses.rs), and the
// gradient of the mean cross-entropy by the logit. mastery, gains [N, skills], read only where site.heads is 1.
struct Site { skills: u32, heads: u32 }
@group(0) @binding(0) var<uniform> site: Site;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> mastery: array<f32>;
@group(0) @binding(3) var<storage, read> gains: array<f32>;
@group(0) @binding(4) var<storage, read> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_logits: array<f32>;

{{ batch }}
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let row = gid.x + gid.y * groups.x * 64u;
    let rows = batch[ROWS];
    if (row >= rows) { return; }
    let x = logits[row];
    let answer = f32(of_row(ANSWER, row) / 2u);
    // e = e^-|x| never overflows, and log(1 + e) never meets 0.
    let e = exp(-abs(x));
    let p = select(e / (1.0 + e), 1.0 / (1.0 + e), x >= 0.0);
    stats[row] = max(x, 0.0) - x * answer + log(1.0 + e);
    stats[rows + row] = p;
    d_logits[row] = (p - answer) / f32(rows);
    if (site.heads == 0u) { return; }
    let skills = site.skills;
    let at = row * skills;
    let own = of_row(SKILL, row);
    let later = of_row(POSITION, row) > 0u;
    // Without a row before, the row itself: nothing falls, and the gap is left out below.
    let before = select(at, at - skills, later);
    var sum_m = 0.0;
    var sum_g = 0.0;
    var negative = 0.0;
    var others = 0.0;
    var fall = 0.0;
    var gap = 0.0;
    var low_g = gains[at];
    var low_m = mastery[at];
    var high_m = low_m;
    for (var c = 0u; c < skills; c++) {
        let m = mastery[at + c];
        let g = gains[at + c];
        let b = mastery[before + c];
        sum_m += m;
        sum_g += g;
        negative += max(-g, 0.0);
        others += select(abs(g), 0.0, c == own);
        fall += max(b - m, 0.0);
        gap += abs(m - b - 0.1 * g);
        low_g = min(low_g, g);
        low_m = min(low_m, m);
        high_m = max(high_m, m);
    }
    let mean = sum_m / f32(skills);
    var spread = 0.0;
    for (var c = 0u; c < skills; c++) {
        let d = mastery[at + c] - mean;
        spread += d * d;
    }
    stats[2u * rows + row] = mean;
    stats[3u * rows + row] = sum_g / f32(skills);
    stats[4u * rows + row] = mastery[at + own];
    stats[5u * rows + row] = gains[at + own];
    stats[6u * rows + row] = mastery[at + of_row(NEXT, row)];
    stats[7u * rows + row] = negative;
    stats[8u * rows + row] = others;
    stats[9u * rows + row] = fall;
    stats[10u * rows + row] = select(0.0, gap, later);
    stats[11u * rows + row] = spread;
    stats[12u * rows + row] = low_g;
    stats[13u * rows + row] = low_m;
    stats[14u * rows + row] = high_m;
}
