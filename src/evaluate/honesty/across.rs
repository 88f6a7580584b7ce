//! Stability across runs: whether two trainings believe the same of the same students.

use crate::evaluate::correlation;

/// How far several runs agree on the mastery of the skills asked, answer by answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Agreement {
    /// Mean absolute difference over answers and pairs of runs.
    pub difference: f64,
    /// Mean correlation over pairs of runs; `None` where one is constant.
    pub correlation: Option<f64>,
}

/// The agreement of two or more runs, each given by its mastery of the same answers; `None` of fewer, or of none.
pub fn agreement(masteries: &[Vec<f64>]) -> Option<Agreement> {
    let answers = masteries.first()?.len();
    if masteries.len() < 2 || answers == 0 || masteries.iter().any(|m| m.len() != answers) {
        return None;
    }
    let pairs: Vec<(&Vec<f64>, &Vec<f64>)> =
        (0..masteries.len()).flat_map(|i| (0..i).map(move |j| (&masteries[i], &masteries[j]))).collect();
    let apart =
        |(a, b): &(&Vec<f64>, &Vec<f64>)| a.iter().zip(*b).map(|(a, b)| (a - b).abs()).sum::<f64>() / answers as f64;
    let together: Option<Vec<f64>> = pairs.iter().map(|(a, b)| correlation(a, b)).collect();
    Some(Agreement {
        difference: pairs.iter().map(apart).sum::<f64>() / pairs.len() as f64,
        correlation: together.map(|t| t.iter().sum::<f64>() / t.len() as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_believe_the_same_agree() {
        let a = vec![0.1, 0.5, 0.9];
        let moved: Vec<f64> = a.iter().map(|m| m + 0.05).collect();
        let found = agreement(&[a.clone(), moved]).unwrap();
        assert!((found.difference - 0.05).abs() < 1e-12 && (found.correlation.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(agreement(std::slice::from_ref(&a)), None);
        assert_eq!(agreement(&[a, vec![0.5]]), None);
    }
}
