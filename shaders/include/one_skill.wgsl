// Skills of a row's answer and of the answer asked after it, where every answer has one: each is its own entry.
fn own_count(row: u32) -> u32 { return 1u; }
fn own_skill(row: u32, i: u32) -> u32 { return of_row(SKILL, row); }
fn own_entry(row: u32, i: u32) -> u32 { return row; }
fn next_count(row: u32) -> u32 { return 1u; }
fn next_skill(row: u32, i: u32) -> u32 { return of_row(NEXT, row); }
// Share of skill k in the answer asked after a row.
fn next_share(row: u32, k: u32) -> f32 { return select(0.0, 1.0, of_row(NEXT, row) == k); }
// Whether skill k is one of the answer's own.
fn is_own(row: u32, k: u32) -> bool { return of_row(SKILL, row) == k; }
