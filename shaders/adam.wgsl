// Adam with L2 added to the gradient and global-norm clipping (torch): EACH parameters an invocation, 64 apart.
// params, grads [total]; moments [2, total]; norm[1..257] = parts of the gradient's squared norm (grad_norm.wgsl),
// whose root lands in norm[0].
// From args.items on parameters are those of items: item_rate times the learning rate, and no L2.
struct Args {
    count: u32, total: u32, clip: f32, weight_decay: f32, step_size: f32, second_scale: f32, items: u32, item_rate: f32,
}
@group(0) @binding(0) var<uniform> args: Args;
@group(0) @binding(1) var<storage, read_write> params: array<f32>;
@group(0) @binding(2) var<storage, read> grads: array<f32>;
@group(0) @binding(3) var<storage, read_write> moments: array<f32>;
@group(0) @binding(4) var<storage, read_write> norm: array<f32>;

const EACH: u32 = #{each}u;

#import adam_constants
#import total
@compute @workgroup_size(64, 1, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let square = total(lane, norm[1u + lane] + norm[65u + lane] + norm[129u + lane] + norm[193u + lane]);
    let length = sqrt(square);
    let first = (group.x + group.y * groups.x) * 64u * EACH + lane;
    if (first == 0u) { norm[0] = length; }
    let clip = select(1.0, min(args.clip / (length + CLIP_EPS), 1.0), args.clip > 0.0);
    for (var id = first; id < min(first + 64u * EACH, args.count); id += 64u) {
        let p = params[id];
        let of_item = id >= args.items;
        let g = clip * grads[id] + select(args.weight_decay, 0.0, of_item) * p;
        let m = BETA1 * moments[id] + (1.0 - BETA1) * g;
        let v = BETA2 * moments[args.total + id] + (1.0 - BETA2) * g * g;
        moments[id] = m;
        moments[args.total + id] = v;
        let size = args.step_size * select(1.0, args.item_rate, of_item);
        params[id] = p - size * m / (sqrt(v) * args.second_scale + ADAM_EPS);
    }
}
