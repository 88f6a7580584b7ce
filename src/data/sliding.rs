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

#[cfg(test)]
mod tests {
    use super::super::corpus::RowKind;
    use super::super::folds::Fold;
    use super::super::students::{Dataset, Skill, Student};
    use super::*;

    /// Answers to one, three and two skills in turn, the first of them long before the last window.
    fn corpus_of(kind: RowKind) -> Corpus {
        let mut answers = Answers::default();
        for t in 0..12u32 {
            let skills: Vec<u32> = (0..1 + (2 * t) % 3).map(|i| (t + i) % 7).collect();
            answers.push(&skills, 1 + t, u8::from(t % 2 == 0));
        }
        let students =
            (0..5).map(|i| Student { id: i.to_string(), answers: answers.clone(), ..Student::default() }).collect();
        let skills = (0..7).map(|k| Skill::unnamed(k.to_string())).collect();
        let items = (1..=12).map(|i| i.to_string()).collect();
        let dataset = Dataset { skills, items, students, joins_skills: true, ..Dataset::default() };
        Corpus::from_dataset(&dataset, 8, kind)
    }

    /// As in pykt's test_question_window_sequences: each answer is asked once, all of its skills after the 7 rows before it.
    #[test]
    fn answers_with_several_skills_are_asked_after_the_rows_before_them() {
        let corpus = corpus_of(RowKind::Skill);
        let test: Vec<&Window> = corpus.windows.iter().filter(|w| w.fold == Fold::Test).collect();
        let windows = corpus.sliding(&test, 8);
        let mut asked = Vec::new();
        for SlidingWindow { window, unscored } in &windows {
            assert!(window.len() <= 8 && window.repeats.len() == window.len());
            let begins = |t: &usize| window.repeats[*t] == 0 && *t >= 1.max(*unscored);
            for t in (0..window.len()).filter(begins) {
                let end = (t + 1..window.len()).find(|&t| window.repeats[t] == 0).unwrap_or(window.len());
                let mut skills: Vec<u32> = (t..end).map(|t| window.answers.skill(t)).collect();
                if end == window.len() {
                    skills.extend(&window.further);
                }
                asked.push((window.answers.item(t), skills));
            }
        }
        let wanted = |t: u32| (1 + t, (0..1 + (2 * t) % 3).map(|i| (t + i) % 7).collect::<Vec<u32>>());
        assert_eq!(asked, (1..12).map(wanted).collect::<Vec<_>>());
        // Whole answers slide as they are.
        let whole = corpus_of(RowKind::Answer);
        let test: Vec<&Window> = whole.windows.iter().filter(|w| w.fold == Fold::Test).collect();
        let windows = whole.sliding(&test, 8);
        assert_eq!(windows.len(), 1 + 12 - 8);
        assert!(windows.iter().all(|w| w.window.further.is_empty() && w.window.repeats.is_empty()));
    }
}
