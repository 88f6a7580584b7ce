//! The student's headline: who, how much, how well predicted; what to compare with; export.

use eframe::egui::{self, RichText, Ui};

use super::{Page, Timeline};
use crate::app::door::{Door, Purpose};
use crate::app::look;
use crate::app::shelf::Shelf;
use crate::app::students::part_name;
use crate::data::Part;
use crate::experiment::{pretty, student_plot, student_report};
use crate::workshop::{Ask, Export, Lens, Source};

/// Ids offered for what is typed.
const OFFERED: usize = 8;

pub(super) fn show(page: &mut Page, ui: &mut Ui, shelf: &Shelf, timeline: &Timeline<'_>, door: &mut Door<'_>) {
    let (Some(student), Some(subject)) = (page.student, &shelf.subject) else { return };
    let info = &subject.students[student as usize];
    let summary = shelf.summaries.get(student as usize).and_then(Option::as_ref);
    ui.horizontal_wrapped(|ui| {
        ui.heading(format!("Student {}", info.id));
        let remark = match info.part {
            Part::Train => "the model learned from these answers",
            Part::Validation => "used to choose the model, not to train it",
            Part::Test => "never seen in training",
        };
        tag(ui, part_name(info.part)).on_hover_text(remark);
        let right = f64::from(info.right) / f64::from(info.answers.max(1));
        let mut text = format!("{} answers, {} right", info.answers, look::percent(right));
        if let Some(auc) = summary.and_then(|s| s.auc) {
            text += &format!(" · predicted with AUC {auc:.2}");
        }
        ui.label(look::weak(text));
        look::at_the_end(ui, |ui| {
            ui.menu_button("Export", |ui| export(page, ui, shelf, timeline, door));
            look::menu(ui, "Compare", |ui| compare(page, ui, shelf, door));
        });
    });
    if subject.model.seq_len < timeline.steps.len() || timeline.steps.iter().any(|s| s.window > 0) {
        let text = format!(
            "The model reads {} answers at a time and starts afresh at the dotted lines.",
            subject.model.seq_len
        );
        ui.label(look::weak(text).small());
    }
}

fn tag(ui: &mut Ui, text: &str) -> egui::Response {
    let frame = egui::Frame::new()
        .fill(ui.visuals().faint_bg_color)
        .corner_radius(8)
        .inner_margin(egui::Margin::symmetric(8, 1));
    frame.show(ui, |ui| ui.label(RichText::new(text).small())).response
}

fn compare(page: &mut Page, ui: &mut Ui, shelf: &Shelf, door: &mut Door<'_>) {
    ui.set_min_width(250.0);
    let Some(subject) = &shelf.subject else { return };
    ui.checkbox(&mut page.show_class, "the class: median and quartiles (first skill)");
    if subject.has_truth {
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
            subject.students.iter().enumerate().filter(|(_, s)| s.answers > 0 && s.id.to_lowercase().contains(&wanted));
        for (i, info) in fits.take(OFFERED) {
            if ui.button(format!("{}, {} answers", info.id, info.answers)).clicked() {
                page.with = Some(i as u32);
                page.find.clear();
            }
        }
    }
    if let Some(with) = page.with
        && ui.button(format!("no longer with {}", subject.students[with as usize].id)).clicked()
    {
        page.with = None;
    }
    ui.separator();
    ui.label("another model on the same data");
    if ui.button("the embedded model").clicked() {
        door.link.ask(Ask::Compare(Some(Source::Embedded)));
        ui.close();
    }
    let run = if cfg!(target_arch = "wasm32") { "a zipped run…" } else { "a run's folder…" };
    if ui.button(run).clicked() {
        door.dialog(Purpose::CompareRun);
        ui.close();
    }
    if ui.button("a checkpoint file…").clicked() {
        door.dialog(Purpose::CompareCheckpoint);
        ui.close();
    }
    if shelf.other.is_some() && ui.button("no other model").clicked() {
        door.link.ask(Ask::Compare(None));
        ui.close();
    }
}

fn export(page: &Page, ui: &mut Ui, shelf: &Shelf, timeline: &Timeline<'_>, door: &mut Door<'_>) {
    let Some(path) = page.student.and_then(|s| shelf.paths.get(&(s, Lens::Main))) else { return };
    let name = format!("student-{}", path.student);
    let svg = || student_plot(path, Some(&page.lines(timeline))).svg();
    let subject = shelf.subject.as_ref();
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
                let summary = page.student.and_then(|s| shelf.summaries.get(s as usize)).and_then(Option::as_ref);
                let about = subject.map_or_else(String::new, |s| format!("{} · {}", s.title, s.model_about));
                Export::Text(student_report(path, &plot, summary.and_then(|s| s.auc), &about))
            }
            "png" => Export::Png(svg()),
            "svg" => Export::Text(svg()),
            "csv" => Export::Text(path.to_csv()),
            _ => Export::Text(pretty(path).unwrap_or_default()),
        };
        door.save(&format!("{name}.{ending}"), export);
        ui.close();
    }
}
