// Back through the LSTM of lstm.wgsl, one workgroup a window: the gradient with respect to the gates before their activations
// d_gates [N, 4 width], from that of its output d_out [N, width]. gates, cells as the forward pass left them.
struct Args {
    width: u32, weight: u32, bias: u32, longest: u32, key0: u32, key1: u32, threshold: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read> gates: array<f32>;
@group(0) @binding(4) var<storage, read> cells: array<f32>;
@group(0) @binding(5) var<storage, read> d_out: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_gates: array<f32>;

#import batch
#import dropout_factor
#import lstm_width
// Gradients of the row after: with respect to its gates, and to the cell state through them.
var<workgroup> later: array<f32, MAX_GATES>;
var<workgroup> d_cell: array<f32, MAX_WIDTH>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let window = group.x + group.y * groups.x;
    let last = min(window, batch[WINDOWS] - 1u);
    let first = of_row(OFFSETS, last);
    let rows = select(0u, of_row(OFFSETS, last + 1u) - first, window < batch[WINDOWS]);
    let width = args.width;
    for (var d = lane; d < width; d += 64u) {
        d_cell[d] = 0.0;
        for (var gate = 0u; gate < 4u; gate++) { later[gate * width + d] = 0.0; }
    }
    workgroupBarrier();
    for (var back = 0u; back < args.longest; back++) {
        let there = back < rows;
        let t = select(0u, rows - 1u - back, there);
        let row = first + t;
        for (var d = lane; d < select(0u, width, there); d += 64u) {
            let id = row * width + d;
            let at = row * 4u * width + d;
            var d_h = d_out[id] * dropout_factor(id, args.key0, args.key1, args.threshold, args.scale);
            for (var j = 0u; j < 4u * width; j++) { d_h += later[j] * params[args.weight + j * width + d]; }
            let i = gates[at];
            let f = gates[at + width];
            let g = gates[at + 2u * width];
            let o = gates[at + 3u * width];
            let shown = tanh(clamp(cells[id], -30.0, 30.0));
            let d_c = d_h * o * (1.0 - shown * shown) + d_cell[d];
            var earlier = 0.0;
            if (t > 0u) { earlier = cells[id - width]; }
            d_gates[at] = d_c * g * i * (1.0 - i);
            d_gates[at + width] = d_c * earlier * f * (1.0 - f);
            d_gates[at + 2u * width] = d_c * i * (1.0 - g * g);
            d_gates[at + 3u * width] = d_h * shown * o * (1.0 - o);
            d_cell[d] = d_c * f;
        }
        // All have read the gradients of the row after before they change.
        workgroupBarrier();
        for (var d = lane; d < select(0u, width, there); d += 64u) {
            for (var gate = 0u; gate < 4u; gate++) {
                later[gate * width + d] = d_gates[row * 4u * width + gate * width + d];
            }
        }
        workgroupBarrier();
    }
}
