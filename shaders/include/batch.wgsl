// The integer side of a ragged batch (src/ops/gpu/batch.rs): a header, then sections. Entries of the header that
// are counts are used as they are, the others say where a section begins.
const ROWS: u32 = 0u;           // N
const WINDOWS: u32 = 1u;        // W
const FIRST: u32 = 2u;          // first row of each row's window, N
const END: u32 = 3u;            // row after that window's last, N
const OFFSETS: u32 = 4u;        // first row of each window, then N: W+1
const TOKEN: u32 = 5u;          // q + C r, N
const POSITION: u32 = 6u;       // t, N
const SKILL: u32 = 7u;          // q, N
const NEXT: u32 = 8u;           // q_next, N
const ANSWER: u32 = 9u;         // r + 2 r_next, N
const OCCURRENCES: u32 = 10u;   // three pairs (starts, rows): by token, by position, by next skill
const GROUPS: u32 = 16u;        // (class, first row, length, first target) of each correlation group
const GROUP_COUNT: u32 = 17u;
const SLOTS: u32 = 18u;         // for each slot, the group of each row or 0xffffffff: slots * N
const SLOT_COUNT: u32 = 19u;

fn of_row(section: u32, row: u32) -> u32 { return batch[batch[section] + row]; }
