//! The class: who can do what, what is hard and how it is learned, and how far the model may be believed.

mod calibration;
mod export;
mod grid;
mod honesty;
mod items;
mod skills;
mod transfer;

use eframe::egui::{self, TextureHandle, Ui, vec2};

use super::client::Client;
use super::context::ViewContext;
use super::theme;
use super::view_state::ViewState;
use crate::data::Split;
use crate::evaluate::ClassOrder;
use crate::service::Request;

/// What of the class is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Tab {
    /// Students × skills.
    #[default]
    Students,
    /// Skills, their learning curves and what they say about one another.
    Skills,
    /// Items: difficulties, and those that do not fit.
    Items,
    /// Measures of honesty.
    Honesty,
}

/// A student that was clicked, and the answer to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clicked {
    pub student: u32,
    /// Position among the student's answers; none: where the cursor is.
    pub answer: Option<usize>,
}

/// The tabs with their names.
const TABS: [(Tab, &str); 4] =
    [(Tab::Students, "Students"), (Tab::Skills, "Skills"), (Tab::Items, "Items"), (Tab::Honesty, "Honesty")];

/// The view's state.
#[derive(Default)]
pub(super) struct ClassView {
    order: ClassOrder,
    ordered_for: Option<u64>,
    texture: Option<TextureHandle>,
    /// What the texture shows: changes, rows, theme, chances.
    painted: Option<(u64, std::ops::Range<usize>, bool, bool)>,
    part: Option<Split>,
    tab: Tab,
    /// Whether the grid shows chances instead of mastery.
    chance: bool,
    /// Skill whose learning curve is shown; none: all together.
    curve: Option<u32>,
    /// Mastery from which a skill counts as mastered.
    threshold: Option<f32>,
    /// The tab of items.
    items: items::ItemsTab,
    /// Weights the report was asked for.
    reported: Option<u64>,
}

impl std::fmt::Debug for ClassView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClassView")
    }
}

impl ClassView {
    /// Students and skills as they were ordered last.
    pub(super) fn order(&self) -> &ClassOrder {
        &self.order
    }

    /// Id of the item looked at, where items are shown.
    pub(super) fn item(&self) -> Option<&str> {
        self.items.chosen.as_deref().filter(|_| self.tab == Tab::Items)
    }

    /// Shows the items, this one chosen.
    pub(super) fn show_item(&mut self, id: &str) {
        self.tab = Tab::Items;
        self.items.chosen = Some(id.to_owned());
    }

    /// What the class is shown by: mastery, or the chance of a right answer where the model has no mastery.
    fn shown_by(state: &ViewState) -> &'static str {
        match state.summaries.iter().flatten().next().is_some_and(|s| !s.mastery.is_empty()) {
            true => "mastery",
            false => "chance",
        }
    }

    /// Draws the class; the student clicked, if one was.
    pub(super) fn show(&mut self, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) -> Option<Clicked> {
        let opened = state.opened.as_ref()?;
        // Ordering a large class again with every batch surveyed would cost frames.
        let settled = state.surveyed.0 == state.surveyed.1 || self.ordered_for.is_none_or(|c| state.changes > c + 40);
        if self.ordered_for != Some(state.changes) && settled {
            self.order = ClassOrder::new(&state.summaries, opened.skills.len());
            self.ordered_for = Some(state.changes);
        }
        ui.horizontal_wrapped(|ui| {
            ui.heading("The class");
            for (tab, name) in TABS {
                if tab == Tab::Items && opened.items == 0 {
                    continue;
                }
                ui.selectable_value(&mut self.tab, tab, name);
            }
            ui.label(theme::weak(format!("{} · {}", opened.title, opened.model_about)));
            theme::at_the_end(ui, |ui| {
                ui.menu_button("Export", |ui| self.export(ui, state, context));
            });
        });
        // What is asked costs seconds: not before someone looks, and not for each epoch of a run.
        self.ask(state, context.client);
        match self.tab {
            Tab::Students => self.students(ui, state).map(|student| Clicked { student, answer: None }),
            Tab::Skills => {
                egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| self.skills(ui, state));
                None
            }
            Tab::Items => {
                egui::ScrollArea::vertical()
                    .auto_shrink([false, false])
                    .show(ui, |ui| self.items(ui, state, context.client))
                    .inner
            }
            Tab::Honesty => {
                egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| self.honesty(ui, state));
                None
            }
        }
    }

    /// Asks for the class's report where it is looked at and not there.
    fn ask(&mut self, state: &ViewState, client: &Client) {
        let wanted = self.tab != Tab::Students && state.class_report.is_none() && !state.training();
        if wanted && self.reported != Some(state.generation) {
            self.reported = Some(state.generation);
            client.send(Request::ClassReport);
        }
    }

    /// The grid, with calibration and skills beside it.
    fn students(&mut self, ui: &mut Ui, state: &ViewState) -> Option<u32> {
        if self.order.students.is_empty() {
            let (done, total) = state.surveyed;
            ui.label(match done < total {
                true => format!("Looking at every student… {}", theme::percent(done as f64 / total as f64)),
                false => {
                    "This model only predicts the skill that is asked, so there is nothing to show here.".to_owned()
                }
            });
            return None;
        }
        if theme::narrow(ui) {
            return egui::ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    let height = ui.available_height() - 40.0;
                    let clicked = ui.allocate_ui(vec2(ui.available_width(), height), |ui| self.grid(ui, state)).inner;
                    self.calibration(ui, state);
                    ui.add_space(theme::GAP);
                    self.means(ui, state);
                    clicked
                })
                .inner;
        }
        egui::Panel::right("class side").resizable(true).default_size(300.0).min_size(220.0).show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                self.calibration(ui, state);
                ui.add_space(theme::GAP);
                self.means(ui, state);
            });
        });
        egui::CentralPanel::default()
            .frame(egui::Frame::NONE.inner_margin(egui::Margin::symmetric(10, 4)))
            .show(ui, |ui| self.grid(ui, state))
            .inner
    }
}
