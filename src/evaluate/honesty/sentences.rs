//! The measures in sentences, for a teacher.

use super::Honesty;
use crate::evaluate::certainty::Coverage;
use crate::evaluate::{TruthAgreement, TruthOf, percent};

impl Honesty {
    /// One sentence a measure: what was asked, and what it says.
    pub fn sentences(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        // Near 80 %, where a teacher would call a skill mastered.
        let distance = |bin: &&super::Reliability| (bin.predicted - 0.8).abs();
        let sure = self.by_prediction.iter().filter(|b| b.answers >= 20);
        let says = sure.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(bin) = says {
            let text = format!("If this model says {}, {} are right.", percent(bin.predicted), percent(bin.correct));
            out.push(("calibration", text));
        }
        if let Some(error) = self.prediction.calibration_error {
            out.push((
                "calibration",
                format!("Averaged over all its predictions, it is off by {:.1} points.", 100.0 * error),
            ));
        }
        if let Some(within) = self.prediction.within_skills {
            let mut text = format!(
                "Of two answers to the same skill, one right and one wrong, it ranks them correctly {} of the time",
                percent(within)
            );
            match self.mastery.and_then(|m| m.within_skills) {
                Some(mastery) if (mastery - within).abs() >= 0.001 => {
                    text += &format!("; by its mastery alone, {} (guessing: 50 %).", percent(mastery));
                }
                Some(_) => text += ", and so does its mastery, which is the prediction (guessing: 50 %).",
                None => text += " (guessing: 50 %).",
            }
            out.push(("within skills", text));
        }
        if let Some(within) = self.prediction.within_items {
            let text = format!(
                "Of two answers to the same item, one right and one wrong, it ranks them correctly {} of the time (guessing: \
                 50 %).",
                percent(within)
            );
            out.push(("within items", text));
        }
        if let Some(flip) = self.flip {
            let text = format!(
                "Changing the last answer from wrong to right raises the skill's mastery in {} of cases.",
                percent(flip)
            );
            out.push(("flip test", text));
        }
        if let (Some(swapped), Some(mean), Some(auc)) =
            (self.swapped_auc, self.skill_mean_auc, self.mastery.and_then(|m| m.auc))
        {
            let text = format!(
                "With another student's mastery, the AUC drops from {auc:.3} to {swapped:.3}; knowing only how hard each skill is gives {mean:.3}."
            );
            out.push(("swap test", text));
        }
        if let Some(drift) = self.drift {
            let text = format!(
                "An answer moves the mastery of skills it did not involve by {:.1} points on average.",
                100.0 * drift
            );
            out.push(("stability", text));
        }
        if let Some(truth) = self.truth
            && let (Some(correlation), Some(rmse)) = (truth.correlation, truth.rmse)
        {
            let text = format!(
                "Its mastery has a correlation of {correlation:.2} with the true mastery and is off by {:.0} points.",
                100.0 * rmse
            );
            out.push(("truth", text));
            out.extend(practised_apart(&truth).map(|text| ("truth", text)));
        }
        if let Some(coverage) = &self.coverage {
            out.push(("how sure", sure_words(coverage)));
        }
        if let Some(all) = self.what_ifs.first() {
            let text = format!(
                "It predicted that a right answer instead of a wrong one would raise the chance of the next answer to that skill by \
                 {:.1} points on average; the actual difference was {:.1}.",
                100.0 * all.said,
                100.0 * all.came
            );
            out.push(("what if", text));
        }
        if let Some(items) = self.items {
            let text = format!(
                "Of {} items with enough answers to judge, {} do not fit: their answers differ from what the model expects (3 in 1,000 \
                 would by chance).",
                items.judged, items.misfits
            );
            out.push(("items", text));
            if let Some(correlation) = items.difficulty_correlation {
                out.push((
                    "items",
                    format!("The difficulties it learned have a correlation of {correlation:.2} with the true ones."),
                ));
            }
        }
        out
    }
}

/// Why skills never practised must be told apart, where there are any.
fn practised_apart(truth: &TruthAgreement) -> Option<String> {
    let (practised, never) = (truth.practised, truth.never_practised);
    let correlation = |of: TruthOf| of.correlation.map_or("–".to_owned(), |c| format!("{c:.2}"));
    Some(format!(
        "For skills the student has practised it is off by {:.0} points (correlation {}), for skills never practised by {:.0} \
         (correlation {}). The latter are {:.0} points too {} on average, because in training a skill was only asked when it was due.",
        100.0 * practised.rmse?,
        correlation(practised),
        100.0 * never.rmse?,
        correlation(never),
        100.0 * never.bias?.abs(),
        if never.bias? >= 0.0 { "high" } else { "low" },
    ))
}

/// How the 80 % band holds.
fn sure_words(coverage: &Coverage) -> String {
    let held = |share: f64| coverage.bands.iter().find(|b| (b.share - share).abs() < 1e-9);
    let (eighty, wide) = (held(0.8).copied().unwrap_or_default(), held(0.95).copied().unwrap_or_default());
    format!(
        "Its 80\u{a0}% band contains the true chance of a practised skill in {} of cases and is {:.0} points wide; the 95\u{a0}% band \
         contains it in {}.",
        percent(eighty.held),
        100.0 * eighty.width,
        percent(wide.held)
    )
}
