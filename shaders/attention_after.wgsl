// Attention of single rows to rows of another batch that come before them, and to themselves; one invocation a row and head.
// history: q, k, v of the other batch [3][history_rows, HEADS*DK]; qkv [3][N, HEADS*DK]; out [N, HEADS*DK].
struct Args { history_rows: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> history: array<f32>;
@group(0) @binding(3) var<storage, read> qkv: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

const HEADS: u32 = #{heads}u;
const DK: u32 = #{dk}u;
const WIDTH: u32 = HEADS * DK;
#import batch
@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * 64u;
    let rows = batch[ROWS];
    if (id >= rows * HEADS) { return; }
    let row = id / HEADS;
    let scale = 1.0 / sqrt(f32(DK));
    let own = row * WIDTH + id % HEADS * DK;
    let own_key = rows * WIDTH + own;
    let own_value = 2u * rows * WIDTH + own;
    var query: array<f32, DK>;
    var sum: array<f32, DK>;
    var row_max = 0.0;
    for (var d = 0u; d < DK; d++) {
        query[d] = qkv[own + d] * scale;
        row_max += query[d] * qkv[own_key + d];
        sum[d] = qkv[own_value + d];
    }
    // Begins with the row itself, whose score is the largest so far.
    var weight = 1.0;
    for (var j = of_row(HISTORY_FROM, row); j < of_row(HISTORY_TO, row); j++) {
        let key = (args.history_rows + j) * WIDTH + id % HEADS * DK;
        let value = key + args.history_rows * WIDTH;
        var score = 0.0;
        for (var d = 0u; d < DK; d++) { score += query[d] * history[key + d]; }
        let larger = max(row_max, score);
        let rescale = exp(row_max - larger);
        let share = exp(score - larger);
        weight = weight * rescale + share;
        for (var d = 0u; d < DK; d++) { sum[d] = sum[d] * rescale + share * history[value + d]; }
        row_max = larger;
    }
    for (var d = 0u; d < DK; d++) { out[own + d] = sum[d] / weight; }
}
