// Factor of element `index`: 0 where dropped, else SCALE. Repeats src/ops/dropout.rs word for word.
fn dropout_factor(index: u32, key0: u32, key1: u32, threshold: u32, scale: f32) -> f32 {
    var x = index ^ key0;
    x = (x ^ (x >> 16u)) * 0x7feb352du;
    x = (x ^ (x >> 15u)) * 0x846ca68bu;
    x = (x ^ (x >> 16u)) + key1;
    x = (x ^ (x >> 16u)) * 0x21f0aaadu;
    x = (x ^ (x >> 15u)) * 0x735a2d97u;
    x = x ^ (x >> 15u);
    return select(0.0, scale, x >= threshold);
}

// Factors of elements `first` to first + 3.
fn dropout_factors(first: u32, key0: u32, key1: u32, threshold: u32, scale: f32) -> vec4<f32> {
    return vec4<f32>(
        dropout_factor(first, key0, key1, threshold, scale),
        dropout_factor(first + 1u, key0, key1, threshold, scale),
        dropout_factor(first + 2u, key0, key1, threshold, scale),
        dropout_factor(first + 3u, key0, key1, threshold, scale),
    );
}
