// Skills of a row's answer and of the answer asked after it, where answers may have several. Entries number the skills of
// all answers: what concerns one skill of one answer is stored under them.
// A loop over an answer's skills counts them in a `let` before it: SwiftShader reads 0 where a count is read again after a loop
// that its invocations left at different times.
fn own_count(row: u32) -> u32 { return of_row(OWN_TO, row) - of_row(OWN_FROM, row); }
fn own_entry(row: u32, i: u32) -> u32 { return of_row(OWN_FROM, row) + i; }
fn own_skill(row: u32, i: u32) -> u32 { return of_row(SKILL_LIST, own_entry(row, i)); }
fn next_count(row: u32) -> u32 { return of_row(NEXT_TO, row) - of_row(NEXT_FROM, row); }
fn next_skill(row: u32, i: u32) -> u32 { return of_row(SKILL_LIST, of_row(NEXT_FROM, row) + i); }
// Share of skill k in the answer asked after a row.
fn next_share(row: u32, k: u32) -> f32 {
    let count = next_count(row);
    var found = 0.0;
    for (var i = 0u; i < count; i++) { found += select(0.0, 1.0, next_skill(row, i) == k); }
    return found / f32(count);
}
// Whether skill k is one of the answer's own.
fn is_own(row: u32, k: u32) -> bool {
    let count = own_count(row);
    for (var i = 0u; i < count; i++) {
        if (own_skill(row, i) == k) { return true; }
    }
    return false;
}
