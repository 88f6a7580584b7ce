//! From inference to the figures of MODEL §5 and the global alignment pass of §4.

use serde::{Deserialize, Serialize};

use super::calibration::calibration_error;
use super::infer::WindowOutcome;
use super::metrics::{accuracy, auc, correlation, stratified_sample};
use super::scores::{cross_entropy, within_items, within_skills};
use crate::config::ModelKind;
use crate::data::{Answers, Corpus, Window};

/// How far a value may leave its bounds by rounding.
const SLACK: f32 = 1e-6;

/// Fewest steps of a student whose correlations count.
const MIN_STEPS: usize = 3;

/// The figures of one part of the data; `None` where a figure is undefined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Windows measured.
    pub windows: usize,
    /// Scored steps.
    pub steps: usize,
    /// Mean binary cross-entropy.
    pub loss: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Share of right predictions at 0.5.
    pub accuracy: Option<f64>,
    /// AUC of M\[t, q_next\] as a predictor.
    pub mastery_auc: Option<f64>,
    /// AUC of the prediction within skills ([`within_skills`]).
    #[serde(default)]
    pub within_skills: Option<f64>,
    /// The same of M\[t, q_next\].
    #[serde(default)]
    pub mastery_within_skills: Option<f64>,
    /// AUC of the prediction within items ([`within_items`]), where the data have items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_items: Option<f64>,
    /// Expected calibration error of the prediction ([`calibration_error`]).
    #[serde(default)]
    pub calibration_error: Option<f64>,
    /// Answers predicted as wholes, where answers have several skills; 0 elsewhere.
    #[serde(default)]
    pub answers: usize,
    /// AUC over answers: each is predicted by the mean of its skills' chances before it (pykt's "late mean").
    #[serde(default)]
    pub answer_auc: Option<f64>,
    /// Share of answers predicted right at 0.5, in the same way.
    #[serde(default)]
    pub answer_accuracy: Option<f64>,
    /// Share of windows whose mean mastery ever falls.
    pub monotonicity_violation_rate: Option<f64>,
    /// Share of windows with a gain below 0.
    pub negative_gain_rate: Option<f64>,
    /// Share of windows whose mastery leaves 0..1.
    pub bounds_violation_rate: Option<f64>,
    /// Mean correlation of mean mastery with the answers.
    pub mastery_correlation: Option<f64>,
    /// Mean correlation of mean gain with the answers.
    pub gain_correlation: Option<f64>,
    /// Windows those means are over.
    pub correlation_students: usize,
    /// Mean correlation of mean gain with the answers 1, 2 and 3 steps later.
    pub lag_correlations: [Option<f64>; 3],
    /// Correlation of M\[t, q_next\] with the known mastery over all steps, in a simulated class.
    pub truth_correlation: Option<f64>,
}

impl Measure {
    /// The AUC to quote: over whole answers where answers have several skills, since rows of one skill each know the outcome of
    /// the answer's rows before them.
    pub fn headline_auc(&self) -> Option<f64> {
        self.answer_auc.or(self.auc)
    }

    /// The accuracy to quote, likewise.
    pub fn headline_accuracy(&self) -> Option<f64> {
        self.answer_accuracy.or(self.accuracy)
    }

    /// Whether the figures by row are others than those of whole answers.
    pub fn rows_are_parts(&self) -> bool {
        self.answers > 0 && self.answers != self.steps
    }
}

/// Measures `outcomes` of a model of this kind; correlations are those of the first `correlation_students` windows long
/// enough. Violations are of what the kind promises: the evidence model promises only the bounds, for its mastery may fall.
pub fn measure(outcomes: &[WindowOutcome], kind: ModelKind, correlation_students: usize) -> Measure {
    let target: Vec<bool> = outcomes.iter().flat_map(|o| o.target.iter().copied()).collect();
    let mut asked = Answers::default();
    outcomes.iter().for_each(|o| asked.extend(&o.asked));
    let probability = joined(outcomes, |o| &o.probability);
    let mut measure = Measure {
        windows: outcomes.len(),
        steps: target.len(),
        loss: cross_entropy(&probability, &target),
        auc: auc(&probability, &target),
        accuracy: accuracy(&probability, &target),
        within_skills: within_skills(&probability, &asked),
        within_items: within_items(&probability, &asked),
        calibration_error: calibration_error(&probability, &target),
        ..Measure::default()
    };
    let (chances, correct) = whole_answers(outcomes);
    measure.answers = correct.len();
    (measure.answer_auc, measure.answer_accuracy) = (auc(&chances, &correct), accuracy(&chances, &correct));
    if outcomes.iter().all(|o| o.heads.mean_mastery.is_empty()) {
        return measure;
    }
    let mastery = joined(outcomes, |o| &o.heads.next_mastery);
    measure.mastery_auc = auc(&mastery, &target);
    measure.mastery_within_skills = within_skills(&mastery, &asked);
    let share = |violates: &dyn Fn(&WindowOutcome) -> bool| {
        Some(outcomes.iter().filter(|o| violates(o)).count() as f64 / outcomes.len() as f64)
    };
    if kind == ModelKind::GainAkt2Exp {
        let falls = |o: &WindowOutcome| o.heads.mean_mastery.windows(2).any(|m| m[0] - m[1] > SLACK);
        measure.monotonicity_violation_rate = share(&falls);
        measure.negative_gain_rate = share(&|o| o.heads.lowest_gain.iter().any(|&g| g < -SLACK));
    }
    measure.bounds_violation_rate = share(&|o| {
        o.heads.lowest_mastery.iter().any(|&m| m < -SLACK) || o.heads.highest_mastery.iter().any(|&m| m > 1.0 + SLACK)
    });
    let long: Vec<&WindowOutcome> =
        outcomes.iter().filter(|o| o.target.len() >= MIN_STEPS).take(correlation_students).collect();
    let (mastery, gain) = correlations(&long);
    measure.correlation_students = mastery.iter().filter(|c| c.is_some()).count();
    measure.mastery_correlation = mean(&mastery);
    measure.gain_correlation = mean(&gain);
    measure.lag_correlations = [1, 2, 3].map(|lag| lag_correlation(&long, lag));
    measure
}

/// Chance and outcome of every answer as a whole; nothing where every answer has one skill.
fn whole_answers(outcomes: &[WindowOutcome]) -> (Vec<f64>, Vec<bool>) {
    if outcomes.iter().all(|o| o.answers.is_empty()) {
        return Default::default();
    }
    // Windows that are not told of have an answer in each row.
    let rows = |o: &WindowOutcome| if o.answers.is_empty() { o.probability.len() } else { 0 };
    let of_window = |o: &WindowOutcome| {
        let as_rows = o.probability.iter().zip(&o.target).take(rows(o)).map(|(&p, &t)| (f64::from(p), t));
        as_rows.chain(o.answers.iter().map(|a| (f64::from(a.chance), a.correct))).collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of_window).unzip()
}

/// Correlation over all steps of the inferred mastery of the skill asked next with its known mastery;
/// `outcomes` are those of `windows` (each with a step). `None` where nothing is known or the model has no heads.
pub fn truth_correlation(outcomes: &[WindowOutcome], windows: &[&Window], corpus: &Corpus) -> Option<f64> {
    let truth = corpus.truth.as_ref()?;
    let skills = corpus.skills.len();
    let known: Vec<f64> = windows
        .iter()
        .flat_map(|w| {
            let mastery = &truth.mastery[w.student as usize];
            (0..w.steps()).map(move |t| {
                let row = w.first as usize + t;
                let own = w.answers.skills(t + 1);
                let sum: f64 = own.iter().map(|&k| f64::from(mastery[row * skills + k as usize])).sum();
                sum / own.len() as f64
            })
        })
        .collect();
    let inferred = joined(outcomes, |o| &o.heads.next_mastery);
    if inferred.len() == known.len() { correlation(&inferred, &known) } else { None }
}

/// Global mastery and gain correlation of the alignment pass (MODEL §4): means over students drawn evenly from
/// the deciles of length; 0 where none is defined.
pub fn global_alignment(outcomes: &[WindowOutcome], students: usize) -> (f64, f64) {
    let long: Vec<&WindowOutcome> =
        outcomes.iter().filter(|o| o.target.len() >= MIN_STEPS && !o.heads.mean_mastery.is_empty()).collect();
    let lengths: Vec<usize> = long.iter().map(|o| o.target.len()).collect();
    let chosen: Vec<&WindowOutcome> = stratified_sample(&lengths, students).into_iter().map(|i| long[i]).collect();
    let (mastery, gain) = correlations(&chosen);
    (mean(&mastery).unwrap_or(0.0), mean(&gain).unwrap_or(0.0))
}

fn correlations(outcomes: &[&WindowOutcome]) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    outcomes
        .iter()
        .map(|o| {
            let answers: Vec<f64> = o.target.iter().map(|&t| f64::from(u8::from(t))).collect();
            (correlation(&wide(&o.heads.mean_mastery), &answers), correlation(&wide(&o.heads.mean_gain), &answers))
        })
        .unzip()
}

/// Mean over windows of the correlation of mean gain at t with r_next\[t + lag\] (MODEL §3: five steps, three pairs).
fn lag_correlation(outcomes: &[&WindowOutcome], lag: usize) -> Option<f64> {
    let usable = outcomes.iter().filter(|o| o.target.len() >= 5.max(lag + MIN_STEPS));
    let each = usable.map(|o| {
        let gain: Vec<f64> = o.heads.mean_gain[..o.target.len() - lag].iter().map(|&g| f64::from(g)).collect();
        let later: Vec<f64> = o.target[lag..].iter().map(|&t| f64::from(u8::from(t))).collect();
        correlation(&gain, &later)
    });
    mean(&each.collect::<Vec<_>>())
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    let defined: Vec<f64> = values.iter().flatten().copied().collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}

fn joined<'a>(outcomes: &'a [WindowOutcome], column: impl Fn(&'a WindowOutcome) -> &'a Vec<f32>) -> Vec<f64> {
    outcomes.iter().flat_map(|o| column(o).iter().map(|&x| f64::from(x))).collect()
}
