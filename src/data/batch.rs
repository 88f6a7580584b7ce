//! Ragged batches: the steps of some windows one after another, without padding.

use super::corpus::Window;

/// The steps of W windows as N = Σ steps rows; every vector but `offsets` has N entries.
///
/// Row t of a window holds interaction t as input and interaction t+1 as target (SPEC §1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RaggedBatch {
    /// First row of each window, then N: W+1 entries.
    pub offsets: Vec<u32>,
    /// Skill of the interaction, `q[t]`.
    pub skill: Vec<u32>,
    /// Response of the interaction, `r[t]`.
    pub response: Vec<u8>,
    /// Skill asked next, `q[t+1]`.
    pub next_skill: Vec<u32>,
    /// Response to be predicted, `r[t+1]`.
    pub next_response: Vec<u8>,
    /// t, counted from the window's start.
    pub position: Vec<u32>,
}

impl RaggedBatch {
    /// Lays the windows' steps one after another. Windows without a step are left out.
    pub fn new<'a>(windows: impl IntoIterator<Item = &'a Window>) -> Self {
        let mut batch = Self::default();
        batch.offsets.push(0);
        for window in windows {
            batch.push(&window.skills, &window.responses);
        }
        batch
    }

    /// Appends one window given by its interactions.
    pub fn push(&mut self, skills: &[u32], responses: &[u8]) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        let steps = skills.len().saturating_sub(1);
        if steps == 0 {
            return;
        }
        self.skill.extend_from_slice(&skills[..steps]);
        self.response.extend_from_slice(&responses[..steps]);
        self.next_skill.extend_from_slice(&skills[1..]);
        self.next_response.extend_from_slice(&responses[1..]);
        self.position.extend(0..steps as u32);
        self.offsets.push(self.skill.len() as u32);
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
