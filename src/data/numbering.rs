//! Ids by number: students and raw skills in order of appearance, then the skills and items of the students who are kept in order
//! of first use.

use std::collections::HashMap;

use super::students::{Dataset, Skill, Student};

/// The item of a row that names none.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// Ids by number, in order of first appearance.
#[derive(Default)]
pub(super) struct Interner {
    pub(super) index: HashMap<String, u32>,
}

impl Interner {
    pub(super) fn get(&mut self, text: &str) -> u32 {
        if let Some(&i) = self.index.get(text) {
            return i;
        }
        let next = self.index.len() as u32;
        self.index.insert(text.to_owned(), next);
        next
    }

    pub(super) fn into_list(self) -> Vec<String> {
        let mut list = vec![String::new(); self.index.len()];
        for (text, i) in self.index {
            list[i as usize] = text;
        }
        list
    }
}

/// Numbers skills and items in order of first use by a kept student.
pub(super) struct Build {
    pub(super) split: SkillSplit,
    pub(super) names: HashMap<u32, String>,
    pub(super) items: Vec<String>,
    pub(super) item_map: HashMap<u32, u32>,
    pub(super) dataset: Dataset,
    /// Whether ids had `_` and `,` taken out as pykt does, which names for people have again.
    pub(super) separators_replaced: bool,
    /// Skills of the answer that is being added.
    pub(super) skills: Vec<u32>,
}

impl Build {
    pub(super) fn add(&mut self, student: &mut Student, raw_skill: u32, item: Option<u32>, response: u8) {
        let item = item.filter(|&raw| raw != UNKNOWN).map_or(0, |raw| {
            *self.item_map.entry(raw).or_insert_with(|| {
                self.dataset.items.push(self.items[raw as usize].clone());
                self.dataset.items.len() as u32
            })
        });
        let pieces = &self.split.pieces[raw_skill as usize];
        self.dataset.max_skills_per_answer = self.dataset.max_skills_per_answer.max(pieces.len());
        self.skills.clear();
        for &piece in pieces {
            let slot = &mut self.split.assigned[piece as usize];
            let skill =
                *slot.get_or_insert_with(|| {
                    let id = self.split.ids[piece as usize].clone();
                    let name =
                        self.names.get(&raw_skill).filter(|_| pieces.len() == 1).cloned().unwrap_or_else(|| {
                            if self.separators_replaced { with_separators(&id) } else { id.clone() }
                        });
                    self.dataset.skills.push(Skill { id, name });
                    (self.dataset.skills.len() - 1) as u32
                });
            self.skills.push(skill);
        }
        student.answers.push(&self.skills, item, response);
    }
}

/// Skills written as `a_b`: which single skills a written one stands for.
pub(super) struct SkillSplit {
    /// Whether this file's skills are split at all.
    pub(super) splits: bool,
    pub(super) ids: Vec<String>,
    pub(super) pieces: Vec<Vec<u32>>,
    pub(super) assigned: Vec<Option<u32>>,
}

impl SkillSplit {
    /// pykt splits at `_` where the file has items too. Without items only ids joined from whole
    /// numbers are split, so that a name like `long_division` stays one skill.
    pub(super) fn of(written: &[String], has_items: bool) -> Self {
        let numeric = |s: &String| s.split('_').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        let joined = written.iter().any(|s| s.contains('_') && numeric(s));
        let splits = has_items || joined;
        let mut ids = Interner::default();
        let pieces: Vec<Vec<u32>> = written
            .iter()
            .map(|s| match splits && (has_items || numeric(s)) {
                true => s.split('_').map(|p| ids.get(p)).collect(),
                false => vec![ids.get(s)],
            })
            .collect();
        let ids = ids.into_list();
        Self { splits, assigned: vec![None; ids.len()], ids, pieces }
    }
}

/// `_` for `####` and `,` for `@@@@`.
fn with_separators(id: &str) -> String {
    id.replace("####", "_").replace("@@@@", ",")
}
