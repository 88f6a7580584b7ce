//! The class as a whole: who struggles, what is weak, and where the middle is.

use serde::{Deserialize, Serialize};

use super::metrics::percentile;
use super::survey::StudentSummary;
use super::trajectory::close;
use crate::data::{RaggedBatch, Window};
use crate::error::Result;
use crate::model::Model;

/// Windows in one forward pass.
const WINDOWS: usize = 64;

/// Students and skills of a class, those in need first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClassOrder {
    /// Places in the list of summaries, least mastery (or chance, [`StudentSummary::drawn`]) of the skills practised first.
    pub students: Vec<usize>,
    /// Skill, mean final mastery or chance of those who practised it, and how many did; the weakest first, then those nobody
    /// practised.
    pub skills: Vec<(u32, f32, u32)>,
}

impl ClassOrder {
    /// Orders `summaries`, of a class with `skills` skills; students of whom the model says nothing are left out.
    pub fn new(summaries: &[Option<StudentSummary>], skills: usize) -> Self {
        let mean = |(i, summary): (usize, &Option<StudentSummary>)| Some((summary.as_ref()?.final_mean()?, i));
        let mut ranked: Vec<(f32, usize)> = summaries.iter().enumerate().filter_map(mean).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let students: Vec<usize> = ranked.into_iter().map(|(_, i)| i).collect();
        let mut sums = vec![(0.0f64, 0u32); skills];
        for summary in students.iter().filter_map(|&i| summaries[i].as_ref()) {
            for (c, sum) in sums.iter_mut().enumerate().filter(|(c, _)| summary.attempts[*c] > 0) {
                sum.0 += f64::from(summary.drawn()[c]);
                sum.1 += 1;
            }
        }
        let mean = |(c, (sum, count)): (usize, (f64, u32))| (c as u32, (sum / f64::from(count.max(1))) as f32, count);
        let mut skills: Vec<(u32, f32, u32)> = sums.into_iter().enumerate().map(mean).collect();
        skills.sort_by(|a, b| (a.2 == 0).cmp(&(b.2 == 0)).then(a.1.total_cmp(&b.1)));
        Self { students, skills }
    }
}

/// Quartiles of mastery over students, by answers given: where a student stands in the class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassQuartiles {
    /// Students the quartiles are over.
    pub students: usize,
    /// By answers given (less one), then by skill: lower quartile, median, upper quartile; as far as a fifth of the
    /// students, and at least four, got.
    pub quartiles: Vec<Vec<[f32; 3]>>,
}

/// The course of a class of students, by the first window of each.
///
/// # Errors
/// The device fails.
pub async fn class_quartiles(model: &mut Model, windows: &[&Window]) -> Result<ClassQuartiles> {
    let skills = model.config().num_c;
    let mut paths: Vec<Vec<f32>> = Vec::with_capacity(windows.len());
    for part in windows.chunks(WINDOWS) {
        let mut batch = RaggedBatch::default();
        part.iter().for_each(|w| close(&mut batch, &w.answers));
        let ranges: Vec<_> = (0..batch.windows()).map(|w| batch.range(w)).collect();
        let (_, mastery) = model.survey(batch).await?;
        if mastery.is_empty() {
            return Ok(ClassQuartiles::default());
        }
        paths.extend(ranges.into_iter().map(|r| mastery[r.start * skills..r.end * skills].to_vec()));
        crate::platform::yield_now().await;
    }
    let enough = (paths.len() / 5).max(4);
    let mut quartiles = Vec::new();
    let mut values = Vec::with_capacity(paths.len());
    for t in 0.. {
        let there: Vec<&[f32]> = paths.iter().filter_map(|p| p.get(t * skills..(t + 1) * skills)).collect();
        if there.len() < enough {
            break;
        }
        let of_skill = |c: usize| {
            values.clear();
            values.extend(there.iter().map(|row| f64::from(row[c])));
            values.sort_unstable_by(f64::total_cmp);
            [25.0, 50.0, 75.0].map(|percent| percentile(&values, percent) as f32)
        };
        quartiles.push((0..skills).map(of_skill).collect());
    }
    Ok(ClassQuartiles { students: paths.len(), quartiles })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_are_ordered_by_chance_where_there_is_no_mastery() {
        let student = |chance: [f32; 2]| {
            let (chance, attempts) = (chance.to_vec(), vec![1, 0]);
            Some(StudentSummary { chance, attempts, ..StudentSummary::default() })
        };
        // The second skill, which nobody practised, does not count.
        let order = ClassOrder::new(&[student([0.75, 0.0]), None, student([0.25, 1.0])], 2);
        assert_eq!(order.students, [2, 0]);
        assert_eq!(order.skills, [(0, 0.5, 2), (1, 0.0, 0)]);
    }
}
