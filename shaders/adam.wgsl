// Adam with L2 added to the gradient (torch.optim.Adam), one invocation a parameter.
// p, grad, new_p [n]; moments, new_moments [2, n] = (first, second); clip [1] scales the gradient.
// params: n, then the bits of weight decay, lr/(1-beta1^t), 1/sqrt(1-beta2^t).
@group(0) @binding(0) var<storage, read_write> p: array<f32>;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad: array<f32>;
@group(0) @binding(3) var<storage, read_write> clip: array<f32>;
@group(0) @binding(4) var<storage, read_write> params: array<u32>;
@group(0) @binding(5) var<storage, read_write> new_p: array<f32>;
@group(0) @binding(6) var<storage, read_write> new_moments: array<f32>;

@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * {{ workgroup }}u;
    let n = params[0];
    if (id >= n) { return; }
    let g = clip[0] * grad[id] + bitcast<f32>(params[1]) * p[id];
    let m = 0.9 * moments[id] + 0.1 * g;
    let v = 0.999 * moments[n + id] + 0.001 * g * g;
    new_moments[id] = m;
    new_moments[n + id] = v;
    new_p[id] = p[id] - bitcast<f32>(params[2]) * m / (sqrt(v) * bitcast<f32>(params[3]) + 1e-8);
}
