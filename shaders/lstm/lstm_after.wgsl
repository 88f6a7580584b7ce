// One step of an LSTM from the state after another batch's rows, one workgroup a row (see lstm.wgsl); 0 before a first answer.
// history_out, history_cells: h and c of the other batch's rows [M, width]; gates [N, 4 width]: the inputs' part; out [N, width].
struct Args { width: u32, weight: u32, bias: u32 }
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> history_out: array<f32>;
@group(0) @binding(4) var<storage, read> history_cells: array<f32>;
@group(0) @binding(5) var<storage, read> gates: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

#import batch
#import logistic
#import lstm_width
var<workgroup> hidden: array<f32, MAX_WIDTH>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    // Workgroups past the last row compute that row again, and store nothing.
    let wanted = group.x + group.y * groups.x;
    let row = min(wanted, batch[ROWS] - 1u);
    let end = of_row(HISTORY_TO, row);
    let follows = end > of_row(HISTORY_FROM, row);
    let before = max(end, 1u) - 1u;
    let width = args.width;
    for (var d = lane; d < width; d += 64u) {
        hidden[d] = 0.0;
        if (follows) { hidden[d] = history_out[before * width + d]; }
    }
    workgroupBarrier();
    for (var d = lane; d < width; d += 64u) {
        let at = row * 4u * width + d;
        var z = vec4<f32>(
            gates[at] + params[args.bias + d],
            gates[at + width] + params[args.bias + width + d],
            gates[at + 2u * width] + params[args.bias + 2u * width + d],
            gates[at + 3u * width] + params[args.bias + 3u * width + d],
        );
        let weight = args.weight + d * width;
        let step = width * width;
        for (var k = 0u; k < width; k++) {
            z += hidden[k] * vec4<f32>(
                params[weight + k], params[weight + step + k], params[weight + 2u * step + k], params[weight + 3u * step + k],
            );
        }
        var cell = sigmoid(z.x) * tanh(clamp(z.z, -30.0, 30.0));
        if (follows) { cell += sigmoid(z.y) * history_cells[before * width + d]; }
        if (wanted < batch[ROWS]) { out[row * width + d] = sigmoid(z.w) * tanh(clamp(cell, -30.0, 30.0)); }
    }
}
