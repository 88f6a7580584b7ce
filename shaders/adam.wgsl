// Adam with L2 added to the gradient and global-norm clipping (torch), one invocation a parameter.
// params, grads [total]; moments [2, total]; norm[1..257] = parts of the gradient's squared norm (grad_norm.wgsl),
// whose root lands in norm[0].
struct Site { count: u32, total: u32, clip: f32, weight_decay: f32, step_size: f32, second_scale: f32 }
@group(0) @binding(0) var<uniform> site: Site;
@group(0) @binding(1) var<storage, read_write> params: array<f32>;
@group(0) @binding(2) var<storage, read> grads: array<f32>;
@group(0) @binding(3) var<storage, read_write> moments: array<f32>;
@group(0) @binding(4) var<storage, read_write> norm: array<f32>;

{{ total }}
@compute @workgroup_size(64, 1, 1)
fn main(
    @builtin(global_invocation_id) gid: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let id = gid.x + gid.y * groups.x * 64u;
    let square = total(lane, norm[1u + lane] + norm[65u + lane] + norm[129u + lane] + norm[193u + lane]);
    let length = sqrt(square);
    if (id == 0u) { norm[0] = length; }
    if (id >= site.count) { return; }
    let clip = select(1.0, min(site.clip / (length + 1e-6), 1.0), site.clip > 0.0);
    let p = params[id];
    let g = clip * grads[id] + site.weight_decay * p;
    let m = 0.9 * moments[id] + 0.1 * g;
    let v = 0.999 * moments[site.total + id] + 0.001 * g * g;
    moments[id] = m;
    moments[site.total + id] = v;
    params[id] = p - site.step_size * m / (sqrt(v) * site.second_scale + 1e-8);
}
