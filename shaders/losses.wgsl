// The loss terms of SPEC 3 and the factors of their gradients, one workgroup.
// stats [15][N]; groups [G, 4] (correlations.wgsl); floats: (deviation, weight) of each group first.
// terms [14] (TERMS), factors [9] (Factor), both in src/ops/losses.rs.
struct Site {
    skills: u32, heads: u32,
    right_share: f32, wrong_share: f32, later_rows: u32,
    non_negative: f32, monotonicity: f32, mastery_performance: f32, gain_performance: f32, sparsity: f32,
    consistency: f32, alignment: f32, adapts: u32, adapt_below: f32, lag: f32, retention: f32,
    retention_floor: f32, variance_floor: f32,
}
@group(0) @binding(0) var<uniform> site: Site;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> floats: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> groups: array<f32>;
@group(0) @binding(5) var<storage, read_write> terms: array<f32>;
@group(0) @binding(6) var<storage, read_write> factors: array<f32>;

{{ batch }}
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

// Weighted mean correlation of a class of groups.
fn correlation(lane: u32, wanted: u32) -> f32 {
    var sum = 0.0;
    for (var g = lane; g < batch[GROUP_COUNT]; g += 64u) {
        if (batch[batch[GROUPS] + 4u * g] == wanted) { sum += floats[2u * g + 1u] * groups[4u * g]; }
    }
    return total(lane, sum);
}

fn retained(lane: u32) -> f32 {
    var count = 0.0;
    for (var g = lane; g < batch[GROUP_COUNT]; g += 64u) {
        if (batch[batch[GROUPS] + 4u * g] == 3u) { count += 1.0; }
    }
    return total(lane, count);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(local_invocation_index) lane: u32) {
    let rows = f32(batch[ROWS]);
    let skills = f32(site.skills);
    let bce = column(lane, 0u) / rows;
    if (site.heads == 0u) {
        if (lane < 14u) { terms[lane] = select(0.0, bce, lane < 2u); }
        if (lane < 9u) { factors[lane] = 0.0; }
        return;
    }
    let right = site.right_share;
    let wrong = site.wrong_share;
    let any_right = select(0.0, 1.0, right > 0.0);
    let both = any_right * select(0.0, 1.0, wrong > 0.0);
    let performance = any_right - right * answered(lane, 4u, 1u) + wrong * answered(lane, 4u, 0u);
    let gap = wrong * answered(lane, 5u, 0u) - right * answered(lane, 5u, 1u) + 0.1;
    let hinge = both * max(gap, 0.0);
    let others = select(0.0, 1.0 / (rows * max(skills - 1.0, 1.0)), site.skills > 1u);
    let later = select(0.0, 1.0 / (f32(max(site.later_rows, 1u)) * skills), site.later_rows > 0u);
    let non_negative = column(lane, 7u) / (rows * skills);
    let monotonicity = column(lane, 9u) * later;
    let sparsity = column(lane, 8u) * others;
    let consistency = column(lane, 10u) * later;
    let mean = column(lane, 2u) / rows;
    var square = 0.0;
    for (var i = lane; i < batch[ROWS]; i += 64u) {
        let d = stats[2u * batch[ROWS] + i] - mean;
        square += d * d;
    }
    let between = total(lane, square);
    let variance = (column(lane, 11u) + skills * between) / (max(rows * skills, 2.0) - 1.0);
    let corr_m = correlation(lane, 0u);
    let corr_g = correlation(lane, 1u);
    let lagged = correlation(lane, 2u);
    let kept = correlation(lane, 3u);
    let has_kept = retained(lane) > 0.0;
    if (lane > 0u) { return; }

    let alive = select(0.0, 1.0, variance >= site.variance_floor);
    var align = alive * site.alignment;
    if (site.adapts == 1u) { align *= min(1.0 + 4.0 * max(site.adapt_below - corr_m, 0.0), 3.0); }
    let lag = select(0.0, alive * site.lag, lagged > 0.0);
    let lack = select(0.0, max(site.retention_floor - kept, 0.0), has_kept);
    let alignment_term = -align * (corr_m + corr_g);
    let lag_term = -lag * lagged;
    let retention_term = site.retention * lack;
    terms[0] = bce + site.non_negative * non_negative + site.monotonicity * monotonicity
        + site.mastery_performance * performance + site.gain_performance * hinge
        + site.sparsity * sparsity + site.consistency * consistency + alignment_term + lag_term + retention_term;
    terms[1] = bce;
    terms[2] = non_negative;
    terms[3] = monotonicity;
    terms[4] = performance;
    terms[5] = hinge;
    terms[6] = sparsity;
    terms[7] = consistency;
    terms[8] = alignment_term;
    terms[9] = lag_term;
    terms[10] = retention_term;
    terms[11] = variance;
    terms[12] = corr_m;
    terms[13] = corr_g;
    factors[0] = -align;
    factors[1] = -align;
    factors[2] = -lag;
    factors[3] = select(0.0, -site.retention, lack > 0.0);
    factors[4] = site.mastery_performance;
    factors[5] = select(0.0, site.gain_performance, both * gap > 0.0);
    factors[6] = site.sparsity * others;
    factors[7] = site.monotonicity * later;
    factors[8] = site.consistency * later;
}
