// The loss terms of SPEC 3 and the factors of their gradients, one workgroup.
// stats [STAT_...][N]; groups [G, 4] (correlations.wgsl); floats: (deviation, weight) of each group first.
// terms [TERMS], factors [FACTORS]: src/model/gainakt2exp/terms.rs.
struct Args {
    skills: u32, heads: u32,
    right_share: f32, wrong_share: f32, later_rows: u32,
    non_negative: f32, monotonicity: f32, mastery_performance: f32, gain_performance: f32, sparsity: f32,
    consistency: f32, alignment: f32, adapts: u32, adapt_below: f32, lag: f32, retention: f32,
    retention_floor: f32, variance_floor: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> floats: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> groups: array<f32>;
@group(0) @binding(6) var<storage, read_write> terms: array<f32>;
@group(0) @binding(7) var<storage, read_write> factors: array<f32>;

{{ batch }}
{{ targets }}
{{ row_stats }}
{{ terms }}
{{ factors }}
{{ loss_constants }}
{{ total }}
fn column(lane: u32, which: u32) -> f32 {
    let rows = batch[ROWS];
    var sum = 0.0;
    for (var i = lane; i < rows; i += 64u) { sum += stats[which * rows + i]; }
    return total(lane, sum);
}

// Sum of a column over rows whose answer is `wanted`.
fn answered(lane: u32, which: u32, wanted: u32) -> f32 {
    let rows = batch[ROWS];
    var sum = 0.0;
    for (var i = lane; i < rows; i += 64u) {
        if (of_row(ANSWER, i) % 2u == wanted) { sum += stats[which * rows + i]; }
    }
    return total(lane, sum);
}

// Weighted mean correlation of a kind of groups.
fn correlation(lane: u32, wanted: u32) -> f32 {
    var sum = 0.0;
    for (var g = lane; g < targets[GROUP_COUNT]; g += 64u) {
        if (targets[targets[GROUPS] + 4u * g] == wanted) { sum += floats[2u * g + 1u] * groups[4u * g]; }
    }
    return total(lane, sum);
}

fn retained(lane: u32) -> f32 {
    var count = 0.0;
    for (var g = lane; g < targets[GROUP_COUNT]; g += 64u) {
        if (targets[targets[GROUPS] + 4u * g] == 3u) { count += 1.0; }
    }
    return total(lane, count);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(local_invocation_index) lane: u32) {
    let rows = f32(batch[ROWS]);
    let skills = f32(args.skills);
    let bce = column(lane, STAT_CROSS_ENTROPY) / rows;
    if (args.heads == 0u) {
        if (lane < TERMS) { terms[lane] = select(0.0, bce, lane < 2u); }
        if (lane < FACTORS) { factors[lane] = 0.0; }
        return;
    }
    let right = args.right_share;
    let wrong = args.wrong_share;
    let any_right = select(0.0, 1.0, right > 0.0);
    let both = any_right * select(0.0, 1.0, wrong > 0.0);
    let performance = any_right - right * answered(lane, STAT_OWN_MASTERY, 1u) + wrong * answered(lane, STAT_OWN_MASTERY, 0u);
    let gap = wrong * answered(lane, STAT_OWN_GAIN, 0u) - right * answered(lane, STAT_OWN_GAIN, 1u) + MARGIN;
    let hinge = both * max(gap, 0.0);
    let others = select(0.0, 1.0 / (rows * max(skills - 1.0, 1.0)), args.skills > 1u);
    let later = select(0.0, 1.0 / (f32(max(args.later_rows, 1u)) * skills), args.later_rows > 0u);
    let non_negative = column(lane, STAT_NEGATIVE) / (rows * skills);
    let monotonicity = column(lane, STAT_FALL) * later;
    let sparsity = column(lane, STAT_OTHERS) * others;
    let consistency = column(lane, STAT_GAP) * later;
    let mean = column(lane, STAT_MEAN_MASTERY) / rows;
    var square = 0.0;
    for (var i = lane; i < batch[ROWS]; i += 64u) {
        let d = stats[STAT_MEAN_MASTERY * batch[ROWS] + i] - mean;
        square += d * d;
    }
    let between = total(lane, square);
    let variance = (column(lane, STAT_SPREAD) + skills * between) / (max(rows * skills, 2.0) - 1.0);
    let corr_m = correlation(lane, 0u);
    let corr_g = correlation(lane, 1u);
    let lagged = correlation(lane, 2u);
    let kept = correlation(lane, 3u);
    let has_kept = retained(lane) > 0.0;
    if (lane > 0u) { return; }

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
