// The keys and values that a tile of rows sees, in workgroup memory: shared0 and shared1 (shared_rows.wgsl).

// Brings those of rows tile to tile + TILE, up to row `last`, of the head whose features begin at `head`; all invocations meet here.
fn bring_keys_and_values(lane: u32, tile: u32, last: u32, head: u32) {
    let rows = batch[ROWS];
    workgroupBarrier();
    for (var i = lane; i < TILE * QUADS; i += THREADS) {
        let other = tile + i / QUADS;
        if (other <= last) {
            let d = 4u * (i % QUADS);
            let at = (rows + other) * WIDTH + head + d;
            shared0[i] = load_qkv(at, DK - d);
            shared1[i] = load_qkv(at + rows * WIDTH, DK - d);
        }
    }
    workgroupBarrier();
}
