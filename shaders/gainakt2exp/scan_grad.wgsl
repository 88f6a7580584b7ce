// Gradients of the total loss with respect to what went into the gain head's ReLU (d_gains [N, skills]) and the mastery head's
// sigmoid (d_initial [W, skills]): one invocation a window and skill walks back through losses and scan. Nothing
// passes a step whose unclamped value left [0, 1]. mastery, gains [N, skills]; by_row [4][N] (row_grads.wgsl);
// factors [FACTORS] (losses.wgsl).
struct Args { skills: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> mastery: array<f32>;
@group(0) @binding(3) var<storage, read> gains: array<f32>;
@group(0) @binding(4) var<storage, read> by_row: array<f32>;
@group(0) @binding(5) var<storage, read> factors: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_gains: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_initial: array<f32>;

#import batch
#import factors
#import gain_scale
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    if (id >= batch[WINDOWS] * skills) { return; }
    let window = id / skills;
    let skill = id % skills;
    let rows = batch[ROWS];
    let first = of_row(OFFSETS, window);
    let end = of_row(OFFSETS, window + 1u);
    let others = factors[FACTOR_OTHERS];
    let fall = factors[FACTOR_FALL];
    let gap = factors[FACTOR_GAP];
    var carry = 0.0;
    for (var row = end - 1u; row > first; row--) {
        let at = row * skills + skill;
        let own = of_row(SKILL, row) == skill;
        let gain = gains[at];
        let before = mastery[at - skills];
        let d_now = carry + by_row[row] + select(0.0, by_row[2u * rows + row], own);
        let d_gain = by_row[rows + row] + select(others * sign(gain), by_row[3u * rows + row], own);
        let step = mastery[at] - before;
        let side = gap * sign(step - GAIN_SCALE * gain);
        let direct = side - select(0.0, fall, step < 0.0);
        let unclamped = before + GAIN_SCALE * gain;
        let through = select(0.0, d_now + direct, unclamped >= 0.0 && unclamped <= 1.0);
        d_gains[at] = select(0.0, d_gain + GAIN_SCALE * (through - side), gain > 0.0);
        carry = through - direct;
    }
    let at = first * skills + skill;
    let own = of_row(SKILL, first) == skill;
    let gain = gains[at];
    let d_gain = by_row[rows + first] + select(others * sign(gain), by_row[3u * rows + first], own);
    d_gains[at] = select(0.0, d_gain, gain > 0.0);
    let m = mastery[at];
    d_initial[id] = (carry + by_row[first] + select(0.0, by_row[2u * rows + first], own)) * m * (1.0 - m);
}
