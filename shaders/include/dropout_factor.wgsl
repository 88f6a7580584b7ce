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
