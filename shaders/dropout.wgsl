// out = x with dropped elements at zero and the others scaled; params: n, key, key, threshold, bits of the scale.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read_write> params: array<u32>;

{{ dropout_factor }}
@compute @workgroup_size({{ workgroup }}, 1, 1)
fn main(@builtin(global_invocation_id) gid: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let id = gid.x + gid.y * groups.x * {{ workgroup }}u;
    if (id >= params[0]) { return; }
    out[id] = x[id] * dropout_factor(id, params[1], params[2], params[3], bitcast<f32>(params[4]));
}
