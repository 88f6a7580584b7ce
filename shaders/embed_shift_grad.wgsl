// What each row adds to the gradient of its item's mu: the product of the gradients of its vectors with the means of D_ctx
// and D_val (embed_answers.wgsl); one invocation a row. d_ctx, d_val [N, width]; by_row [N].
struct Args { width: u32, skills: u32, item_context: u32, item_value: u32, values: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> d_ctx: array<f32>;
@group(0) @binding(4) var<storage, read> d_val: array<f32>;
@group(0) @binding(5) var<storage, read_write> by_row: array<f32>;

#import batch
#import answer_skills
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let row = gid.x + gid.y * groups.x * 64u;
    if (row >= batch[ROWS]) { return; }
    let width = args.width;
    let first = args.skills * (of_row(ANSWER, row) % 2u);
    let count = own_count(row);
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        let vector = (own_skill(row, i) + first) * width;
        for (var d = 0u; d < width; d++) {
            sum += d_ctx[row * width + d] * params[args.item_context + vector + d];
            if (args.values == 1u) { sum += d_val[row * width + d] * params[args.item_value + vector + d]; }
        }
    }
    by_row[row] = sum / f32(count);
}
