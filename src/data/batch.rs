//! Ragged batches: the steps of some windows one after another, without padding.

use super::answers::Answers;
use super::corpus::Window;

/// The steps of W windows as N = Σ steps rows; every vector but `offsets` has N entries.
///
/// Row t of a window holds answer t as input and answer t+1 as target (MODEL §1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RaggedBatch {
    /// First row of each window, then N: W+1 entries.
    pub offsets: Vec<u32>,
    /// Skill of the answer, `q[t]`: the first, where it has several.
    pub skill: Vec<u32>,
    /// Response of the answer, `r[t]`.
    pub response: Vec<u8>,
    /// Skill asked next, `q[t+1]`: the first, where there are several.
    pub next_skill: Vec<u32>,
    /// Response to be predicted, `r[t+1]`.
    pub next_response: Vec<u8>,
    /// t, counted from the window's start.
    pub position: Vec<u32>,
    /// Items of the answers and of those asked next; `None` where no item is known.
    pub items: Option<RowItems>,
    /// All skills of every answer; `None` where every answer has one.
    pub lists: Option<SkillLists>,
}

/// Items by row, 0 where unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowItems {
    /// Item of the answer, `i[t]`.
    pub own: Vec<u32>,
    /// Item asked next, `i[t+1]`.
    pub next: Vec<u32>,
}

/// Skills by row, where answers may have several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkillLists {
    /// Skills of all answers of a window, window after window.
    pub skills: Vec<u32>,
    /// Where the skills of each row's answer begin and end in `skills`.
    pub own: Vec<[u32; 2]>,
    /// Where those of the answer after it begin and end.
    pub next: Vec<[u32; 2]>,
}

impl SkillLists {
    fn of(&self, range: [u32; 2]) -> &[u32] {
        &self.skills[range[0] as usize..range[1] as usize]
    }

    /// The lists of rows that have one skill each.
    fn of_single(batch: &RaggedBatch) -> Self {
        let mut lists = Self::default();
        for w in 0..batch.windows() {
            let rows = batch.range(w);
            let last = batch.next_skill[rows.end - 1];
            lists.append(batch.skill[rows].iter().copied().chain([last]).map(|k| [k]));
        }
        lists
    }

    /// Appends a window given by the skills of its answers.
    fn append(&mut self, answers: impl Iterator<Item = impl AsRef<[u32]>>) {
        let mut ranges = Vec::new();
        for skills in answers {
            let from = self.skills.len() as u32;
            self.skills.extend_from_slice(skills.as_ref());
            ranges.push([from, self.skills.len() as u32]);
        }
        self.own.extend_from_slice(&ranges[..ranges.len() - 1]);
        self.next.extend_from_slice(&ranges[1..]);
    }
}

impl RaggedBatch {
    /// Lays the windows' steps one after another. Windows without a step are left out.
    pub fn new<'a>(windows: impl IntoIterator<Item = &'a Window>) -> Self {
        let mut batch = Self::default();
        batch.offsets.push(0);
        for window in windows {
            batch.push(&window.answers);
        }
        batch
    }

    /// Appends one window given by its answers.
    pub fn push(&mut self, answers: &Answers) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        let (steps, before) = (answers.len().saturating_sub(1), self.rows());
        if steps == 0 {
            return;
        }
        if answers.has_several_skills() && self.lists.is_none() {
            self.lists = Some(SkillLists::of_single(self));
        }
        if let Some(lists) = &mut self.lists {
            lists.append(answers.iter().map(|a| a.skills));
        }
        if answers.has_items() && self.items.is_none() {
            self.items = Some(RowItems { own: vec![0; before], next: vec![0; before] });
        }
        if let Some(items) = &mut self.items {
            items.own.extend((0..steps).map(|t| answers.item(t)));
            items.next.extend((1..=steps).map(|t| answers.item(t)));
        }
        self.skill.extend((0..steps).map(|t| answers.skill(t)));
        self.response.extend_from_slice(&answers.responses()[..steps]);
        self.next_skill.extend((1..=steps).map(|t| answers.skill(t)));
        self.next_response.extend_from_slice(&answers.responses()[1..]);
        self.position.extend(0..steps as u32);
        self.offsets.push(self.skill.len() as u32);
    }

    /// Appends one window whose answers have one skill each and whose items are unknown.
    pub fn push_skills(&mut self, skills: &[u32], responses: &[u8]) {
        self.push(&Answers::of_skills(skills.to_vec(), responses.to_vec()));
    }

    /// Skills of the answer of `row`; each has the share 1 / their number.
    pub fn skills(&self, row: usize) -> &[u32] {
        match &self.lists {
            Some(lists) => lists.of(lists.own[row]),
            None => std::slice::from_ref(&self.skill[row]),
        }
    }

    /// Skills of the answer asked after `row`.
    pub fn next_skills(&self, row: usize) -> &[u32] {
        match &self.lists {
            Some(lists) => lists.of(lists.next[row]),
            None => std::slice::from_ref(&self.next_skill[row]),
        }
    }

    /// Number of rows N.
    pub fn rows(&self) -> usize {
        self.skill.len()
    }

    /// Number of windows W.
    pub fn windows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Row range of window `w`.
    pub fn range(&self, w: usize) -> std::ops::Range<usize> {
        self.offsets[w] as usize..self.offsets[w + 1] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_all_skills_and_items_of_their_own_and_the_next_answer() {
        let mut batch = RaggedBatch::default();
        batch.push_skills(&[5, 6, 7], &[1, 0, 1]);
        assert!(batch.lists.is_none() && batch.items.is_none());
        let mut answers = Answers::default();
        answers.push(&[0], 3, 1);
        answers.push(&[1, 2], 0, 0);
        answers.push(&[0, 4], 9, 1);
        batch.push(&answers);
        batch.push_skills(&[8, 9], &[0, 0]);
        let own: Vec<_> = (0..batch.rows()).map(|row| batch.skills(row).to_vec()).collect();
        let next: Vec<_> = (0..batch.rows()).map(|row| batch.next_skills(row).to_vec()).collect();
        assert_eq!(own, [vec![5], vec![6], vec![0], vec![1, 2], vec![8]]);
        assert_eq!(next, [vec![6], vec![7], vec![1, 2], vec![0, 4], vec![9]]);
        let items = batch.items.unwrap();
        assert_eq!(items.own, [0, 0, 3, 0, 0]);
        assert_eq!(items.next, [0, 0, 0, 9, 0]);
        assert_eq!((batch.offsets, batch.next_skill), (vec![0, 2, 4, 5], vec![6, 7, 1, 0, 9]));
    }
}
