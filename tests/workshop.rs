//! The workshop's promises: the same numbers as the terminal gives, an answer to everything, a run that obeys.

use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

use gainakt::config::Config;
use gainakt::evaluate::Trajectory;
use gainakt::platform::device::DeviceChoice;
use gainakt::platform::spawn_owner;
use gainakt::train::{Command, Message};
use gainakt::workshop::{Answers, Ask, Export, Lens, Source, SubjectInfo, Tell, Teller, TrainOrder, serve};

/// A workshop on a thread of its own.
struct Shop {
    asks: async_channel::Sender<Ask>,
    tells: async_channel::Receiver<Tell>,
}

impl Shop {
    fn new() -> Self {
        let (asks, heard) = async_channel::unbounded();
        let (tell, tells) = async_channel::unbounded();
        spawn_owner("workshop", move || serve(heard, Teller::new(tell, || {}))).unwrap();
        Self { asks, tells }
    }

    fn ask(&self, ask: Ask) {
        self.asks.try_send(ask).unwrap();
    }

    /// What is told next that `fits`.
    fn until<T>(&self, fits: impl Fn(Tell) -> Option<T>) -> T {
        let wait = futures_lite::future::or(
            async {
                loop {
                    let tell = self.tells.recv().await.unwrap();
                    if let Tell::Failed { doing, problem } = &tell {
                        eprintln!("{doing}: {problem}");
                    }
                    if let Some(found) = fits(tell) {
                        return Some(found);
                    }
                }
            },
            async {
                blocking_sleep(Duration::from_secs(180)).await;
                None
            },
        );
        futures_lite::future::block_on(wait).expect("the workshop did not answer")
    }

    fn open(&self, source: Source) -> Box<SubjectInfo> {
        self.ask(Ask::Open(source));
        self.until(|t| if let Tell::Opened(info) = t { Some(info) } else { None })
    }

    fn student(&self, student: u32) -> Trajectory {
        self.ask(Ask::Student { student, with: None });
        self.until(|t| match t {
            Tell::Student { student: s, lens: Lens::Main, path } if s == student => Some(*path),
            _ => None,
        })
    }

    fn failed(&self) -> (String, String) {
        self.until(|t| if let Tell::Failed { doing, problem } = t { Some((doing, problem)) } else { None })
    }
}

async fn blocking_sleep(time: Duration) {
    let (done, wait) = async_channel::bounded::<()>(1);
    std::thread::spawn(move || {
        std::thread::sleep(time);
        drop(done);
    });
    let _ = wait.recv().await;
}

fn order(out: &Path, epochs: usize) -> Ask {
    let mut config = Config::preset("demo").unwrap();
    config.data.simulated_students = 60;
    config.training.epochs = epochs as _;
    config.model_config.d_model = 16;
    config.model_config.d_ff = 24;
    Ask::Train(Box::new(TrainOrder {
        config,
        device: DeviceChoice::Cpu,
        out: out.to_owned(),
        title: "test".to_owned(),
        resume: None,
    }))
}

fn ended(tell: Tell) -> Option<Result<String, String>> {
    if let Tell::RunEnded(how) = tell { Some(how) } else { None }
}

#[test]
fn the_window_shows_the_numbers_that_explain_prints() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::new();
    shop.ask(order(folder.path(), 2));
    let run = shop.until(|t| if let Tell::RunBegan { folder, .. } = t { Some(folder) } else { None });
    shop.until(ended).unwrap();
    let info = shop.open(Source::Run(run.clone()));
    for student in [0, 7] {
        let shown = shop.student(student);
        let print = |format: &str| {
            let id = &info.students[student as usize].id;
            let args = ["explain", "--student", id, "--format", format, "--device", "cpu"];
            let out = Process::new(env!("CARGO_BIN_EXE_gainakt")).args(args).arg(&run).output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout).unwrap()
        };
        assert_eq!(shown.to_csv(), print("csv"));
        assert_eq!(shown, serde_json::from_str::<Trajectory>(&print("json")).unwrap());
    }
}

#[test]
fn answers_tried_out_are_read_like_real_ones() {
    let shop = Shop::new();
    let info = shop.open(Source::Embedded);
    let student = info.students.iter().position(|s| (10..40).contains(&s.answers)).unwrap() as u32;
    let path = shop.student(student);
    let first = path.steps.iter().take_while(|s| s.window == 0);
    let (skills, responses) = first.map(|s| (s.skill, s.response)).unzip();
    shop.ask(Ask::WhatIf { ticket: 9, answers: Answers { skills, responses } });
    let steps = shop.until(|t| if let Tell::WhatIf { ticket: 9, steps } = t { Some(steps) } else { None });
    for (tried, real) in steps.iter().zip(&path.steps) {
        assert_eq!((&tried.mastery, &tried.gain, tried.prediction), (&real.mastery, &real.gain, real.prediction));
    }
    assert_eq!(steps.len(), path.steps.len());
}

#[test]
fn training_goes_on_under_questions_and_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::new();
    shop.ask(order(folder.path(), 400));
    let run = shop.until(|t| if let Tell::RunBegan { folder, .. } = t { Some(folder) } else { None });
    let untrained = shop.student(3);
    let epoch = |t: Tell| match t {
        Tell::Run(message) => {
            if let Message::Epoch(row) = *message {
                Some(row.epoch)
            } else {
                None
            }
        }
        _ => None,
    };
    shop.until(epoch);
    let learned = shop.until(|t| match t {
        Tell::Student { student: 3, path, .. } if *path != untrained => Some(path),
        _ => None,
    });
    assert_eq!(learned.steps.len(), untrained.steps.len(), "the student followed is told again after an epoch");
    shop.ask(order(folder.path(), 1));
    assert!(shop.failed().1.contains("under way"));
    shop.ask(Ask::Command(Command::Pause));
    shop.until(|t| matches!(t, Tell::Ordered(Command::Pause)).then_some(()));
    shop.student(5);
    shop.ask(Ask::Command(Command::Resume));
    shop.until(epoch);
    shop.ask(Ask::Command(Command::Stop));
    assert!(shop.until(ended).unwrap().contains("stopped"));
    let mut more = order(folder.path(), 400);
    if let Ask::Train(order) = &mut more {
        order.resume = Some(run.clone());
    }
    shop.ask(more);
    let again = shop.until(|t| if let Tell::RunBegan { folder, .. } = t { Some(folder) } else { None });
    assert_eq!(again, run);
    assert!(shop.until(epoch) > 1, "a stopped run goes on where it was");
    shop.ask(Ask::Command(Command::Stop));
    shop.until(ended).unwrap();
}

#[test]
fn a_run_that_fails_is_told_in_words_and_leaves_the_rest_alive() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::new();
    shop.ask(order(folder.path(), 400));
    let run = shop.until(|t| if let Tell::RunBegan { folder, .. } = t { Some(folder) } else { None });
    shop.until(|t| if let Tell::Weights { about } = t { Some(about) } else { None });
    // Its checkpoints have no place any more.
    std::fs::rename(&run, folder.path().join("elsewhere")).unwrap();
    let problem = shop.until(ended).unwrap_err();
    assert!(problem.contains("No such file"), "{problem}");
    assert_eq!(shop.student(2).student, "S003");
    shop.ask(order(folder.path(), 1));
    shop.until(ended).unwrap();
}

#[test]
fn whatever_fails_is_told_in_words_and_the_workshop_lives() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::new();
    let missing = folder.path().join("missing");
    for (ask, about) in [
        (Ask::Student { student: 0, with: None }, "nothing is open"),
        (Ask::Open(Source::Checkpoint(missing.clone())), "needs data"),
        (Ask::Open(Source::Run(missing.clone())), "missing"),
        (Ask::Inspect(missing.clone()), "missing"),
        (Ask::CompareRuns([missing.clone(), missing.clone()]), "missing"),
        (Ask::Save(missing.join("there/x.csv"), Export::Text(String::new())), "x.csv"),
        (Ask::Save(folder.path().join("x.png"), Export::Png("no svg".to_owned())), ""),
    ] {
        let asked = format!("{ask:?}");
        shop.ask(ask);
        let (doing, problem) = shop.failed();
        assert!(problem.contains(about) && !doing.is_empty(), "{asked}: {problem}");
    }
    assert!(!folder.path().join("x.png").exists(), "half-written");
    shop.open(Source::Embedded);
    shop.ask(Ask::Student { student: 1_000_000, with: None });
    assert!(shop.failed().1.contains("no student"));
    shop.ask(Ask::Command(Command::Pause));
    assert_eq!(shop.student(0).student, "S001");
}
