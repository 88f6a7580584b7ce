// The integer side of a ragged batch (src/ops/gpu/batch.rs): a header, then sections. ROWS and WINDOWS are counts; the
// other entries of the header, whose constants stand above, say where a section begins.
fn of_row(section: u32, row: u32) -> u32 { return batch[batch[section] + row]; }
