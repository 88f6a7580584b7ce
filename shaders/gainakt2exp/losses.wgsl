// The loss terms of MODEL 3 and the factors of their gradients, one workgroup.
// sums [SUM_...][64] (loss_sums.wgsl); groups [G, 4] (correlations.wgsl); floats: (deviation, weight) of each group first.
// terms [TERMS], factors [FACTORS]: src/model/gainakt2exp/terms.rs.
struct Args {
    skills: u32, heads: u32,
    correct_share: f32, incorrect_share: f32, later_rows: u32,
    non_negative: f32, monotonicity: f32, mastery_performance: f32, gain_performance: f32, sparsity: f32,
    consistency: f32, alignment: f32, adapts: u32, adapt_below: f32, lag: f32, retention: f32,
    retention_floor: f32, variance_floor: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> floats: array<f32>;
@group(0) @binding(4) var<storage, read> sums: array<f32>;
@group(0) @binding(5) var<storage, read> groups: array<f32>;
@group(0) @binding(6) var<storage, read_write> terms: array<f32>;
@group(0) @binding(7) var<storage, read_write> factors: array<f32>;

#import batch
#import targets
#import loss_sums
#import terms
#import factors
#import loss_constants
#import total4
// This invocation's range of rows.
fn part(lane: u32, which: u32) -> f32 { return sums[which * 64u + lane]; }

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(local_invocation_index) lane: u32) {
    let rows = f32(batch[ROWS]);
    let skills = f32(args.skills);
    let a = total4(lane, vec4<f32>(
        part(lane, SUM_CROSS_ENTROPY), part(lane, SUM_MASTERY_CORRECT), part(lane, SUM_MASTERY_INCORRECT), part(lane, SUM_MEAN_MASTERY),
    ));
    let b = total4(lane, vec4<f32>(
        part(lane, SUM_GAIN_CORRECT), part(lane, SUM_GAIN_INCORRECT), part(lane, SUM_NEGATIVE), part(lane, SUM_FALL),
    ));
    // Squares of all rows around their mean, from those of each range around its own.
    let ranged = part(lane, SUM_ROWS);
    let off = part(lane, SUM_MEAN_MASTERY) / max(ranged, 1.0) - a.w / rows;
    let c = total4(lane, vec4<f32>(
        part(lane, SUM_OTHERS), part(lane, SUM_GAP), part(lane, SUM_SPREAD), part(lane, SUM_SQUARES) + ranged * off * off,
    ));
    // Weighted mean correlation of each kind of groups, and how many groups retention has.
    var by_kind = vec4<f32>();
    var kept_groups = 0.0;
    for (var g = lane; g < targets[GROUP_COUNT]; g += 64u) {
        let kind = targets[targets[GROUPS] + 4u * g];
        by_kind[kind] += floats[2u * g + 1u] * groups[4u * g];
        if (kind == 3u) { kept_groups += 1.0; }
    }
    let correlation = total4(lane, by_kind);
    let has_kept = total4(lane, vec4<f32>(kept_groups, 0.0, 0.0, 0.0)).x > 0.0;
    if (lane > 0u) { return; }

    let bce = a.x / rows;
    if (args.heads == 0u) {
        for (var t = 0u; t < TERMS; t++) { terms[t] = select(0.0, bce, t < 2u); }
        for (var f = 0u; f < FACTORS; f++) { factors[f] = 0.0; }
        return;
    }
    let correct = args.correct_share;
    let incorrect = args.incorrect_share;
    let any_correct = select(0.0, 1.0, correct > 0.0);
    let both = any_correct * select(0.0, 1.0, incorrect > 0.0);
    let performance = any_correct - correct * a.y + incorrect * a.z;
    let gap = incorrect * b.y - correct * b.x + MARGIN;
    let hinge = both * max(gap, 0.0);
    let others = select(0.0, 1.0 / (rows * max(skills - 1.0, 1.0)), args.skills > 1u);
    let later = select(0.0, 1.0 / (f32(max(args.later_rows, 1u)) * skills), args.later_rows > 0u);
    let non_negative = b.z / (rows * skills);
    let monotonicity = b.w * later;
    let sparsity = c.x * others;
    let consistency = c.y * later;
    let variance = (c.z + skills * c.w) / (max(rows * skills, 2.0) - 1.0);
    let corr_m = correlation.x;
    let corr_g = correlation.y;
    let lagged = correlation.z;
    let kept = correlation.w;

    let alive = select(0.0, 1.0, variance >= args.variance_floor);
    var align = alive * args.alignment;
    if (args.adapts == 1u) { align *= min(1.0 + ADAPT_SLOPE * max(args.adapt_below - corr_m, 0.0), ADAPT_MOST); }
    let lag = select(0.0, alive * args.lag, lagged > 0.0);
    let lack = select(0.0, max(args.retention_floor - kept, 0.0), has_kept);
    let alignment_term = -align * (corr_m + corr_g);
    let lag_term = -lag * lagged;
    let retention_term = args.retention * lack;
    terms[TERM_TOTAL] = bce + args.non_negative * non_negative + args.monotonicity * monotonicity
        + args.mastery_performance * performance + args.gain_performance * hinge
        + args.sparsity * sparsity + args.consistency * consistency + alignment_term + lag_term + retention_term;
    terms[TERM_BCE] = bce;
    terms[TERM_NON_NEGATIVE] = non_negative;
    terms[TERM_MONOTONICITY] = monotonicity;
    terms[TERM_MASTERY_PERFORMANCE] = performance;
    terms[TERM_GAIN_PERFORMANCE] = hinge;
    terms[TERM_SPARSITY] = sparsity;
    terms[TERM_CONSISTENCY] = consistency;
    terms[TERM_ALIGNMENT] = alignment_term;
    terms[TERM_LAG] = lag_term;
    terms[TERM_RETENTION] = retention_term;
    terms[TERM_MASTERY_VARIANCE] = variance;
    terms[TERM_CORR_MASTERY] = corr_m;
    terms[TERM_CORR_GAIN] = corr_g;
    factors[FACTOR_ALIGN_MASTERY] = -align;
    factors[FACTOR_ALIGN_GAIN] = -align;
    factors[FACTOR_LAG] = -lag;
    factors[FACTOR_RETENTION] = select(0.0, -args.retention, lack > 0.0);
    factors[FACTOR_OWN_MASTERY] = args.mastery_performance;
    factors[FACTOR_OWN_GAIN] = select(0.0, args.gain_performance, both * gap > 0.0);
    factors[FACTOR_OTHERS] = args.sparsity * others;
    factors[FACTOR_FALL] = args.monotonicity * later;
    factors[FACTOR_GAP] = args.consistency * later;
}
