// The loss terms of MODEL 9 and 10, one workgroup. stats [STAT_...][N]; squares [N] (logits.wgsl); item_squares [64]
// (item_squares.wgsl), read where args.items is not 0; terms [TERM_...].
struct Args {
    skills: u32, prior: u32, transfer: u32, transfer_bias: u32, decay: u32, penalty: f32,
    most_skills: u32, items: u32, difficulty: u32, item_weight: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> squares: array<f32>;
@group(0) @binding(4) var<storage, read> item_squares: array<f32>;
@group(0) @binding(5) var<storage, read_write> terms: array<f32>;

#import batch
#import row_stats
#import terms
#import total
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(local_invocation_index) lane: u32) {
    let rows = batch[ROWS];
    var entropy = 0.0;
    var square = 0.0;
    for (var i = lane; i < rows; i += 64u) {
        entropy += stats[STAT_CROSS_ENTROPY * rows + i];
        square += squares[i];
    }
    let bce = total(lane, entropy) / f32(rows);
    let mean_square = total(lane, square) / f32(rows * args.skills);
    let of_items = total(lane, select(0.0, item_squares[lane], args.items > 0u));
    if (lane > 0u) { return; }
    let item_penalty = 0.5 * args.item_weight * of_items;
    terms[TERM_TOTAL] = bce + args.penalty * mean_square + item_penalty;
    terms[TERM_BCE] = bce;
    terms[TERM_CONTEXT_PENALTY] = mean_square;
    terms[TERM_ITEM_PENALTY] = item_penalty;
}
