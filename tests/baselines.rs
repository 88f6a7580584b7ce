//! The baselines, against figures found elsewhere and against what they were made to find.

use std::path::Path;

use gainakt::config::Config;
use gainakt::data::{Answers, Corpus, Dataset, RowKind, Skill, Student, simulate};
use gainakt::evaluate::{Baseline, SkillTracing, baselines, calibration_error, parts, within_skills};
use gainakt::experiment::load_corpus;

fn of<'a>(rows: &'a [Baseline], name: &str) -> &'a Baseline {
    rows.iter().find(|r| r.name == name).unwrap()
}

/// ASSIST2015, test set, fold 0: MODEL §9. Its PFA (0.690) does not say how it treats long histories; the paper's formula
/// gives 0.684, and within skills the same.
#[test]
fn assist2015_figures_are_those_found_elsewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/assist2015");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    }
    let mut config = Config::preset("assist2015_small").unwrap();
    let file = |name: &str| Some(folder.join(name).display().to_string());
    config.data.path = file("train_valid_sequences.csv.gz");
    config.data.test_path = file("test_sequences.csv.gz");
    let corpus = load_corpus(&config).unwrap();
    let [train, _, test] = parts(&config, &corpus).unwrap();
    let rows = baselines(&corpus, &train, &test);
    for row in &rows {
        eprintln!("{:<12} AUC {:.4} within {:.4}", row.name, row.auc.unwrap(), row.within_skills.unwrap());
    }
    for (name, auc, within) in
        [("skill mean", 0.642, 0.5), ("PFA", 0.684, 0.630), ("BKT", 0.700, 0.638), ("BKT, P(L)", 0.664, 0.0)]
    {
        let row = of(&rows, name);
        assert!((row.auc.unwrap() - auc).abs() < 0.003, "{name}: {row:?}, expected AUC {auc}");
        assert!(within == 0.0 || (row.within_skills.unwrap() - within).abs() < 0.004, "{name}: {row:?}");
    }
}

#[test]
fn the_ideal_observer_is_the_best_and_knows_the_truth() {
    let (dataset, truth) = simulate(300, 7);
    let corpus = Corpus { truth: Some(truth), ..Corpus::from_dataset(&dataset, 200, RowKind::Skill) };
    let config = Config::preset("demo").unwrap();
    let [train, validation, test] = parts(&config, &corpus).unwrap();
    let rows = baselines(&corpus, &train, &[validation, test].concat());
    let ideal = of(&rows, "ideal observer");
    for other in ["skill mean", "PFA", "BKT"] {
        assert!(ideal.auc > of(&rows, other).auc, "{other}: {rows:?}");
    }
    let truth = ideal.truth.unwrap();
    assert!(truth.correlation.unwrap() > 0.85 && truth.rmse.unwrap() < 0.2, "{truth:?}");
    assert!(ideal.calibration_error.unwrap() < 0.04, "{ideal:?}");
    // What has no mastery of its own says nothing of the truth.
    assert!(of(&rows, "PFA").truth.is_none());
}

/// Students of one skill who follow known parameters: tracing finds them again.
#[test]
fn tracing_finds_the_parameters_answers_were_made_with() {
    use rand::{RngExt as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let (known, learn, guess, slip) = (0.3, 0.15, 0.2, 0.1);
    let students = (0..4000).map(|i| {
        let mut answers = Answers::default();
        let mut knows = rng.random::<f64>() < known;
        for _ in 0..15 {
            let chance = if knows { 1.0 - slip } else { guess };
            answers.push(&[0], 0, u8::from(rng.random::<f64>() < chance));
            knows |= rng.random::<f64>() < learn;
        }
        Student { id: i.to_string(), answers, ..Student::default() }
    });
    let skill = Skill { id: "0".to_owned(), name: "0".to_owned() };
    let dataset =
        Dataset { skills: vec![skill], students: students.collect(), max_skills_per_answer: 1, ..Dataset::default() };
    let corpus = Corpus::from_dataset(&dataset, 20, RowKind::Skill);
    let windows: Vec<_> = corpus.windows.iter().collect();
    let found = SkillTracing::learn(&windows, 1).skills[0];
    for (name, found, made) in [
        ("known", found.known, known),
        ("learn", found.learn, learn),
        ("guess", found.guess, guess),
        ("slip", found.slip, slip),
    ] {
        assert!((found - made).abs() < 0.03, "{name}: {found}, made with {made}");
    }
}

#[test]
fn within_skills_nothing_is_won_by_knowing_which_skills_are_easy() {
    let targets = [true, true, true, false, true, false, false, false];
    let skills = [0, 0, 0, 0, 1, 1, 1, 1];
    let answers = Answers::of_skills(skills.to_vec(), targets.map(u8::from).to_vec());
    let easy: Vec<f64> = skills.iter().map(|&k| if k == 0 { 0.75 } else { 0.25 }).collect();
    assert_eq!(within_skills(&easy, &answers), Some(0.5));
    assert_eq!(calibration_error(&easy, &targets), Some(0.0));
    let right: Vec<f64> = targets.iter().map(|&t| f64::from(u8::from(t))).collect();
    assert_eq!(within_skills(&right, &answers), Some(1.0));
    assert_eq!(within_skills(&[0.5], &Answers::of_skills(vec![0], vec![1])), None);
    assert_eq!(calibration_error(&[], &[]), None);
}
