//! You, the student: ten small questions on the embedded class's skills, and what the model makes of your answers.

use eframe::egui::{self, Key, RichText, Ui};
use egui_plot::{Line, MarkerShape, Plot, PlotPoints, Points};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::door::Door;
use super::link::Link;
use super::look;
use super::shelf::Shelf;
use crate::data::{Exercise, SIMULATED_SKILLS};
use crate::evaluate::Step;
use crate::model::Moment;
use crate::workshop::{Answers, Ask, Source, SubjectInfo};

/// Questions of one round.
const QUESTIONS: usize = 10;
/// Skill of the first question, before the model knows anything: Division, in the middle of the curriculum.
const FIRST: u32 = 3;
/// Tickets from here on are this view's; those of the students view are smaller.
pub(super) const TICKETS: u64 = 1 << 40;
/// Text of the button that begins again.
const AGAIN: &str = "Ten new questions";

/// The view's state.
#[derive(Debug)]
pub(super) struct YouView {
    random: ChaCha8Rng,
    answers: Answers,
    question: Option<Exercise>,
    typed: String,
    /// The last question, what was answered, and whether it was right.
    last: Option<(Exercise, String, bool)>,
    /// Question the model was last asked about; counts from [`TICKETS`].
    ticket: u64,
    /// Counts openings: another model's answers are of no use.
    openings: u64,
}

impl Default for YouView {
    fn default() -> Self {
        // Other questions at every start; what is asked is no result that anybody repeats.
        let seed = jiff::Timestamp::now().as_nanosecond() as u64;
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            answers: Answers::default(),
            question: None,
            typed: String::new(),
            last: None,
            ticket: TICKETS,
            openings: 0,
        }
    }
}

/// Whether the open model knows the skills there are questions for.
fn fits(subject: &SubjectInfo) -> bool {
    subject.skills.len() == SIMULATED_SKILLS.len()
        && subject.skills.iter().zip(SIMULATED_SKILLS).all(|(a, b)| a.name == b.name)
}

impl YouView {
    /// Draws the view.
    pub(super) fn show(&mut self, ui: &mut Ui, shelf: &Shelf, door: &Door<'_>) {
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(egui::Margin::symmetric(12, 6));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| self.page(ui, shelf, door));
        });
    }

    fn page(&mut self, ui: &mut Ui, shelf: &Shelf, door: &Door<'_>) {
        let Some(subject) = &shelf.subject else {
            ui.spinner();
            return;
        };
        ui.heading("You, the student");
        ui.label(look::weak("Answer ten small questions and watch what the model makes of you. It asks where it is least sure. Nothing leaves this machine and nothing is stored."));
        ui.add_space(look::GAP);
        if !fits(subject) {
            ui.label("The questions are about the embedded class's skills, and the open model knows others.");
            if ui.button("Open the embedded class").clicked() {
                door.link.ask(Ask::Open(Source::Embedded));
            }
            return;
        }
        if self.openings != shelf.openings {
            self.openings = shelf.openings;
            self.ask(door.link);
        }
        self.next_question(shelf);
        if look::narrow(ui) {
            self.card(ui, door.link);
            ui.add_space(look::GAP);
            self.picture(ui, shelf);
        } else {
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| {
                    ui.set_width(320.0);
                    self.card(ui, door.link);
                });
                ui.add_space(look::GAP);
                ui.vertical(|ui| self.picture(ui, shelf));
            });
        }
    }

    /// Asks the model about the answers so far.
    fn ask(&mut self, link: &Link) {
        if self.answers.skills.is_empty() {
            return;
        }
        self.ticket += 1;
        let answers = &self.answers;
        link.ask(Ask::Moment { ticket: self.ticket, answers: answers.clone() });
        link.ask(Ask::WhatIf { ticket: self.ticket, answers: answers.clone() });
    }

    fn moment<'a>(&self, shelf: &'a Shelf) -> Option<&'a Moment> {
        shelf.your_moment.as_ref().filter(|(ticket, _)| *ticket == self.ticket).map(|(_, moment)| moment)
    }

    fn over(&self) -> bool {
        self.answers.skills.len() >= QUESTIONS
    }

    /// Makes up the next question once the model has said where it is least sure. The skill asked last is left out, so
    /// that questions change.
    fn next_question(&mut self, shelf: &Shelf) {
        if self.question.is_some() || self.over() {
            return;
        }
        let skill = match self.answers.skills.last() {
            None => Some(FIRST),
            Some(&last) => self.moment(shelf).and_then(|moment| {
                let others = moment.next.iter().enumerate().filter(|(skill, _)| *skill != last as usize);
                let unsure = |p: f32| (p - 0.5).abs();
                others.min_by(|a, b| unsure(*a.1).total_cmp(&unsure(*b.1))).map(|(skill, _)| skill as u32)
            }),
        };
        self.question = skill.map(|skill| Exercise::new(skill, &mut self.random));
    }

    /// Takes an answer to the open question.
    fn answer(&mut self, text: &str, link: &Link) {
        let Some(question) = self.question.take() else { return };
        let right = question.is_answer(text);
        self.answers.skills.push(question.skill);
        self.answers.responses.push(u8::from(right));
        self.last = Some((question, text.trim().to_owned(), right));
        self.typed.clear();
        self.ask(link);
    }

    fn again(&mut self) {
        self.answers = Answers::default();
        self.question = None;
        self.last = None;
        self.ticket += 1;
    }

    /// The question, and what became of the last one.
    fn card(&mut self, ui: &mut Ui, link: &Link) {
        if let Some((exercise, text, right)) = &self.last {
            let colour = if *right { look::right(ui) } else { look::wrong(ui) };
            let (sign, word) = (look::sign(u8::from(*right)), look::word(u8::from(*right)));
            ui.label(RichText::new(format!("{sign} {word}")).strong().color(colour));
            ui.label(solution(exercise, text, *right));
            ui.add_space(look::GAP);
        }
        if self.over() {
            let right = self.answers.responses.iter().filter(|&&r| r == 1).count();
            ui.label(RichText::new(format!("{right} of {QUESTIONS} right.")).strong().size(18.0));
            ui.label("The curves show what the model believes of you, from these answers and from the simulated students it learned from.");
            if ui.button(AGAIN).clicked() {
                self.again();
            }
            return;
        }
        let Some(question) = &self.question else {
            ui.spinner();
            return;
        };
        let name = SIMULATED_SKILLS[question.skill as usize].name;
        ui.label(look::weak(format!("question {} of {QUESTIONS} · {name}", self.answers.skills.len() + 1)));
        ui.label(RichText::new(&question.text).strong().size(24.0));
        ui.add_space(4.0);
        let mut given = None;
        let width = ((ui.available_width() - 8.0) / 2.0).min(150.0);
        for pair in question.choices.chunks(2) {
            ui.horizontal(|ui| {
                for choice in pair {
                    let button = egui::Button::new(RichText::new(choice).size(18.0)).min_size(egui::vec2(width, 44.0));
                    if ui.add(button).clicked() {
                        given = Some(choice.clone());
                    }
                }
            });
        }
        ui.horizontal(|ui| {
            let field = egui::TextEdit::singleline(&mut self.typed).hint_text("or type it").desired_width(120.0);
            let field = ui.add(field);
            field.widget_info(|| egui::WidgetInfo::text_edit(true, "", self.typed.as_str(), "Your answer"));
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let typed = !self.typed.trim().is_empty();
            if ui.add_enabled(typed, egui::Button::new("Answer")).clicked() || (entered && typed) {
                given = Some(self.typed.clone());
            }
        });
        if let Some(given) = given {
            self.answer(&given, link);
        }
    }

    /// Your mastery over your answers, a line a skill you were asked about, and every skill now.
    fn picture(&self, ui: &mut Ui, shelf: &Shelf) {
        let steps: &[Step] = match &shelf.your_steps {
            Some((ticket, steps)) if *ticket > TICKETS && !self.answers.skills.is_empty() => steps,
            _ => &[],
        };
        look::part(ui, "Your mastery", "what the model believes you can do, after each answer");
        let asked = self.asked();
        let height = (ui.available_height() - 60.0).clamp(180.0, 300.0);
        let mut key = Vec::new();
        let colours: Vec<egui::Color32> = (0..asked.len()).map(|i| look::line(ui, i)).collect();
        look::quiet(ui, Plot::new("you"))
            .height(height)
            .default_x_bounds(0.5, QUESTIONS as f64 + 0.5)
            .default_y_bounds(-0.03, 1.03)
            .allow_drag(false)
            .allow_scroll(false)
            .allow_zoom(false)
            .allow_boxed_zoom(false)
            .x_grid_spacer(egui_plot::uniform_grid_spacer(|_| [10.0, 5.0, 1.0]))
            .label_formatter(|_| None)
            .show(ui, |plot| {
                for (&skill, &colour) in asked.iter().zip(&colours) {
                    let name = SIMULATED_SKILLS[skill as usize].name;
                    key.push((name, colour));
                    let at = |step: &Step| f64::from(step.mastery.get(skill as usize).copied().unwrap_or_default());
                    let points: Vec<[f64; 2]> =
                        steps.iter().enumerate().map(|(t, s)| [t as f64 + 1.0, at(s)]).collect();
                    let own = points.iter().zip(steps).filter(|(_, s)| s.skill == skill);
                    for response in [0, 1] {
                        let marks: Vec<[f64; 2]> =
                            own.clone().filter(|(_, s)| s.response == response).map(|(p, _)| *p).collect();
                        let shape = if response == 1 { MarkerShape::Circle } else { MarkerShape::Cross };
                        plot.points(Points::new(name, marks).shape(shape).radius(4.5).color(colour));
                    }
                    plot.line(Line::new(name, PlotPoints::from(points)).color(colour).width(2.0));
                }
            });
        ui.horizontal_wrapped(|ui| {
            for (name, colour) in key {
                ui.label(RichText::new(format!("● {name}")).small().color(colour));
            }
        });
        ui.add_space(look::GAP);
        self.chances(ui, shelf, steps.last());
    }

    /// Skills asked about, in that order.
    fn asked(&self) -> Vec<u32> {
        let mut asked: Vec<u32> = Vec::new();
        for &skill in &self.answers.skills {
            if !asked.contains(&skill) {
                asked.push(skill);
            }
        }
        asked
    }

    fn chances(&self, ui: &mut Ui, shelf: &Shelf, now: Option<&Step>) {
        let Some(moment) = self.moment(shelf) else { return };
        look::part(ui, "Every skill now", "mastery, and the chance that you answer right were it asked next");
        let width = ((ui.available_width() - 170.0) / 2.0).clamp(60.0, 220.0);
        egui::Grid::new("your skills").num_columns(3).spacing([8.0, 3.0]).show(ui, |ui| {
            for (skill, known) in SIMULATED_SKILLS.iter().enumerate() {
                ui.label(RichText::new(known.name).size(13.0));
                let mastery = now.and_then(|step| step.mastery.get(skill)).copied();
                for (what, value, colour) in [
                    ("mastery of", mastery, look::line(ui, 0)),
                    ("chance of right at", moment.next.get(skill).copied(), look::line(ui, 3)),
                ] {
                    match value {
                        Some(v) => {
                            look::bar(ui, &format!("{what} {}", known.name), v, &look::percent(v), width, colour);
                        }
                        None => {
                            ui.label("");
                        }
                    }
                }
                ui.end_row();
            }
        });
    }

    /// Sentences and buttons for those who do not see the canvas.
    pub(super) fn account(&self, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        if let Some((exercise, text, right)) = &self.last {
            sentences.push(format!("{}: {}", look::word(u8::from(*right)), solution(exercise, text, *right)));
        }
        match &self.question {
            Some(question) => {
                let name = SIMULATED_SKILLS[question.skill as usize].name;
                let number = self.answers.skills.len() + 1;
                sentences.push(format!("Question {number} of {QUESTIONS}, {name}: {}", question.text));
                buttons.extend(question.choices.iter().map(|choice| format!("Answer {choice}")));
            }
            None if self.over() => {
                let right = self.answers.responses.iter().filter(|&&r| r == 1).count();
                sentences.push(format!("{right} of {QUESTIONS} right."));
                buttons.push(AGAIN.to_owned());
            }
            None => {}
        }
    }

    /// Does what one of those buttons says.
    pub(super) fn press(&mut self, button: &str, link: &Link) {
        if button == AGAIN {
            self.again();
        } else if let Some(choice) = button.strip_prefix("Answer ") {
            self.answer(choice, link);
        }
    }
}

fn solution(exercise: &Exercise, given: &str, right: bool) -> String {
    match right {
        true => format!("{} {}", exercise.text, exercise.answer),
        false => format!("{} You said {given}; it is {}.", exercise.text, exercise.answer),
    }
}
