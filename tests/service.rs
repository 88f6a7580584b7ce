//! The service's promises: the same numbers as the terminal gives, an answer to everything, a run that obeys.

use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

use gainakt::config::Config;
use gainakt::data::Answers;
use gainakt::evaluate::Trajectory;
use gainakt::platform::device::DeviceChoice;
use gainakt::platform::spawn_task;
use gainakt::service::{Event, EventSender, Export, ModelRole, OpenedInfo, Request, Source, TrainRequest, serve};
use gainakt::train::{Command, Message};

/// A service on a thread of its own.
struct TestService {
    requests: async_channel::Sender<Request>,
    events_out: async_channel::Receiver<Event>,
}

impl TestService {
    fn new() -> Self {
        let (requests, heard) = async_channel::unbounded();
        let (tell, events_out) = async_channel::unbounded();
        spawn_task("service", move || serve(heard, EventSender::new(tell, || {}))).unwrap();
        Self { requests, events_out }
    }

    fn ask(&self, ask: Request) {
        self.requests.try_send(ask).unwrap();
    }

    /// The next event that `fits`.
    fn until<T>(&self, fits: impl Fn(Event) -> Option<T>) -> T {
        let wait = futures_lite::future::or(
            async {
                loop {
                    let tell = self.events_out.recv().await.unwrap();
                    if let Event::Failed { doing, problem } = &tell {
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
        futures_lite::future::block_on(wait).expect("the service did not answer")
    }

    fn open(&self, source: Source) -> Box<OpenedInfo> {
        self.ask(Request::Open(source));
        self.until(|t| if let Event::Opened(info) = t { Some(info) } else { None })
    }

    fn student(&self, student: u32) -> Trajectory {
        self.ask(Request::Student { student, with: None });
        self.until(|t| match t {
            Event::Student { student: s, role: ModelRole::Main, path } if s == student => Some(*path),
            _ => None,
        })
    }

    fn failed(&self) -> (String, String) {
        self.until(|t| if let Event::Failed { doing, problem } = t { Some((doing, problem)) } else { None })
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

fn order(out: &Path, epochs: usize) -> Request {
    let mut config = Config::preset("demo").unwrap();
    config.data.simulated_students = 60;
    config.training.epochs = epochs as _;
    config.model_config.d_model = 16;
    config.model_config.d_ff = 24;
    Request::Train(Box::new(TrainRequest {
        config,
        device: DeviceChoice::Cpu,
        out: out.to_owned(),
        title: "test".to_owned(),
        resume: None,
    }))
}

fn ended(tell: Event) -> Option<Result<String, String>> {
    if let Event::RunEnded(how) = tell { Some(how) } else { None }
}

#[test]
fn the_window_shows_the_numbers_that_explain_prints() {
    let folder = tempfile::tempdir().unwrap();
    let service = TestService::new();
    service.ask(order(folder.path(), 2));
    let run = service.until(|t| if let Event::RunBegan { folder, .. } = t { Some(folder) } else { None });
    service.until(ended).unwrap();
    let info = service.open(Source::Run(run.clone()));
    for student in [0, 7] {
        let shown = service.student(student);
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
    let service = TestService::new();
    let info = service.open(Source::EMBEDDED);
    let student = info.students.iter().position(|s| (10..40).contains(&s.answers)).unwrap() as u32;
    let path = service.student(student);
    let first = path.steps.iter().take_while(|s| s.window == 0);
    let mut answers = Answers::default();
    first.for_each(|s| answers.push(&[s.skill], 0, s.response));
    service.ask(Request::WhatIf { ticket: 9, answers });
    let steps = service.until(|t| if let Event::WhatIf { ticket: 9, steps } = t { Some(steps) } else { None });
    for (tried, real) in steps.iter().zip(&path.steps) {
        assert_eq!((&tried.mastery, &tried.gain, tried.prediction), (&real.mastery, &real.gain, real.prediction));
    }
    assert_eq!(steps.len(), path.steps.len());
}

#[test]
fn training_goes_on_under_questions_and_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let service = TestService::new();
    service.ask(order(folder.path(), 400));
    let run = service.until(|t| if let Event::RunBegan { folder, .. } = t { Some(folder) } else { None });
    let untrained = service.student(3);
    let epoch = |t: Event| match t {
        Event::Run(message) => {
            if let Message::Epoch(row) = *message {
                Some(row.epoch)
            } else {
                None
            }
        }
        _ => None,
    };
    service.until(epoch);
    let learned = service.until(|t| match t {
        Event::Student { student: 3, path, .. } if *path != untrained => Some(path),
        _ => None,
    });
    assert_eq!(learned.steps.len(), untrained.steps.len(), "the student followed is told again after an epoch");
    service.ask(order(folder.path(), 1));
    assert!(service.failed().1.contains("under way"));
    service.ask(Request::Command(Command::Pause));
    service.until(|t| matches!(t, Event::CommandAccepted(Command::Pause)).then_some(()));
    service.student(5);
    service.ask(Request::Command(Command::Resume));
    service.until(epoch);
    service.ask(Request::Command(Command::Stop));
    assert!(service.until(ended).unwrap().contains("stopped"));
    let mut more = order(folder.path(), 400);
    if let Request::Train(order) = &mut more {
        order.resume = Some(run.clone());
    }
    service.ask(more);
    let again = service.until(|t| if let Event::RunBegan { folder, .. } = t { Some(folder) } else { None });
    assert_eq!(again, run);
    assert!(service.until(epoch) > 1, "a stopped run goes on where it was");
    service.ask(Request::Command(Command::Stop));
    service.until(ended).unwrap();
}

#[test]
fn a_run_that_fails_is_told_in_words_and_leaves_the_rest_alive() {
    let folder = tempfile::tempdir().unwrap();
    let service = TestService::new();
    service.ask(order(folder.path(), 400));
    let run = service.until(|t| if let Event::RunBegan { folder, .. } = t { Some(folder) } else { None });
    service.until(|t| if let Event::Weights { about } = t { Some(about) } else { None });
    // Its checkpoints have no place any more.
    std::fs::rename(&run, folder.path().join("elsewhere")).unwrap();
    let problem = service.until(ended).unwrap_err();
    assert!(problem.contains("No such file"), "{problem}");
    assert_eq!(service.student(2).student, "S003");
    service.ask(order(folder.path(), 1));
    service.until(ended).unwrap();
}

#[test]
fn whatever_fails_is_told_in_words_and_the_workshop_lives() {
    let folder = tempfile::tempdir().unwrap();
    let service = TestService::new();
    let missing = folder.path().join("missing");
    for (ask, about) in [
        (Request::Student { student: 0, with: None }, "nothing is open"),
        (Request::Open(Source::Checkpoint(missing.clone())), "needs data"),
        (Request::Open(Source::Run(missing.clone())), "missing"),
        (Request::Inspect(missing.clone()), "missing"),
        (Request::CompareRuns([missing.clone(), missing.clone()]), "missing"),
        (Request::Save(missing.join("there/x.csv"), Export::Text(String::new())), "x.csv"),
        (Request::Save(folder.path().join("x.png"), Export::Png("no svg".to_owned())), ""),
    ] {
        let asked = format!("{ask:?}");
        service.ask(ask);
        let (doing, problem) = service.failed();
        assert!(problem.contains(about) && !doing.is_empty(), "{asked}: {problem}");
    }
    assert!(!folder.path().join("x.png").exists(), "half-written");
    service.open(Source::EMBEDDED);
    service.ask(Request::Student { student: 1_000_000, with: None });
    assert!(service.failed().1.contains("no student"));
    service.ask(Request::Command(Command::Pause));
    assert_eq!(service.student(0).student, "S001");
}

/// Before anything is trained, a file's format and its first answers are shown as they were understood.
#[test]
fn a_file_is_described_before_it_is_trained_on() {
    let service = TestService::new();
    let mut config = Config::preset("evidence_items").unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/made_up/assist2012.zip");
    config.data.path = Some(archive.display().to_string());
    let describe = |config: &Config| {
        service.ask(Request::CheckData(Box::new(config.clone())));
        service.until(|t| if let Event::Data(found) = t { Some(found) } else { None })
    };
    let report = describe(&config).unwrap();
    assert_eq!(report.format, "ASSISTments 2012");
    assert!(report.students > 0 && report.skills > 0 && report.items > 0);
    assert_eq!(report.first.len(), 4);
    assert!(report.first.iter().all(|a| !a.student.is_empty() && !a.skills.is_empty() && !a.item.is_empty()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.csv");
    std::fs::write(&path, "student,skill,correct\nann,add,1\nann,divide,perhaps\n").unwrap();
    config.data.path = Some(path.display().to_string());
    let problem = describe(&config).unwrap_err();
    assert!(problem.contains("answers.csv") && problem.contains("perhaps"), "{problem}");
}
