//! A student's steps as they are drawn: real ones, then imagined ones.

use crate::data::Answers;
use crate::evaluate::{Trajectory, TrajectoryStep};

/// Steps in time order.
#[derive(Debug)]
pub(in crate::app) struct Timeline<'a> {
    pub steps: Vec<&'a TrajectoryStep>,
    /// First imagined step.
    pub imagined_from: Option<usize>,
    /// First step of the window in which answers are imagined: the model reads on from there.
    window_start: usize,
    /// Skills practised, the most practised first.
    pub by_practice: Vec<u32>,
}

impl<'a> Timeline<'a> {
    /// Whether the model has a mastery of its own; else its chances are drawn in its place.
    pub(super) fn has_mastery(&self) -> bool {
        self.steps.iter().any(|s| !s.mastery.is_empty())
    }

    /// Whether the skill was practised by step `at`, this one among them.
    pub(super) fn practised_by(&self, skill: u32, at: usize) -> bool {
        self.steps[..=at].iter().any(|step| step.skills().any(|k| k == skill))
    }

    /// First step that practises the skill; their number where none does.
    pub(super) fn first_practice(&self, skill: u32) -> usize {
        let practises = |step: &&TrajectoryStep| step.skills().any(|k| k == skill);
        self.steps.iter().position(practises).unwrap_or(self.steps.len())
    }

    /// What happened.
    pub(super) fn plain(path: &'a Trajectory) -> Self {
        Self {
            steps: path.steps.iter().collect(),
            imagined_from: None,
            window_start: usize::MAX,
            by_practice: path.by_practice(),
        }
    }

    /// What happened until `from`, then `imagined` answers, of which the last of `tried` are the outcome.
    pub(super) fn branched(path: &'a Trajectory, from: usize, imagined: usize, tried: &'a [TrajectoryStep]) -> Self {
        let from = from.min(path.steps.len());
        let real = tried.len().saturating_sub(imagined).min(from);
        let start = from - real;
        Self {
            steps: path.steps[..start].iter().chain(tried).collect(),
            imagined_from: Some(from),
            window_start: start,
            by_practice: path.by_practice(),
        }
    }

    /// Whether the model starts afresh at step `at`.
    pub(super) fn starts_window(&self, at: usize) -> bool {
        at > 0 && at == self.window_start
            || at > 0 && at < self.window_start && self.steps[at].window != self.steps[at - 1].window
    }

    /// First step of the window that step `at` lies in.
    pub(super) fn window_of(&self, at: usize) -> usize {
        (0..=at).rev().find(|&t| self.starts_window(t)).unwrap_or(0)
    }

    /// The answers the model has read in the window once step `at` is done.
    pub(super) fn answers_until(&self, at: usize) -> Option<Answers> {
        Some(answers_of(self.steps.get(self.window_of(at)..=at)?.iter().copied()))
    }
}

/// The answers that were given in these steps.
fn answers_of<'a>(steps: impl Iterator<Item = &'a TrajectoryStep>) -> Answers {
    let mut answers = Answers::default();
    for step in steps {
        answers.push(&step.skills().collect::<Vec<u32>>(), step.item, step.response);
    }
    answers
}

/// The last window of `before` with `more` answers behind it: the last `limit` of them, which is what a model reads.
pub(super) fn join(before: &[TrajectoryStep], more: &Answers, limit: usize) -> Answers {
    let window = before.last().map_or(0, |s| s.window);
    let mut all = answers_of(before.iter().filter(|s| s.window == window));
    all.extend(more);
    all.slice(all.len().saturating_sub(limit)..all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(window: usize, skill: u32) -> TrajectoryStep {
        TrajectoryStep { window, skill, response: 1, ..TrajectoryStep::default() }
    }

    #[test]
    fn imagined_answers_join_their_window_and_the_oldest_fall_out() {
        let before = [step(0, 5), step(1, 6), step(1, 7)];
        let more = Answers::of_skills(vec![8, 9], vec![0, 1]);
        assert_eq!(join(&before, &more, 10), Answers::of_skills(vec![6, 7, 8, 9], vec![1, 1, 0, 1]));
        assert_eq!(join(&before, &more, 3), Answers::of_skills(vec![7, 8, 9], vec![1, 0, 1]));
    }

    #[test]
    fn windows_begin_where_they_change() {
        let path = Trajectory { steps: vec![step(0, 0), step(0, 0), step(1, 0), step(1, 0)], ..Trajectory::default() };
        let path = Trajectory { skills: vec![crate::data::Skill::unnamed("a")], ..path };
        let plain = Timeline::plain(&path);
        assert_eq!([0, 1, 2, 3].map(|t| plain.window_of(t)), [0, 0, 2, 2]);
        assert_eq!(plain.answers_until(3).unwrap().len(), 2);
        let tried = [step(0, 0), step(0, 0), step(0, 0)];
        let branched = Timeline::branched(&path, 3, 2, &tried);
        assert_eq!((branched.steps.len(), branched.imagined_from), (5, Some(3)));
        assert_eq!([1, 2, 4].map(|t| branched.window_of(t)), [0, 2, 2]);
    }
}
