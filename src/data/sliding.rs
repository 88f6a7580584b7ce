//! pykt's sliding windows: every answer beyond a window's length is predicted with the answers just before it.

use std::ops::Range;

use super::answers::Answers;
use super::corpus::{Corpus, Window};

/// Ranges of pykt's sliding windows of `width` over `length` interactions, each with the number of its leading
/// interactions that are scored elsewhere: the first window scores all of its own, every later one its last only.
pub fn sliding(length: usize, width: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    let first = (length > 0).then(|| (0..length.min(width), 0));
    first.into_iter().chain((width + 1..=length).map(move |end| (end - width..end, width - 1)))
}

/// A window of which only the last answers are scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlidingWindow {
    /// The window.
    pub window: Window,
    /// Leading rows that are scored elsewhere.
    pub unscored: usize,
}

impl Corpus {
    /// Sliding windows of at most `width` answers over the students of `part`, in its order. A student's answers are
    /// those of all their windows, and the few left over that were too short for a window of their own.
    pub fn sliding(&self, part: &[&Window], width: usize) -> Vec<SlidingWindow> {
        let mut windows = Vec::new();
        let mut at = 0;
        while let Some(first) = part.get(at) {
            let own = part[at..].iter().take_while(|w| w.student == first.student).count();
            let left = self.leftovers.iter().find(|w| w.student == first.student);
            let (mut rows, mut repeats) = (Answers::default(), Vec::new());
            for window in part[at..at + own].iter().copied().chain(left) {
                rows.extend(&window.answers);
                repeats.extend_from_slice(&window.repeats);
                repeats.resize(rows.len(), 0);
            }
            windows.extend(sliding(rows.len(), width).map(|(range, unscored)| {
                let own = &repeats[range.clone()];
                let cut = repeats[range.end..].iter().take_while(|&&r| r == 1).count();
                SlidingWindow {
                    window: Window {
                        student: first.student,
                        first: first.first + range.start as u32,
                        fold: first.fold,
                        answers: rows.slice(range.clone()),
                        repeats: if own.contains(&1) || cut > 0 { own.to_vec() } else { Vec::new() },
                        further: (range.end..range.end + cut).map(|row| rows.skill(row)).collect(),
                    },
                    unscored,
                }
            }));
            at += own;
        }
        windows
    }
}
