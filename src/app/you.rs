//! You, the student: ten small questions on the embedded class's skills, and what the model makes of your answers.

use eframe::egui::{self, Key, RichText, Ui};
use egui_plot::{FilledArea, Line, MarkerShape, Plot, PlotPoints, Points};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::client::Client;
use super::context::ViewContext;
use super::theme;
use super::view_state::{TICKETS, ViewState};
use crate::data::Answers;
use crate::data::{Exercise, SIMULATED_SKILLS};
use crate::evaluate::{TrajectoryStep, percent, percent_between};
use crate::model::Inspection;
use crate::service::{OpenedInfo, Request, Source};

/// Questions of one round.
const QUESTIONS: usize = 10;
/// Skill of the first question, before the model knows anything: Division, in the middle of the curriculum.
const FIRST: u32 = 3;
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
fn fits(opened: &OpenedInfo) -> bool {
    opened.skills.len() == SIMULATED_SKILLS.len()
        && opened.skills.iter().zip(SIMULATED_SKILLS).all(|(a, b)| a.name == b.name)
}

impl YouView {
    /// Draws the view.
    pub(super) fn show(&mut self, ui: &mut Ui, state: &ViewState, context: &ViewContext<'_>) {
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(egui::Margin::symmetric(12, 6));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| self.page(ui, state, context));
        });
    }

    fn page(&mut self, ui: &mut Ui, state: &ViewState, context: &ViewContext<'_>) {
        let Some(opened) = &state.opened else {
            ui.spinner();
            return;
        };
        ui.heading("You, the student");
        ui.label(theme::weak("Answer ten short questions and see what the model concludes about you. It asks about the skill it is least sure of. Nothing is stored or sent anywhere."));
        ui.add_space(theme::GAP);
        if !fits(opened) {
            ui.label("These questions need the embedded class: the open model was trained on other skills.");
            if ui.button("Open the embedded class").clicked() {
                context.client.send(Request::Open(Source::EMBEDDED));
            }
            return;
        }
        if self.openings != state.openings {
            self.openings = state.openings;
            self.ask(context.client);
        }
        self.next_question(state);
        if theme::narrow(ui) {
            self.card(ui, state, context.client);
            ui.add_space(theme::GAP);
            self.picture(ui, state);
        } else {
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| {
                    ui.set_width(320.0);
                    self.card(ui, state, context.client);
                });
                ui.add_space(theme::GAP);
                ui.vertical(|ui| self.picture(ui, state));
            });
        }
    }

    /// Asks the model about the answers so far.
    fn ask(&mut self, client: &Client) {
        if self.answers.is_empty() {
            return;
        }
        self.ticket += 1;
        let answers = &self.answers;
        client.send(Request::Inspection { ticket: self.ticket, answers: answers.clone(), deviations: true });
        client.send(Request::WhatIf { ticket: self.ticket, answers: answers.clone() });
    }

    fn inspect<'a>(&self, state: &'a ViewState) -> Option<&'a Inspection> {
        state.your_moment.as_ref().filter(|(ticket, _)| *ticket == self.ticket).map(|(_, moment)| moment)
    }

    fn over(&self) -> bool {
        self.answers.len() >= QUESTIONS
    }

    /// Makes up the next question once the model has said where it is least sure. The skill asked last is left out, so
    /// that questions change.
    fn next_question(&mut self, state: &ViewState) {
        if self.question.is_some() || self.over() {
            return;
        }
        let skill = match self.answers.iter().next_back().map(|a| a.skills[0]) {
            None => Some(FIRST),
            Some(last) => self.inspect(state).and_then(|moment| {
                // Where one more answer would tell most; of a model that does not say, where a right answer is as likely as not.
                let unsure = |skill: usize| match moment.deviation.get(skill) {
                    Some(&deviation) => deviation,
                    None => -(moment.next[skill] - 0.5).abs(),
                };
                let others = (0..moment.next.len()).filter(|&skill| skill != last as usize);
                others.max_by(|&a, &b| unsure(a).total_cmp(&unsure(b))).map(|skill| skill as u32)
            }),
        };
        self.question = skill.map(|skill| Exercise::new(skill, &mut self.random));
    }

    /// Takes an answer to the open question.
    fn answer(&mut self, text: &str, client: &Client) {
        let Some(question) = self.question.take() else { return };
        let right = question.is_answer(text);
        self.answers.push(&[question.skill], 0, u8::from(right));
        self.last = Some((question, text.trim().to_owned(), right));
        self.typed.clear();
        self.ask(client);
    }

    fn again(&mut self) {
        self.answers = Answers::default();
        self.question = None;
        self.last = None;
        self.ticket += 1;
    }

    /// The question, and whether the last one was answered correctly.
    fn card(&mut self, ui: &mut Ui, state: &ViewState, client: &Client) {
        if let Some((exercise, text, right)) = &self.last {
            let colour = if *right { theme::right(ui) } else { theme::wrong(ui) };
            let (sign, word) = (theme::sign(u8::from(*right)), theme::word(u8::from(*right)));
            ui.label(RichText::new(format!("{sign} {word}")).strong().color(colour));
            ui.label(solution(exercise, text, *right));
            if let Some(text) = self.learned(state) {
                ui.label(text);
            }
            ui.add_space(theme::GAP);
        }
        if self.over() {
            let right = self.answers.responses().iter().filter(|&&r| r == 1).count();
            ui.label(RichText::new(format!("{right} of {QUESTIONS} right.")).strong().size(18.0));
            for sentence in self.conclusion(state) {
                ui.label(sentence);
            }
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
        ui.label(theme::weak(format!("question {} of {QUESTIONS} · {name}", self.answers.len() + 1)));
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
            self.answer(&given, client);
        }
    }

    /// Your mastery over your answers, a line a skill you were asked about, and every skill now.
    fn picture(&self, ui: &mut Ui, state: &ViewState) {
        let steps = self.steps(state);
        theme::part(
            ui,
            "Your mastery",
            "how well the model thinks you know each skill, after each answer; shade: 80 % band",
        );
        let asked = self.asked();
        let height = (ui.available_height() - 60.0).clamp(180.0, 300.0);
        let mut key = Vec::new();
        let colours: Vec<egui::Color32> = (0..asked.len()).map(|i| theme::line(ui, i)).collect();
        theme::with_grid(ui, Plot::new("you"))
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
                    let at = |step: &TrajectoryStep| {
                        f64::from(step.drawn().get(skill as usize).copied().unwrap_or_default())
                    };
                    let points: Vec<[f64; 2]> =
                        steps.iter().enumerate().map(|(t, s)| [t as f64 + 1.0, at(s)]).collect();
                    let banded = steps.iter().enumerate().filter_map(|(t, s)| Some((t, s.drawn_band(skill as usize)?)));
                    let (xs, ends): (Vec<f64>, Vec<[f32; 2]>) = banded.map(|(t, band)| (t as f64 + 1.0, band)).unzip();
                    if xs.len() > 1 {
                        let [low, high] = [0, 1].map(|end| ends.iter().map(|e| f64::from(e[end])).collect::<Vec<_>>());
                        let area = FilledArea::new(name, &xs, &low, &high).fill_color(colour.gamma_multiply(0.14));
                        plot.add(area.stroke(egui::Stroke::NONE).allow_hover(false));
                    }
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
        ui.add_space(theme::GAP);
        self.chances(ui, state, steps.last());
    }

    /// Skills asked about, in that order.
    fn asked(&self) -> Vec<u32> {
        let mut asked: Vec<u32> = Vec::new();
        for (_, skill, _) in self.answers.by_skill() {
            if !asked.contains(&skill) {
                asked.push(skill);
            }
        }
        asked
    }

    /// What the model made of your answers.
    fn steps<'a>(&self, state: &'a ViewState) -> &'a [TrajectoryStep] {
        match &state.your_steps {
            Some((ticket, steps)) if *ticket > TICKETS && !self.answers.is_empty() => steps,
            _ => &[],
        }
    }

    /// What the model learned from the last answer, once it has said so.
    fn learned(&self, state: &ViewState) -> Option<String> {
        self.inspect(state)?;
        let now = self.steps(state).last()?;
        let (own, name) = (now.skill as usize, |skill: usize| SIMULATED_SKILLS[skill].name);
        let (after, gain) = (*now.drawn().get(own)?, *now.gain.get(own)?);
        let mut text = format!(
            "{}: from {} to {}.",
            name(own),
            percent(after - gain),
            percent_between(after, now.drawn_band(own))
        );
        let others = now.gain.iter().enumerate().filter(|(skill, _)| *skill != own);
        if let Some((skill, gain)) = others.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
            && gain.abs() >= 0.005
        {
            text += &format!(" It also moved {} by {:+.0} points.", name(skill), 100.0 * gain);
        }
        Some(text)
    }

    /// What is known of you after the last question, and what is not.
    fn conclusion(&self, state: &ViewState) -> Vec<String> {
        let (Some(moment), Some(now)) = (self.inspect(state), self.steps(state).last()) else { return Vec::new() };
        let asked = self.asked();
        let name = |skill: u32| SIMULATED_SKILLS[skill as usize].name;
        let width = |skill: &u32| moment.deviation.get(*skill as usize).copied().unwrap_or_default();
        let known = |skill: u32| {
            let chance = now.chances().get(skill as usize).copied().unwrap_or_default();
            format!("{}, {}", name(skill), percent_between(chance, now.chance_band(skill as usize)))
        };
        let mut sentences = Vec::new();
        if let Some(&surest) = asked.iter().min_by(|a, b| width(a).total_cmp(&width(b))) {
            sentences.push(format!("It is most certain about {}.", known(surest)));
        }
        if let Some(&least) = asked.iter().max_by(|a, b| width(a).total_cmp(&width(b))).filter(|_| asked.len() > 1) {
            sentences.push(format!("Among the skills it asked about, it is least certain about {}.", known(least)));
        }
        let never = SIMULATED_SKILLS.len() - asked.len();
        if never > 0 {
            sentences.push(format!(
                "It did not ask about {never} of {} skills: for those it guesses from your other answers and from the simulated \
                 students it was trained on.",
                SIMULATED_SKILLS.len()
            ));
        }
        sentences
    }

    fn chances(&self, ui: &mut Ui, state: &ViewState, now: Option<&TrajectoryStep>) {
        let Some(moment) = self.inspect(state) else { return };
        // The evidence model's mastery is that chance: one bar says both.
        let one = moment.evidence.is_some();
        theme::part(
            ui,
            "Every skill now",
            match one {
                true => "mastery: the chance of a right answer if it were asked next; pale: not asked, a guess",
                false => "mastery, and the chance of a right answer if it were asked next; pale: not asked, a guess",
            },
        );
        let asked = self.asked();
        let bars = if one { 1.0 } else { 2.0 };
        let width = ((ui.available_width() - 170.0) / bars).clamp(60.0, 220.0 * 2.0 / bars);
        egui::Grid::new("your skills").num_columns(3).spacing([8.0, 3.0]).show(ui, |ui| {
            for (skill, known) in SIMULATED_SKILLS.iter().enumerate() {
                ui.label(RichText::new(known.name).size(13.0));
                let practised = asked.contains(&(skill as u32));
                let band = now.filter(|_| practised).and_then(|step| step.chance_band(skill));
                let mastery = now.and_then(|step| step.mastery.get(skill)).copied();
                let chance = moment.next.get(skill).copied().filter(|_| !one);
                for (what, value, band, colour) in [
                    ("mastery of", mastery, band.filter(|_| one), theme::line(ui, 0)),
                    ("chance of right at", chance, band, theme::line(ui, 3)),
                ] {
                    let Some(v) = value else { continue };
                    let colour = if practised { colour } else { colour.gamma_multiply(0.35) };
                    let label = format!("{what} {}", known.name);
                    let bar = theme::bar_with_band(ui, &label, v, band, &percent(v), width, colour);
                    bar.on_hover_text(match practised {
                        true => percent_between(v, band),
                        false => "not asked: a guess from your other answers".to_owned(),
                    });
                }
                ui.end_row();
            }
        });
    }

    /// Sentences and buttons of the text version.
    pub(super) fn text_version(&self, state: &ViewState, sentences: &mut Vec<String>, buttons: &mut Vec<String>) {
        if let Some((exercise, text, right)) = &self.last {
            sentences.push(format!("{}: {}", theme::word(u8::from(*right)), solution(exercise, text, *right)));
            sentences.extend(self.learned(state));
        }
        match &self.question {
            Some(question) => {
                let name = SIMULATED_SKILLS[question.skill as usize].name;
                let number = self.answers.len() + 1;
                sentences.push(format!("Question {number} of {QUESTIONS}, {name}: {}", question.text));
                buttons.extend(question.choices.iter().map(|choice| format!("Answer {choice}")));
            }
            None if self.over() => {
                let right = self.answers.responses().iter().filter(|&&r| r == 1).count();
                sentences.push(format!("{right} of {QUESTIONS} right."));
                sentences.extend(self.conclusion(state));
                buttons.push(AGAIN.to_owned());
            }
            None => {}
        }
    }

    /// Does what one of those buttons says.
    pub(super) fn press(&mut self, button: &str, client: &Client) {
        if button == AGAIN {
            self.again();
        } else if let Some(choice) = button.strip_prefix("Answer ") {
            self.answer(choice, client);
        }
    }
}

fn solution(exercise: &Exercise, given: &str, right: bool) -> String {
    match right {
        true => format!("{} {}", exercise.text, exercise.answer),
        false => format!("{} You said {given}; it is {}.", exercise.text, exercise.answer),
    }
}
