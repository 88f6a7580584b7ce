//! Answers in time order: the skills each one asked, the item, and the response.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Answers in time order, one a row; a row has one skill or several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answers {
    /// Skills of all rows, row after row.
    skills: Vec<u32>,
    /// Where each row's skills begin in `skills`; empty while every row has one skill.
    starts: Vec<u32>,
    /// Index of each row's item plus 1, 0 where it is unknown; empty while none is known.
    items: Vec<u32>,
    /// 1 right, 0 wrong.
    responses: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Skill indices, at least one.
    pub skills: &'a [u32],
    /// Index of the item plus 1; 0: unknown.
    pub item: u32,
    /// 1 right, 0 wrong.
    pub response: u8,
}

impl Answer<'_> {
    /// Whether it was right.
    pub fn is_correct(&self) -> bool {
        self.response == 1
    }
}

impl Answers {
    /// Answers to one skill each, items unknown.
    ///
    /// # Panics
    /// The two have different lengths.
    pub fn of_skills(skills: Vec<u32>, responses: Vec<u8>) -> Self {
        assert_eq!(skills.len(), responses.len(), "every answer has a skill and a response");
        Self { skills, responses, ..Self::default() }
    }

    /// Appends an answer; `item` as in [`Answer::item`].
    ///
    /// # Panics
    /// The answer has no skill.
    pub fn push(&mut self, skills: &[u32], item: u32, response: u8) {
        assert!(!skills.is_empty(), "an answer has at least one skill");
        if skills.len() > 1 && self.starts.is_empty() {
            self.starts = (0..self.len() as u32).collect();
        }
        if skills.len() > 1 || !self.starts.is_empty() {
            self.starts.push(self.skills.len() as u32);
        }
        if item > 0 && self.items.is_empty() {
            self.items = vec![0; self.len()];
        }
        if item > 0 || !self.items.is_empty() {
            self.items.push(item);
        }
        self.skills.extend_from_slice(skills);
        self.responses.push(response);
    }

    /// Removes the last answer, if there is one.
    pub fn pop(&mut self) {
        if self.responses.pop().is_none() {
            return;
        }
        self.skills.truncate(self.starts.pop().map_or(self.responses.len(), |start| start as usize));
        self.items.pop();
    }

    /// Number of answers.
    pub fn len(&self) -> usize {
        self.responses.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.responses.is_empty()
    }

    /// Number of skills over all answers: rows where each skill of an answer is a row of its own.
    pub fn skill_count(&self) -> usize {
        self.skills.len()
    }

    /// Skills of answer `t`, at least one.
    pub fn skills(&self, t: usize) -> &[u32] {
        if self.starts.is_empty() {
            return &self.skills[t..=t];
        }
        let end = self.starts.get(t + 1).map_or(self.skills.len(), |&end| end as usize);
        &self.skills[self.starts[t] as usize..end]
    }

    /// First skill of answer `t`: its only one, where answers have one skill.
    pub fn skill(&self, t: usize) -> u32 {
        self.skills(t)[0]
    }

    /// Index of the item of answer `t` plus 1; 0: unknown.
    pub fn item(&self, t: usize) -> u32 {
        self.items.get(t).copied().unwrap_or(0)
    }

    /// Response of every answer, 1 right, 0 wrong.
    pub fn responses(&self) -> &[u8] {
        &self.responses
    }

    /// Replaces the response of answer `t`.
    pub fn set_response(&mut self, t: usize, response: u8) {
        self.responses[t] = response;
    }

    /// Whether any answer has more than one skill.
    pub fn has_several_skills(&self) -> bool {
        self.skills.len() > self.len()
    }

    /// Whether the item of any answer is known.
    pub fn has_items(&self) -> bool {
        self.items.iter().any(|&item| item > 0)
    }

    /// Answer `t`.
    pub fn get(&self, t: usize) -> Answer<'_> {
        Answer { skills: self.skills(t), item: self.item(t), response: self.responses[t] }
    }

    /// All answers in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Answer<'_>> + DoubleEndedIterator + Clone {
        (0..self.len()).map(|t| self.get(t))
    }

    /// Every skill of every answer in order, with the answer's index and response.
    pub fn by_skill(&self) -> impl Iterator<Item = (usize, u32, u8)> {
        (0..self.len()).flat_map(move |t| self.skills(t).iter().map(move |&k| (t, k, self.responses[t])))
    }

    /// Appends the answers of `other`.
    pub fn extend(&mut self, other: &Self) {
        other.iter().for_each(|answer| self.push(answer.skills, answer.item, answer.response));
    }

    /// The answers in `range`.
    pub fn slice(&self, range: Range<usize>) -> Self {
        if self.starts.is_empty() && self.items.is_empty() {
            return Self::of_skills(self.skills[range.clone()].to_vec(), self.responses[range].to_vec());
        }
        let mut part = Self::default();
        range.for_each(|t| part.push(self.skills(t), self.item(t), self.responses[t]));
        part
    }

    /// Each skill of each answer as an answer of its own, with its item and response, as pykt lays them out; and for each
    /// of them 1 where it is a further skill of the answer before, 0 where an answer begins (pykt's `is_repeat`).
    pub fn one_skill_each(&self) -> (Self, Vec<u8>) {
        let (mut rows, mut repeats) = (Self::default(), Vec::with_capacity(self.skills.len()));
        for answer in self.iter() {
            for (i, skill) in answer.skills.iter().enumerate() {
                rows.push(&[*skill], answer.item, answer.response);
                repeats.push(u8::from(i > 0));
            }
        }
        (rows, repeats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Answers {
        let mut answers = Answers::default();
        answers.push(&[3], 0, 1);
        answers.push(&[1, 2], 7, 0);
        answers.push(&[2], 0, 1);
        answers
    }

    #[test]
    fn answers_keep_their_skills_items_and_responses() {
        let answers = some();
        let listed: Vec<_> = answers.iter().map(|a| (a.skills.to_vec(), a.item, a.response)).collect();
        assert_eq!(listed, [(vec![3], 0, 1), (vec![1, 2], 7, 0), (vec![2], 0, 1)]);
        assert_eq!((answers.len(), answers.skill_count()), (3, 4));
        assert!(answers.has_several_skills() && answers.has_items());
        let pairs: Vec<_> = answers.by_skill().collect();
        assert_eq!(pairs, [(0, 3, 1), (1, 1, 0), (1, 2, 0), (2, 2, 1)]);
    }

    #[test]
    fn a_part_without_items_and_further_skills_is_that_of_plain_answers() {
        assert_eq!(some().slice(0..1), Answers::of_skills(vec![3], vec![1]));
        let mut popped = some();
        popped.pop();
        assert_eq!(popped, some().slice(0..2));
        popped.pop();
        popped.pop();
        popped.pop();
        assert!(popped.is_empty() && popped.skill_count() == 0);
    }

    #[test]
    fn one_row_a_skill() {
        let (rows, repeats) = some().one_skill_each();
        let listed: Vec<_> = rows.iter().map(|a| (a.skills.to_vec(), a.item, a.response)).collect();
        assert_eq!(listed, [(vec![3], 0, 1), (vec![1], 7, 0), (vec![2], 7, 0), (vec![2], 0, 1)]);
        assert_eq!(repeats, [0, 0, 1, 0]);
    }
}
