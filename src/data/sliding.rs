//! pykt's sliding windows: every answer beyond a window's length is predicted with the answers just before it.

use std::ops::Range;

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
    /// Leading interactions that are scored elsewhere.
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
            let all = part[at..at + own].iter().copied().chain(left);
            let skills: Vec<u32> = all.clone().flat_map(|w| &w.skills).copied().collect();
            let responses: Vec<u8> = all.flat_map(|w| &w.responses).copied().collect();
            windows.extend(sliding(skills.len(), width).map(|(range, unscored)| SlidingWindow {
                window: Window {
                    student: first.student,
                    first: first.first + range.start as u32,
                    fold: first.fold,
                    skills: skills[range.clone()].to_vec(),
                    responses: responses[range].to_vec(),
                    repeats: Vec::new(),
                },
                unscored,
            }));
            at += own;
        }
        windows
    }
}
