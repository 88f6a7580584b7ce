//! One moment of one student in detail: attention of the heads, and the chance of every possible next exercise.

use super::evidence::Explanation;

/// The last row of a window, looked at closely.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Inspection {
    /// p(right) of each skill, were it asked next.
    pub next: Vec<f32>,
    /// Standard deviation of that chance (MODEL §11), where it was asked for and the model tells it; else empty.
    #[serde(default)]
    pub deviation: Vec<f32>,
    /// How much each head looks at each row of the window, `[blocks][heads][rows]`: softmax of q·k/√width (MODEL §2).
    pub attention: Vec<Vec<Vec<f32>>>,
    /// What mastery is made of, where that can be told exactly (evidence model).
    #[serde(default)]
    pub evidence: Option<Explanation>,
}

impl Inspection {
    /// Attention of one head of a block by row, or the mean of its heads; empty where there is no such block or head.
    pub fn weights(&self, block: usize, head: Option<usize>) -> Vec<f32> {
        let Some(heads) = self.attention.get(block) else { return Vec::new() };
        match head {
            Some(head) => heads.get(head).cloned().unwrap_or_default(),
            None => {
                let rows = heads.first().map_or(0, Vec::len);
                (0..rows).map(|t| heads.iter().map(|h| h[t]).sum::<f32>() / heads.len() as f32).collect()
            }
        }
    }
}
