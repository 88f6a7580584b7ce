// Factors of elements `first` to first + 3: 0 where dropped, else SCALE. dropout_factor.wgsl has the same function for one.
fn dropout_factors(first: u32, key0: u32, key1: u32, threshold: u32, scale: f32) -> vec4<f32> {
    var x = (vec4<u32>(first) + vec4<u32>(0u, 1u, 2u, 3u)) ^ vec4<u32>(key0);
    x = (x ^ (x >> vec4<u32>(16u))) * 0x7feb352du;
    x = (x ^ (x >> vec4<u32>(15u))) * 0x846ca68bu;
    x = (x ^ (x >> vec4<u32>(16u))) + vec4<u32>(key1);
    x = (x ^ (x >> vec4<u32>(16u))) * 0x21f0aaadu;
    x = (x ^ (x >> vec4<u32>(15u))) * 0x735a2d97u;
    x = x ^ (x >> vec4<u32>(15u));
    return select(vec4<f32>(), vec4<f32>(scale), x >= vec4<u32>(threshold));
}
