// An LSTM over each window, one workgroup a window: i, f, g, o = gates + W h[t-1] + b, c = f c + i g, h = o tanh(c).
// gates [N, 4 width], the inputs' part beforehand, activated afterwards; cells, before (h[t-1]), out (h, dropped) [N, width].
// args.longest: rows of the longest window; width at most MAX_WIDTH.
struct Args {
    width: u32, weight: u32, bias: u32, longest: u32, key0: u32, key1: u32, threshold: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> params: array<f32>;
@group(0) @binding(3) var<storage, read_write> gates: array<f32>;
@group(0) @binding(4) var<storage, read_write> cells: array<f32>;
@group(0) @binding(5) var<storage, read_write> before: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

#import batch
#import logistic
#import dropout_factor
#import lstm_width
var<workgroup> hidden: array<f32, MAX_WIDTH>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let window = group.x + group.y * groups.x;
    // Workgroups past the last window compute nothing but still meet the barriers.
    let last = min(window, batch[WINDOWS] - 1u);
    let first = of_row(OFFSETS, last);
    let rows = select(0u, of_row(OFFSETS, last + 1u) - first, window < batch[WINDOWS]);
    let width = args.width;
    for (var d = lane; d < width; d += 64u) { hidden[d] = 0.0; }
    workgroupBarrier();
    for (var t = 0u; t < args.longest; t++) {
        let row = first + t;
        let there = t < rows;
        for (var d = lane; d < select(0u, width, there); d += 64u) {
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
                let h = hidden[k];
                z += h * vec4<f32>(
                    params[weight + k], params[weight + step + k], params[weight + 2u * step + k], params[weight + 3u * step + k],
                );
            }
            let i = sigmoid(z.x);
            let f = sigmoid(z.y);
            let g = tanh(clamp(z.z, -30.0, 30.0));
            var cell = i * g;
            if (t > 0u) { cell += f * cells[(row - 1u) * width + d]; }
            gates[at] = i;
            gates[at + width] = f;
            gates[at + 2u * width] = g;
            gates[at + 3u * width] = sigmoid(z.w);
            cells[row * width + d] = cell;
            before[row * width + d] = hidden[d];
        }
        // All have read the hidden state before it changes.
        workgroupBarrier();
        for (var d = lane; d < select(0u, width, there); d += 64u) {
            let id = row * width + d;
            let h = gates[row * 4u * width + 3u * width + d] * tanh(clamp(cells[id], -30.0, 30.0));
            hidden[d] = h;
            out[id] = h * dropout_factor(id, args.key0, args.key1, args.threshold, args.scale);
        }
        workgroupBarrier();
    }
}
