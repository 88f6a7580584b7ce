//! What an answer to one skill says about another, as a map; beside it what the simulated class's curriculum builds on.

use eframe::egui::{self, FontId, Sense, Ui, pos2, vec2};

use crate::app::theme;
use crate::data::SIMULATED_SKILLS;
use crate::service::OpenedInfo;

const CELL: f32 = 24.0;
const NAMES: f32 = 150.0;

/// Whether skill `k` builds on `q`, directly, in the simulated class.
fn builds_on(k: usize, q: usize) -> bool {
    SIMULATED_SKILLS.get(k).is_some_and(|s| s.prerequisites.contains(&q))
}

pub(super) fn show(ui: &mut Ui, opened: &OpenedInfo, transfer: &[Vec<f32>]) {
    let simulated = opened.has_truth && transfer.len() == SIMULATED_SKILLS.len();
    let remark = match simulated {
        true => "how much an answer to the row's skill informs the column's; framed: one builds on the other",
        false => "how much an answer to the row's skill informs the column's",
    };
    theme::part(ui, "Transfer", remark);
    if simulated {
        ui.label(found(transfer));
    }
    let count = transfer.len();
    let off = |q: usize, k: usize| if q == k { 0.0 } else { transfer[q][k] };
    let most = (0..count).flat_map(|q| (0..count).map(move |k| off(q, k))).fold(f32::MIN_POSITIVE, f32::max);
    let cell = if count <= 30 { CELL } else { (900.0 / count as f32).max(4.0) };
    egui::ScrollArea::horizontal().id_salt("transfer").show(ui, |ui| {
        let size = vec2(NAMES + cell * count as f32 + 8.0, cell * count as f32 + 4.0);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let painter = ui.painter();
        let corner = |q: usize, k: usize| pos2(rect.left() + NAMES + cell * k as f32, rect.top() + cell * q as f32);
        for (q, row) in transfer.iter().enumerate() {
            if cell >= 11.0 {
                let name = theme::short(&opened.skills[q].name, 22);
                let at = corner(q, 0) + vec2(-6.0, cell / 2.0);
                let font = FontId::proportional(12.0);
                painter.text(at, egui::Align2::RIGHT_CENTER, name, font, ui.visuals().text_color());
            }
            for (k, &value) in row.iter().enumerate() {
                let place = egui::Rect::from_min_size(corner(q, k), vec2(cell - 1.0, cell - 1.0));
                let colour = if q == k { ui.visuals().faint_bg_color } else { theme::scale(value / most) };
                painter.rect_filled(place, 2.0, colour);
                if simulated && (builds_on(k, q) || builds_on(q, k)) {
                    let frame = egui::Stroke::new(2.0, ui.visuals().strong_text_color());
                    painter.rect_stroke(place, 2.0, frame, egui::StrokeKind::Inside);
                }
            }
        }
        let at = |pos: egui::Pos2| {
            let (x, y) = ((pos.x - rect.left() - NAMES) / cell, (pos.y - rect.top()) / cell);
            (x >= 0.0 && y >= 0.0 && (x as usize) < count && (y as usize) < count).then_some((y as usize, x as usize))
        };
        if let Some((q, k)) = response.hover_pos().and_then(at) {
            let (of, about) = (&opened.skills[q].name, &opened.skills[k].name);
            let text = match q == k {
                true => format!("{of} itself"),
                false => format!("an answer to {of} counts {} as much for {about}", theme::percent(transfer[q][k])),
            };
            response.clone().on_hover_text_at_pointer(text);
        }
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, "Transfer between skills"));
    });
    ui.horizontal(|ui| theme::scale_key(ui, most));
}

/// How the map meets the known curriculum, in a sentence.
fn found(transfer: &[Vec<f32>]) -> String {
    let (mut related, mut others) = (Vec::new(), Vec::new());
    for (q, row) in transfer.iter().enumerate() {
        for (k, &value) in row.iter().enumerate().filter(|(k, _)| *k != q) {
            if builds_on(k, q) || builds_on(q, k) { related.push(value) } else { others.push(value) }
        }
    }
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    format!(
        "The model does not know the curriculum. It found a transfer of {} between skills that build on each other, and {} between others.",
        theme::percent(mean(&related)),
        theme::percent(mean(&others))
    )
}
