// What losses and metrics read of a row, one invocation a row: stats [STAT_...][N] (RowStat in src/model/row_stats), and the
// gradient of the mean cross-entropy by the logit. mastery, gains [N, skills], read only where args.heads is 1.
struct Args { skills: u32, heads: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> mastery: array<f32>;
@group(0) @binding(3) var<storage, read> gains: array<f32>;
@group(0) @binding(4) var<storage, read> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_logits: array<f32>;

#import batch
#import row_stats
#import gain_scale
#import answer_skills
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
    stats[STAT_CROSS_ENTROPY * rows + row] = max(x, 0.0) - x * answer + log(1.0 + e);
    stats[STAT_PROBABILITY * rows + row] = p;
    d_logits[row] = (p - answer) / f32(rows);
    if (args.heads == 0u) { return; }
    let skills = args.skills;
    let at = row * skills;
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
        others += select(abs(g), 0.0, is_own(row, c));
        fall += max(b - m, 0.0);
        gap += abs(m - b - GAIN_SCALE * g);
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
    stats[STAT_MEAN_MASTERY * rows + row] = mean;
    stats[STAT_MEAN_GAIN * rows + row] = sum_g / f32(skills);
    let own_skills = own_count(row);
    let next_skills = next_count(row);
    var own = vec2<f32>();
    for (var i = 0u; i < own_skills; i++) {
        let k = at + own_skill(row, i);
        own += vec2<f32>(mastery[k], gains[k]);
    }
    own /= f32(own_skills);
    var next = 0.0;
    for (var i = 0u; i < next_skills; i++) { next += mastery[at + next_skill(row, i)]; }
    stats[STAT_OWN_MASTERY * rows + row] = own.x;
    stats[STAT_OWN_GAIN * rows + row] = own.y;
    stats[STAT_NEXT_MASTERY * rows + row] = next / f32(next_skills);
    stats[STAT_NEGATIVE * rows + row] = negative;
    stats[STAT_OTHERS * rows + row] = others;
    stats[STAT_FALL * rows + row] = fall;
    stats[STAT_GAP * rows + row] = select(0.0, gap, later);
    stats[STAT_SPREAD * rows + row] = spread;
    stats[STAT_LOWEST_GAIN * rows + row] = low_g;
    stats[STAT_LOWEST_MASTERY * rows + row] = low_m;
    stats[STAT_HIGHEST_MASTERY * rows + row] = high_m;
}
