//! The student's headline: who, how much, how well predicted; what to compare with; export.

use eframe::egui::{self, RichText, Ui};

use super::{Page, Timeline};
use crate::app::context::{Purpose, ViewContext};
use crate::app::students::part_name;
use crate::app::theme;
use crate::app::view_state::ViewState;
use crate::config::ModelKind;
use crate::data::Split;
use crate::experiment::{pretty, student_plot, student_report};
use crate::service::{Export, ModelRole, Request, Source};

/// Ids offered for what is typed.
const OFFERED: usize = 8;

pub(super) fn show(
    page: &mut Page,
    ui: &mut Ui,
    state: &ViewState,
    timeline: &Timeline<'_>,
    context: &mut ViewContext<'_>,
) {
    let (Some(student), Some(opened)) = (page.student, &state.opened) else { return };
    let info = &opened.students[student as usize];
    let summary = state.summaries.get(student as usize).and_then(Option::as_ref);
    ui.horizontal_wrapped(|ui| {
        ui.heading(format!("Student {}", info.id));
        let remark = match info.part {
            Split::Train => "the model learned from these answers",
            Split::Validation => "used to choose the model, not to train it",
            Split::Test => "never seen in training",
        };
        tag(ui, part_name(info.part)).on_hover_text(remark);
        let right = f64::from(info.correct) / f64::from(info.answers.max(1));
        let mut text = format!("{} answers, {} right", info.answers, theme::percent(right));
        if let Some(auc) = summary.and_then(|s| s.auc) {
            text += &format!(" · predicted with AUC {auc:.2}");
        }
        ui.label(theme::weak(text));
        theme::at_the_end(ui, |ui| {
            ui.menu_button("Export", |ui| export(page, ui, state, timeline, context));
            theme::menu(ui, "Compare", |ui| compare(page, ui, state, context));
        });
    });
    if opened.model.seq_len < timeline.steps.len() || timeline.steps.iter().any(|s| s.window > 0) {
        let text =
            format!("The model reads {} answers at a time and starts fresh at the dotted lines.", opened.model.seq_len);
        ui.label(theme::weak(text).small());
    }
}

fn tag(ui: &mut Ui, text: &str) -> egui::Response {
    let frame = egui::Frame::new()
        .fill(ui.visuals().faint_bg_color)
        .corner_radius(8)
        .inner_margin(egui::Margin::symmetric(8, 1));
    frame.show(ui, |ui| ui.label(RichText::new(text).small())).response
}

fn compare(page: &mut Page, ui: &mut Ui, state: &ViewState, context: &mut ViewContext<'_>) {
    ui.set_min_width(250.0);
    let Some(opened) = &state.opened else { return };
    ui.checkbox(&mut page.show_class, "the class: median and quartiles (first skill)");
    if opened.has_truth {
        let mut show = !page.hide_truth;
        ui.checkbox(&mut show, "the true mastery of this simulated class");
        page.hide_truth = !show;
    }
    ui.separator();
    ui.label("another student");
    ui.add(egui::TextEdit::singleline(&mut page.find).hint_text("id…"));
    let wanted = page.find.trim().to_lowercase();
    if !wanted.is_empty() {
        let fits =
            opened.students.iter().enumerate().filter(|(_, s)| s.answers > 0 && s.id.to_lowercase().contains(&wanted));
        for (i, info) in fits.take(OFFERED) {
            if ui.button(format!("{}, {} answers", info.id, info.answers)).clicked() {
                page.with = Some(i as u32);
                page.find.clear();
            }
        }
    }
    if let Some(with) = page.with
        && ui.button(format!("no longer with {}", opened.students[with as usize].id)).clicked()
    {
        page.with = None;
    }
    ui.separator();
    ui.label("another model on the same data");
    for kind in ModelKind::EMBEDDED {
        if ui.button(format!("the embedded {}", kind.title())).clicked() {
            context.client.send(Request::Compare(Some(Source::Embedded(kind))));
            ui.close();
        }
    }
    let run = if cfg!(target_arch = "wasm32") { "a zipped run…" } else { "a run's folder…" };
    if ui.button(run).clicked() {
        context.dialog(Purpose::CompareRun);
        ui.close();
    }
    if ui.button("a checkpoint file…").clicked() {
        context.dialog(Purpose::CompareCheckpoint);
        ui.close();
    }
    if state.other.is_some() && ui.button("no other model").clicked() {
        context.client.send(Request::Compare(None));
        ui.close();
    }
}

fn export(page: &Page, ui: &mut Ui, state: &ViewState, timeline: &Timeline<'_>, context: &mut ViewContext<'_>) {
    let Some(path) = page.student.and_then(|s| state.paths.get(&(s, ModelRole::Main))) else { return };
    let name = format!("student-{}", path.student);
    let svg = || student_plot(path, Some(&page.lines(timeline))).svg();
    let opened = state.opened.as_ref();
    for (text, ending) in [
        ("one page to print, HTML", "html"),
        ("picture, PNG", "png"),
        ("picture, SVG", "svg"),
        ("every step and skill, CSV", "csv"),
        ("every step and skill, JSON", "json"),
    ] {
        if !ui.button(text).clicked() {
            continue;
        }
        let export = match ending {
            "html" => {
                let plot = student_plot(path, Some(&page.lines(timeline)));
                let summary = page.student.and_then(|s| state.summaries.get(s as usize)).and_then(Option::as_ref);
                let about = opened.map_or_else(String::new, |s| format!("{} · {}", s.title, s.model_about));
                Export::Text(student_report(path, &plot, summary.and_then(|s| s.auc), &about))
            }
            "png" => Export::Png(svg()),
            "svg" => Export::Text(svg()),
            "csv" => Export::Text(path.to_csv()),
            _ => Export::Text(pretty(path).unwrap_or_default()),
        };
        context.save(&format!("{name}.{ending}"), export);
        ui.close();
    }
}
