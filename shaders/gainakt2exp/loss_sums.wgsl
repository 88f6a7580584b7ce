// What losses.wgsl needs of all rows, as sums over 64 ranges of rows, a workgroup each, so that a large device reads the statistics
// at once. stats [STAT_...][N]; sums [SUM_...][64].
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

#import batch
#import row_stats
#import loss_sums
#import total4
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let rows = batch[ROWS];
    let each = (rows + 63u) / 64u;
    let first = min(group.x * each, rows);
    let end = min(first + each, rows);
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    for (var i = first + lane; i < end; i += 64u) {
        let correct = select(0.0, 1.0, of_row(ANSWER, i) % 2u == 1u);
        let mastery = stats[STAT_OWN_MASTERY * rows + i];
        let gain = stats[STAT_OWN_GAIN * rows + i];
        a += vec4<f32>(
            stats[STAT_CROSS_ENTROPY * rows + i], correct * mastery, (1.0 - correct) * mastery, stats[STAT_MEAN_MASTERY * rows + i],
        );
        b += vec4<f32>(
            correct * gain, (1.0 - correct) * gain, stats[STAT_NEGATIVE * rows + i], stats[STAT_FALL * rows + i],
        );
        c += vec4<f32>(stats[STAT_OTHERS * rows + i], stats[STAT_GAP * rows + i], stats[STAT_SPREAD * rows + i], 0.0);
    }
    let all_a = total4(lane, a);
    let all_b = total4(lane, b);
    let all_c = total4(lane, c);
    // Around the range's own mean: sums of squares around 0 would lose digits.
    let mean = all_a.w / f32(max(end - first, 1u));
    var square = 0.0;
    for (var i = first + lane; i < end; i += 64u) {
        let d = stats[STAT_MEAN_MASTERY * rows + i] - mean;
        square += d * d;
    }
    let squares = total4(lane, vec4<f32>(square, 0.0, 0.0, 0.0)).x;
    if (lane > 0u) { return; }
    sums[SUM_CROSS_ENTROPY * 64u + group.x] = all_a.x;
    sums[SUM_MASTERY_CORRECT * 64u + group.x] = all_a.y;
    sums[SUM_MASTERY_INCORRECT * 64u + group.x] = all_a.z;
    sums[SUM_MEAN_MASTERY * 64u + group.x] = all_a.w;
    sums[SUM_GAIN_CORRECT * 64u + group.x] = all_b.x;
    sums[SUM_GAIN_INCORRECT * 64u + group.x] = all_b.y;
    sums[SUM_NEGATIVE * 64u + group.x] = all_b.z;
    sums[SUM_FALL * 64u + group.x] = all_b.w;
    sums[SUM_OTHERS * 64u + group.x] = all_c.x;
    sums[SUM_GAP * 64u + group.x] = all_c.y;
    sums[SUM_SPREAD * 64u + group.x] = all_c.z;
    sums[SUM_SQUARES * 64u + group.x] = squares;
    sums[SUM_ROWS * 64u + group.x] = f32(end - first);
}
