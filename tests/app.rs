//! The window without a screen: every view by role and label, and the paths a person takes through them.

#[path = "support/program.rs"]
mod program;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, Node, SnapshotOptions};
use gainakt::app::{App, View, start_service};
use gainakt::config::ModelKind;
use gainakt::service::Source;

/// A window on the embedded class; `App` comes with its first frame.
struct Window<'a> {
    harness: Harness<'a, Option<App>>,
    folder: tempfile::TempDir,
}

impl Window<'_> {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let draw = move |ui: &mut egui::Ui, app: &mut Option<App>| {
            let app = app.get_or_insert_with(|| {
                let mut app = App::new(ui.ctx(), start_service(ui.ctx()).unwrap(), None);
                app.theme(ui.ctx(), egui::ThemePreference::Dark);
                app.runs_in(runs.clone());
                app.open(Source::EMBEDDED);
                app
            });
            let [r, g, b, _] = eframe::App::clear_color(app, ui.visuals()).map(|c| (c * 255.0).round() as u8);
            ui.painter().rect_filled(ui.ctx().content_rect(), 0.0, egui::Color32::from_rgb(r, g, b));
            app.draw(ui);
        };
        let harness = Harness::builder().with_size([1360.0, 860.0]).build_ui_state(draw, None);
        let mut window = Self { harness, folder };
        window.until("the class is open", |w| w.app().settled());
        window
    }

    fn app(&self) -> &App {
        self.harness.state().as_ref().unwrap()
    }

    /// Draws frames until `fits`; the service answers on its own thread.
    fn until(&mut self, what: &str, fits: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !fits(self) {
            assert!(since.elapsed() < Duration::from_secs(180), "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(10));
            self.harness.step();
        }
        self.harness.run_steps(2);
    }

    fn until_label(&mut self, label: &str) {
        self.until(&format!("{label:?} is shown"), |w| w.harness.query_all_by_label_contains(label).next().is_some());
    }

    fn press(&mut self, key: Key) {
        self.harness.key_press(key);
        self.harness.run_steps(3);
    }

    fn command(&mut self, key: Key) {
        self.harness.key_press_modifiers(Modifiers::COMMAND, key);
        self.harness.run_steps(3);
    }

    fn has(&self, role: Role, label: &str) -> bool {
        self.harness.query_all_by_role(role).any(|n| text(&n).is_some_and(|t| t.contains(label)))
    }

    /// The figure of a bar called `name`, in percent.
    fn bar(&self, name: &str) -> Option<u32> {
        let label = format!("{name}: ");
        let text = text(&self.harness.query_all_by_label_contains(&label).next()?)?;
        text.trim_start_matches(&label).trim_end_matches(" %").parse().ok()
    }

    fn drop_file(&mut self, path: PathBuf) {
        self.harness.input_mut().dropped_files.push(Arc::new(Dropped(path)));
        self.harness.run_steps(3);
    }
}

/// What a screen reader says of a node: plain text has a value in place of a label.
fn text(node: &Node<'_>) -> Option<String> {
    let node = node.accesskit_node();
    node.label().or_else(|| node.value()).map(|text| text.replace('\u{a0}', " "))
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

#[test]
fn every_view_is_there_by_role_and_label() {
    let mut window = Window::open();
    for (role, label) in [
        (Role::SearchInput, "Search students"),
        (Role::ListBoxOption, "S001, 46 answers, 63 % right"),
        (Role::GraphicsObject, "Mastery over 46 answers of 3 skills"),
        (Role::GraphicsObject, "Expected and actual"),
        (Role::GraphicsObject, "Gain by answer"),
        (Role::GraphicsObject, "All skills over time"),
        (Role::Button, "Compare"),
        (Role::Button, "Export"),
        (Role::Label, "Answer 46 of 46"),
        (Role::Label, "mastery of Decimals"),
        (Role::Button, "Bands"),
        (Role::Label, "attention to answer"),
    ] {
        window.until(label, |w| w.has(role, label));
    }
    window.harness.check_accessibility();
    window.command(Key::Num2);
    for (role, label) in [
        (Role::Button, "600 students by 12 skills"),
        (Role::Label, "Calibration"),
        (Role::Label, "mean mastery of Addition"),
    ] {
        assert!(window.has(role, label), "{label}");
    }
    window.harness.check_accessibility();
    window.command(Key::Num3);
    for (role, label) in [(Role::Button, "Train"), (Role::Button, "A file…"), (Role::SpinButton, "learning rate")] {
        assert!(window.has(role, label), "{label}");
    }
    window.harness.check_accessibility();
    window.command(Key::Num4);
    window.until_label("No runs here yet");
    window.harness.check_accessibility();
    window.press(Key::F1);
    assert!(window.has(Role::Label, "What you see"));
}

#[test]
fn the_keyboard_goes_through_students_and_time() {
    let mut window = Window::open();
    window.until_label("Answer 46 of 46");
    window.press(Key::ArrowLeft);
    window.until_label("Answer 45 of 46");
    window.press(Key::Home);
    window.until_label("Answer 1 of 46");
    window.press(Key::ArrowDown);
    window.until_label("Student S002");
    window.until_label("Answer 23 of 23");
    window.press(Key::ArrowUp);
    window.until_label("Student S001");
    let search = window.harness.get_by_role(Role::SearchInput);
    search.focus();
    search.type_text("s59");
    window.until_label("S590");
    assert!(!window.has(Role::ListBoxOption, "S001"), "the search keeps what does not fit");
}

#[test]
fn answers_tried_out_move_mastery_and_can_be_taken_back() {
    let mut window = Window::open();
    let name = "mastery of Percentages";
    window.until(name, |w| w.bar(name).is_some());
    let before = window.bar(name);
    let chooser = window.harness.query_all_by_role(Role::ComboBox).find(|n| n.value().as_deref() == Some("Decimals"));
    chooser.unwrap().click();
    window.harness.run_steps(3);
    // The list is longer than what is seen of it.
    window.harness.get_by_role_and_label(Role::Button, "Percentages").click_accesskit();
    window.harness.run_steps(3);
    for n in 1..=3 {
        window.press(Key::R);
        window.until_label(&format!("Imagined answer {} of {}", 46 + n, 46 + n));
    }
    window.until("mastery has risen", |w| w.bar(name) > before);
    let risen = window.bar(name);
    window.press(Key::W);
    window.until_label("4 imagined after answer 46: ●●●×");
    window.until("mastery has fallen", |w| w.bar(name) < risen);
    for _ in 0..4 {
        window.press(Key::U);
    }
    window.until_label("Answer 46 of 46");
    window.until("everything is as it was", |w| w.bar(name) == before);
}

#[test]
fn a_run_is_started_paused_resumed_and_stopped() {
    let mut window = Window::open();
    window.command(Key::Enter);
    window.until("an epoch is done", |w| w.app().run_progress().is_some_and(|(epochs, _)| epochs >= 1));
    window.press(Key::Space);
    window.until("it waits", |w| w.has(Role::Button, "Resume"));
    std::thread::sleep(Duration::from_millis(1500));
    window.harness.run_steps(5);
    let paused = window.app().run_progress().unwrap().0;
    std::thread::sleep(Duration::from_millis(2500));
    window.harness.run_steps(5);
    assert_eq!(window.app().run_progress().unwrap(), (paused, false), "a paused run went on");
    window.command(Key::Num1);
    window.until_label("the run after epoch");
    window.command(Key::Num3);
    window.press(Key::Space);
    window.until("it goes on", |w| w.app().run_progress().is_some_and(|(epochs, _)| epochs > paused));
    window.harness.get_by_role_and_label(Role::Button, "Stop").click();
    window.until("it has stopped", |w| w.app().run_progress().is_some_and(|(_, over)| over));
    let runs: Vec<_> = std::fs::read_dir(window.folder.path().join("runs")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    assert!(runs[0].as_ref().unwrap().path().join("train_state.safetensors").is_file(), "nothing to go on from");
    window.command(Key::Num4);
    let listed = |w: &Window<'_>| w.harness.query_all_by_role(Role::ListBoxOption).count();
    window.until("the run is listed", |w| listed(w) == 1);
    window.command(Key::Enter);
    window.until("another one goes on", |w| w.app().run_progress().is_some_and(|(_, over)| !over));
    window.harness.get_by_role_and_label(Role::Button, "Stop").click();
    window.until("it has stopped", |w| w.app().run_progress().is_some_and(|(_, over)| over));
    window.command(Key::Num4);
    window.until("it is listed too", |w| listed(w) == 2);
}

#[test]
fn what_is_shown_can_be_saved_by_typing_a_path() {
    let mut window = Window::open();
    for (kind, file) in [("picture, PNG", "s.png"), ("picture, SVG", "s.svg"), ("every step and skill, CSV", "s.csv")] {
        window.harness.get_by_role_and_label(Role::Button, "Export").click();
        window.harness.run_steps(3);
        window.harness.get_by_role_and_label(Role::Button, kind).click();
        window.harness.run_steps(3);
        let path = window.folder.path().join(file);
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.harness.event(egui::Event::Text(path.display().to_string()));
        window.harness.run_steps(2);
        window.press(Key::Enter);
        window.until(file, |_| path.is_file());
        window.until_label(&format!("Saved {}", path.display()));
    }
    let saved = |file: &str| std::fs::read(window.folder.path().join(file)).unwrap();
    assert_eq!(String::from_utf8(saved("s.csv")).unwrap(), window.app().shown().unwrap().to_csv());
    assert!(saved("s.png").starts_with(b"\x89PNG") && saved("s.svg").starts_with(b"<svg"));
}

#[test]
fn a_bad_file_is_refused_in_words_and_the_window_lives() {
    let mut window = Window::open();
    let path = window.folder.path().join("bad.csv");
    std::fs::write(&path, "student,skill,response\nann,adding,1\nann,adding,perhaps\n").unwrap();
    window.drop_file(path);
    window.until_label("bad.csv");
    window.until_label("line 3");
    window.until_label("perhaps");
    window.drop_file(window.folder.path().join("no-such.safetensors"));
    window.until_label("Opening failed");
    let errors = window.harness.query_all_by_label_contains("Opening failed").count();
    assert_eq!(errors, 1, "an error is told once");
    window.command(Key::Num1);
    assert!(window.has(Role::Label, "Student S001"));
    window.press(Key::ArrowDown);
    window.until_label("Student S002");
}

/// A class whose items are known: the table with those that do not fit, who missed one, and the item at the cursor.
#[test]
fn items_are_looked_at_and_lead_to_students() {
    let mut window = Window::open();
    let folder = window.folder.path().to_owned();
    let settings = r#"{"model": {"kind": "evidence"}, "training": {"epochs": 4, "batch_size": 8, "lr": 0.005, "shuffle": true},
        "data": {"simulated_students": 150, "simulated_items": 4}, "interpretability": {"max_semantic_students": 3},
        "model_config": {"d_model": 16, "n_heads": 2, "num_encoder_blocks": 1, "d_ff": 16}}"#;
    std::fs::write(folder.join("settings.json"), settings).unwrap();
    let trained = program::gainakt(&["train", "--config", "settings.json", "--device", "cpu"], &folder);
    assert!(trained.status.success(), "{}", program::said(&trained));
    let run = program::only(&folder.join("runs"));
    window.harness.state_mut().as_mut().unwrap().open(Source::Run(run));
    window.until_label("Why this mastery");
    window.until_label("an average item of its skill");
    window.press(Key::ArrowLeft);
    window.until_label("less its difficulty");
    if support::adapter().is_some() {
        window.until_label("attention to answer");
        window.harness.snapshot_options("student-items", &alike());
    }
    window.command(Key::Num2);
    window.harness.get_by_role_and_label(Role::Button, "Items").click();
    window.until_label("48 in total");
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().as_mut().unwrap().theme(&ctx, egui::ThemePreference::Light);
    window.harness.run_steps(2);
    window.harness.get_by_label("Q013").click();
    window.until_label("Item Q013");
    window.until_label("Missed");
    assert!(window.has(Role::GraphicsObject, "Difficulty and share right"));
    window.harness.check_accessibility();
    if support::adapter().is_some() {
        window.harness.snapshot_options("class-items", &alike());
    }
    let student = window.harness.query_all_by_role(Role::Link).next().and_then(|node| text(&node)).unwrap();
    window.harness.query_all_by_role(Role::Link).next().unwrap().click();
    window.harness.run_steps(3);
    window.until_label(&format!("Student {student}"));
    window.until_label("item\u{a0}Q013");
    window.until_label("× wrong");
}

/// Pictures may differ a little between adapters: antialiasing, rounding.
fn alike() -> SnapshotOptions {
    SnapshotOptions::new().threshold(1.5).max_failed_pixels(1500)
}

#[test]
fn views_look_as_they_did() {
    if support::adapter().is_none() {
        return;
    }
    let mut window = Window::open();
    window.until_label("attention to answer");
    window.harness.snapshot_options("student", &alike());
    for _ in 0..6 {
        window.press(Key::ArrowLeft);
    }
    for key in [Key::W, Key::R] {
        window.press(key);
    }
    window.until_label("Imagined answer 42 of 42");
    window.until_label("attention to answer");
    window.harness.snapshot_options("what-if", &alike());
    window.harness.state_mut().as_mut().unwrap().open(Source::Embedded(ModelKind::GainAkt2Exp));
    window.until_label("chance of right at Decimals");
    window.until_label("attention to answer");
    window.harness.snapshot_options("student-gainakt2exp", &alike());
    window.harness.state_mut().as_mut().unwrap().open(Source::EMBEDDED);
    window.until_label("Why this mastery");
    window.harness.state_mut().as_mut().unwrap().look_at(View::Class);
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().as_mut().unwrap().theme(&ctx, egui::ThemePreference::Light);
    window.until_label("a disc's area is its share");
    window.harness.snapshot_options("class", &alike());
    for (tab, shown, picture) in
        [("Skills", "Learning curve", "class-skills"), ("Honesty", "By opportunity", "class-honesty")]
    {
        window.harness.get_by_role_and_label(Role::Button, tab).click();
        window.until_label(shown);
        window.harness.snapshot_options(picture, &alike());
    }
}
