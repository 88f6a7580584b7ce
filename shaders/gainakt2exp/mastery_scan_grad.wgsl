// Back through scan.wgsl alone, for models on tensors: d_initial [W, skills] and d_gains [N, skills] from d_mastery [N, skills]; one
// invocation a window and skill. Nothing passes a step whose unclamped value left [0, 1]. mastery, gains [N, skills].
struct Args { skills: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> mastery: array<f32>;
@group(0) @binding(3) var<storage, read> gains: array<f32>;
@group(0) @binding(4) var<storage, read> d_mastery: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_gains: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_initial: array<f32>;

#import batch
#import gain_scale
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let skills = args.skills;
    if (id >= batch[WINDOWS] * skills) { return; }
    let window = id / skills;
    let skill = id % skills;
    let first = of_row(OFFSETS, window);
    let end = of_row(OFFSETS, window + 1u);
    var carry = 0.0;
    for (var row = end - 1u; row > first; row--) {
        let at = row * skills + skill;
        let unclamped = mastery[at - skills] + GAIN_SCALE * gains[at];
        carry = select(0.0, carry + d_mastery[at], unclamped >= 0.0 && unclamped <= 1.0);
        d_gains[at] = GAIN_SCALE * carry;
    }
    let at = first * skills + skill;
    d_gains[at] = 0.0;
    d_initial[id] = carry + d_mastery[at];
}
