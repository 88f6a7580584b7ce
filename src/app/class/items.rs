//! Items (questions, problems): how hard each is, which do not fit, and who missed the one that is looked at.

use eframe::egui::{self, RichText, Ui};
use egui_extras::{Column, TableBuilder};
use egui_plot::{MarkerShape, Plot, PlotPoints, Points};

use super::{ClassView, Clicked};
use crate::app::client::Client;
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::evaluate::{ItemFit, ItemReport, difficulty_words};
use crate::service::{OpenedInfo, Request};

/// Students named who missed an item.
const NAMED: usize = 60;

/// What the table is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum SortBy {
    /// Those that do not fit first.
    #[default]
    Fit,
    Item,
    Answers,
    Right,
    Difficulty,
    Expected,
    Observed,
    Infit,
    Outfit,
}

/// Columns with what they are sorted by and what they mean.
const COLUMNS: [(&str, SortBy, &str); 10] = [
    ("item", SortBy::Item, "its id in the data; click a row to see who missed it"),
    ("skills", SortBy::Item, "what it asks"),
    ("answers", SortBy::Answers, "answers to it in all data"),
    ("right", SortBy::Right, "share of them that were right"),
    (
        "difficulty",
        SortBy::Difficulty,
        "in log-odds above an average item of its skills, with its standard error (models that learn it)",
    ),
    ("expected", SortBy::Expected, "share right that the model expected, over answers it was not trained on"),
    ("observed", SortBy::Observed, "share right of those answers"),
    (
        "infit",
        SortBy::Infit,
        "how surprising its answers are: 1 is as expected, above 1 is noisier, below 1 is more predictable",
    ),
    ("outfit", SortBy::Outfit, "the same, more sensitive to single great surprises"),
    ("fit", SortBy::Fit, "whether its answers come as expected, and by how many standard errors they do not"),
];

/// State of the tab.
#[derive(Debug, Default)]
pub(super) struct ItemsTab {
    search: String,
    sort: SortBy,
    descending: bool,
    /// Id of the item looked at.
    pub(super) chosen: Option<String>,
    /// Item whose answers were asked for, and of which weights.
    asked: Option<(u32, u64)>,
}

impl ItemsTab {
    fn matches(&self, item: &ItemReport, opened: &OpenedInfo) -> bool {
        let wanted = self.search.trim().to_lowercase();
        let named = |text: &str| text.to_lowercase().contains(&wanted);
        wanted.is_empty() || named(&item.id) || item.skills.iter().any(|&k| named(&opened.skills[k as usize].name))
    }

    /// Places in the report of the items that match the search, in order.
    fn order(&self, report: &[ItemReport], opened: &OpenedInfo) -> Vec<usize> {
        let mut order: Vec<usize> = (0..report.len()).filter(|&i| self.matches(&report[i], opened)).collect();
        let key = |i: &usize| {
            let r = &report[*i];
            match self.sort {
                SortBy::Fit | SortBy::Item => 0.0,
                SortBy::Answers => r.answers as f64,
                SortBy::Right => r.correct,
                SortBy::Difficulty => r.difficulty.unwrap_or(f64::NEG_INFINITY),
                SortBy::Expected => r.expected.unwrap_or(f64::NEG_INFINITY),
                SortBy::Observed => r.observed.unwrap_or(f64::NEG_INFINITY),
                SortBy::Infit => r.infit.unwrap_or(f64::NEG_INFINITY),
                SortBy::Outfit => r.outfit.unwrap_or(f64::NEG_INFINITY),
            }
        };
        match self.sort {
            SortBy::Fit => {}
            SortBy::Item => order.sort_by(|&a, &b| report[a].id.cmp(&report[b].id)),
            _ => order.sort_by(|a, b| key(a).total_cmp(&key(b))),
        }
        if self.descending {
            order.reverse();
        }
        order
    }
}

impl ClassView {
    /// Table, plot, and the item looked at; what was clicked, if anything was.
    pub(super) fn items(&mut self, ui: &mut Ui, state: &ViewState, client: &Client) -> Option<Clicked> {
        let Some(report) = &state.class_report else {
            ui.spinner();
            ui.label("Asking the model about every item…");
            return None;
        };
        let opened = state.opened.as_ref()?;
        if report.items.is_empty() {
            ui.label("These data have no items (questions, problems).");
            return None;
        }
        let items = &report.items;
        let misfits = items.iter().filter(|i| i.fit.is_misfit()).count();
        ui.horizontal_wrapped(|ui| {
            theme::part(ui, "Items", &format!("{} in total, {misfits} do not fit", items.len()));
            let label = ui.label("search");
            ui.add(egui::TextEdit::singleline(&mut self.items.search).desired_width(140.0)).labelled_by(label.id);
        });
        let order = self.items.order(items, opened);
        self.item_table(ui, opened, items, &order);
        ui.add_space(theme::GAP);
        let chosen = items.iter().find(|i| Some(&i.id) == self.items.chosen.as_ref());
        let clicked = match chosen {
            Some(item) => self.item_answers(ui, state, opened, item, client),
            None => {
                ui.label(theme::weak("Click an item to see who missed it."));
                None
            }
        };
        ui.add_space(theme::GAP);
        if let Some(id) = scatter(ui, items, chosen) {
            self.items.chosen = Some(id);
        }
        clicked
    }

    fn item_table(&mut self, ui: &mut Ui, opened: &OpenedInfo, items: &[ItemReport], order: &[usize]) {
        let tab = &mut self.items;
        egui::ScrollArea::horizontal().id_salt("items").show(ui, |ui| {
            let table = TableBuilder::new(ui)
                .striped(true)
                .sense(egui::Sense::click())
                .column(Column::initial(90.0).at_least(60.0).clip(true))
                .column(Column::initial(170.0).at_least(90.0).clip(true))
                .columns(Column::auto().at_least(60.0), COLUMNS.len() - 3)
                .column(Column::initial(190.0).at_least(100.0).clip(true))
                .max_scroll_height(250.0)
                .vscroll(true);
            let table = table.header(22.0, |mut header| {
                for (name, by, meaning) in COLUMNS {
                    header.col(|ui| {
                        let mark = if tab.sort == by && name != "skills" {
                            if tab.descending { " ▼" } else { " ▲" }
                        } else {
                            ""
                        };
                        let button = egui::Button::new(RichText::new(format!("{name}{mark}")).strong()).frame(false);
                        if ui.add(button).on_hover_text(format!("{meaning}; click to sort")).clicked() {
                            tab.descending = tab.sort == by && !tab.descending;
                            tab.sort = by;
                        }
                    });
                }
            });
            table.body(|body| {
                body.rows(20.0, order.len(), |mut row| {
                    let item = &items[order[row.index()]];
                    row.set_selected(tab.chosen.as_ref() == Some(&item.id));
                    for text in cells(item, opened) {
                        row.col(|ui| {
                            ui.add(egui::Label::new(text).selectable(false).truncate());
                        });
                    }
                    if row.response().clicked() {
                        tab.chosen = Some(item.id.clone());
                    }
                });
            });
        });
    }

    /// The item looked at in words, and the students who missed it.
    fn item_answers(
        &mut self,
        ui: &mut Ui,
        state: &ViewState,
        opened: &OpenedInfo,
        item: &ItemReport,
        client: &Client,
    ) -> Option<Clicked> {
        let wanted = (item.item, state.generation);
        if self.items.asked != Some(wanted) {
            self.items.asked = Some(wanted);
            client.send(Request::Item { item: item.item });
        }
        theme::part(ui, &format!("Item {}", item.id), &skill_names(item, opened));
        sentences(item).iter().for_each(|sentence| {
            ui.label(sentence);
        });
        let Some(answers) = state.item_answers.as_ref().filter(|a| a.item == item.item) else {
            ui.spinner();
            return None;
        };
        let missed: Vec<_> = answers.answers.iter().filter(|a| !a.correct).collect();
        ui.label(RichText::new(format!("Missed {} times of {}:", missed.len(), answers.answers.len())).strong());
        let mut clicked = None;
        ui.horizontal_wrapped(|ui| {
            for answer in missed.iter().take(NAMED) {
                let Some(student) = opened.students.get(answer.student as usize) else { continue };
                let hint = format!("answer {} of student {}", answer.answer + 1, student.id);
                if ui.link(&student.id).on_hover_text(hint).clicked() {
                    clicked = Some(Clicked { student: answer.student, answer: Some(answer.answer as usize) });
                }
            }
            if missed.len() > NAMED {
                ui.label(theme::weak(format!("and {} more", missed.len() - NAMED)));
            }
        });
        clicked
    }
}

fn skill_names(item: &ItemReport, opened: &OpenedInfo) -> String {
    let names: Vec<&str> = item.skills.iter().map(|&k| opened.skills[k as usize].name.as_str()).collect();
    names.join(" + ")
}

fn cells(item: &ItemReport, opened: &OpenedInfo) -> [String; COLUMNS.len()] {
    let share = |value: Option<f64>| value.map_or("–".to_owned(), theme::percent);
    let difficulty = match (item.difficulty, item.standard_error) {
        (Some(b), Some(error)) => format!("{b:+.2} ± {error:.2}"),
        _ => "–".to_owned(),
    };
    let fit = match item.misfit.filter(|_| item.fit.is_misfit()) {
        Some(misfit) => format!("{} ({misfit:.1})", item.fit.words()),
        None => item.fit.words().to_owned(),
    };
    [
        item.id.clone(),
        skill_names(item, opened),
        item.answers.to_string(),
        theme::percent(item.correct),
        difficulty,
        share(item.expected),
        share(item.observed),
        theme::figure(item.infit, 2),
        theme::figure(item.outfit, 2),
        fit,
    ]
}

/// What there is to say about an item.
fn sentences(item: &ItemReport) -> Vec<String> {
    let mut out = vec![format!("{} of {} answers were right.", theme::percent(item.correct), item.answers)];
    if let Some(difficulty) = item.difficulty {
        let mut text = format!("It is {} ({difficulty:+.1} in log-odds).", difficulty_words(difficulty as f32));
        if let Some(real) = item.true_difficulty {
            text += &format!(" Its true difficulty in this simulated class is {real:+.1}.");
        }
        out.push(text);
    }
    if let (Some(expected), Some(observed)) = (item.expected, item.observed) {
        let why = match item.fit {
            ItemFit::Fits => "as expected",
            ItemFit::TooFewAnswers => "too few to judge",
            ItemFit::TooHard => "harder than expected",
            ItemFit::TooEasy => "easier than expected",
            ItemFit::Noisy => "and who was right is surprising: look for a flaw, or for a missing skill",
            ItemFit::Sharp => "and it separates weak and strong students better than expected",
        };
        out.push(format!(
            "Of {} answers the model was not trained on, it expected {} right and {} were: {why}.",
            item.held_out,
            theme::percent(expected),
            theme::percent(observed)
        ));
    }
    out
}

/// Difficulty against share right, a point an item; the id of the item clicked.
fn scatter(ui: &mut Ui, items: &[ItemReport], chosen: Option<&ItemReport>) -> Option<String> {
    // Models that learn no difficulty are drawn by what they expect.
    let learned = items.iter().any(|i| i.difficulty.is_some());
    let x = |i: &ItemReport| if learned { i.difficulty } else { i.expected };
    let title = if learned { "Difficulty and share right" } else { "Share right, expected and in the data" };
    theme::part(ui, title, "a point for each item; marked: those that do not fit");
    let points = |wanted: &dyn Fn(&ItemReport) -> bool| -> Vec<[f64; 2]> {
        items.iter().filter(|i| wanted(i)).filter_map(|i| Some([x(i)?, i.correct])).collect()
    };
    let (ink, wrong, accent) = (theme::line(ui, 0).gamma_multiply(0.7), theme::wrong(ui), theme::accent(ui));
    let response = theme::with_grid(ui, Plot::new("item difficulties"))
        .height(240.0)
        .default_y_bounds(0.0, 1.0)
        .y_axis_formatter(|m, _| format!("{:.2}", m.value))
        .x_axis_label(if learned {
            "difficulty, log-odds above an average item"
        } else {
            "share right that was expected"
        })
        .y_axis_label("share right")
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .show_x(false)
        .show_y(false)
        .label_formatter(|_| None)
        .show(ui, |plot| {
            let fitting = Points::new("", PlotPoints::from(points(&|i| !i.fit.is_misfit()))).radius(2.5);
            plot.points(fitting.color(ink).allow_hover(false));
            let misfits = Points::new("", PlotPoints::from(points(&|i| i.fit.is_misfit()))).radius(4.0);
            plot.points(misfits.shape(MarkerShape::Diamond).color(wrong).allow_hover(false));
            if let Some(chosen) = chosen {
                let own = Points::new("", PlotPoints::from(points(&|i| i.item == chosen.item))).radius(7.0);
                plot.points(own.shape(MarkerShape::Circle).filled(false).color(accent).allow_hover(false));
            }
        });
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, title));
    let pointer = response.response.hover_pos()?;
    let distance = |i: &&ItemReport| {
        let at =
            response.transform.position_from_point(&egui_plot::PlotPoint::new(x(i).unwrap_or(f64::MAX), i.correct));
        at.distance(pointer)
    };
    let nearest = items.iter().filter(|i| x(i).is_some()).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    if distance(&nearest) > 12.0 {
        return None;
    }
    let clicked = response.response.clicked();
    let text = format!("{}: {} right, {}", nearest.id, theme::percent(nearest.correct), nearest.fit.words());
    response.response.on_hover_text_at_pointer(text);
    clicked.then(|| nearest.id.clone())
}
