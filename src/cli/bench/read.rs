//! Time and memory of reading raw interactions.

use std::fmt::Write as _;
use std::io::Read;

use crate::data::{ColumnNames, read_raw};
use crate::error::Result;
use crate::platform::{Instant, peak_memory};

/// A CSV of `rows` interactions that is never whole in memory.
struct Generated {
    next: u64,
    rows: u64,
    text: String,
    at: usize,
}

impl Read for Generated {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            while self.next < self.rows && self.text.len() < 1 << 16 {
                let i = self.next;
                let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                // Students' answers lie interleaved, 50 each: the worst case for grouping.
                let student = i % (self.rows / 50).max(1);
                let _ = writeln!(self.text, "{},{i},{},{}", 100_000 + student, 7000 + mixed % 500, mixed >> 9 & 1);
                self.next += 1;
            }
        }
        let count = out.len().min(self.text.len() - self.at);
        out[..count].copy_from_slice(&self.text.as_bytes()[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Generates and reads `rows` interactions and prints how long it took.
pub(super) fn read(rows: u64) -> Result<()> {
    let text = "user_id,log_id,sequence_id,correct\n".to_owned();
    let began = Instant::now();
    let dataset = read_raw("generated", Generated { next: 0, rows, text, at: 0 }, &ColumnNames::default())?;
    let seconds = began.elapsed().as_secs_f64();
    println!("interactions          {}", dataset.interactions());
    println!("students              {}", dataset.students.len());
    println!("seconds               {seconds:.2}");
    println!("interactions_per_s    {:.0}", dataset.interactions() as f64 / seconds);
    println!("peak_process_bytes    {}", peak_memory().map_or("unknown".to_owned(), |b| b.to_string()));
    Ok(())
}
