//! The chance of a correct answer were each skill asked after each row, in one pass over the prediction head.
//!
//! Its first layer reads context, value and the skill asked side by side, so what it makes of the streams and of the skill
//! are two sums that are added: N + C products instead of N·C.

use rayon::prelude::*;

use crate::ops::LinearOffsets;
use crate::ops::cpu::lanes::{sigmoid, vectorised};
use crate::ops::cpu::product::{Matrix, product};

/// The prediction head and the skills' embeddings on the host.
pub(super) struct PredictionHead {
    /// First layer `[F, 3·D]` with its bias `[F]`, second layer `[1, F]` with its bias.
    pub params: [Vec<f32>; 4],
    /// E_concept `[C, D]`.
    pub concepts: Vec<f32>,
    /// Width of a stream, D.
    pub width: usize,
}

impl PredictionHead {
    /// Places of the head's weights and biases among the parameters: first element and number of values of each.
    pub(super) fn places([first, second]: [LinearOffsets; 2]) -> [(usize, usize); 4] {
        let of = |at: LinearOffsets| [(at.weight, at.inputs * at.outputs), (at.bias, at.outputs)];
        let ([a, b], [c, d]) = (of(first), of(second));
        [a, b, c, d]
    }

    /// Chances `[N, C]` after rows with these streams `[N, D]`.
    pub(super) fn chances(&self, ctx: &[f32], val: &[f32]) -> Vec<f32> {
        let [of_rows, of_skills] = self.sums(ctx, val);
        let (f, skills) = (self.features(), self.concepts.len() / self.width);
        let mut chances = vec![0.0; ctx.len() / self.width * skills];
        chances.par_chunks_mut(skills.max(1)).zip(of_rows.par_chunks(f)).for_each(|(chances, row)| {
            vectorised!({
                for (chance, skill) in chances.iter_mut().zip(of_skills.chunks_exact(f)) {
                    *chance = self.chance(row, skill);
                }
            });
        });
        chances
    }

    /// The chance of one skill after each row, `[N]`.
    pub(super) fn chances_of(&self, ctx: &[f32], val: &[f32], skills: impl Iterator<Item = usize>) -> Vec<f32> {
        let [of_rows, of_skills] = self.sums(ctx, val);
        let f = self.features();
        let chance = |(row, skill): (&[f32], usize)| self.chance(row, &of_skills[skill * f..][..f]);
        of_rows.chunks_exact(f).zip(skills).map(chance).collect()
    }

    /// Features of the first layer, F.
    fn features(&self) -> usize {
        self.params[1].len()
    }

    /// What the first layer makes of rows `[N, F]` and, with its bias, of skills `[C, F]`.
    fn sums(&self, ctx: &[f32], val: &[f32]) -> [Vec<f32>; 2] {
        let [weight, bias, ..] = &self.params;
        let (d, f) = (self.width, self.features());
        let of_part = |x: &[f32], part: usize, into: &mut [f32], add: bool| {
            let count = x.len() / d;
            let weight = Matrix::new(&weight[part * d..], f, d, 3 * d).transposed();
            product(into, f, add, 1.0, Matrix::new(x, count, d, d), weight);
        };
        let mut of_rows = vec![0.0; ctx.len() / d * f];
        of_part(ctx, 0, &mut of_rows, false);
        of_part(val, 1, &mut of_rows, true);
        let mut of_skills = vec![0.0; self.concepts.len() / d * f];
        of_part(&self.concepts, 2, &mut of_skills, false);
        of_skills.chunks_exact_mut(f).for_each(|s| s.iter_mut().zip(bias).for_each(|(s, b)| *s += b));
        [of_rows, of_skills]
    }

    #[inline(always)]
    fn chance(&self, row: &[f32], skill: &[f32]) -> f32 {
        let [.., out, out_bias] = &self.params;
        let logit: f32 = row.iter().zip(skill).zip(out).map(|((r, s), w)| (r + s).max(0.0) * w).sum();
        sigmoid(logit + out_bias[0])
    }
}
