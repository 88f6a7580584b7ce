//! Skills × time as one picture: mastery or gain by shade.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use eframe::egui::{self, Color32, ColorImage, TextureHandle, TextureOptions, Ui, vec2};
use egui_plot::{AxisHints, PlotImage, PlotPoint};
use serde::{Deserialize, Serialize};

use super::{Page, Timeline, names_width};
use crate::app::theme;
use crate::data::Skill;
use crate::evaluate::TrajectoryStep;

/// What the shade means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) enum Shade {
    /// Mastery, 0 to 1.
    #[default]
    Mastery,
    /// Gain, 0 to the largest shown; below 0 in another colour.
    Gain,
    /// Chance of a right answer were the skill asked, 0 to 1.
    Chance,
}

impl Shade {
    fn name(self) -> &'static str {
        match self {
            Self::Mastery => "mastery",
            Self::Gain => "gain",
            Self::Chance => "chance",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Mastery => "what the model calls mastery",
            Self::Gain => "what each answer changed",
            Self::Chance => "chance of a right answer if the skill were asked now",
        }
    }
}

/// Which skill is uppermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) enum Sort {
    /// The most practised.
    #[default]
    Practice,
    /// The first by name.
    Name,
    /// The one that ends lowest.
    Final,
}

/// The map's settings and its texture.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct HeatMap {
    shade: Shade,
    sort: Sort,
    #[serde(skip)]
    texture: Option<(u64, TextureHandle)>,
}

impl std::fmt::Debug for HeatMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeatMap {:?} {:?}", self.shade, self.sort)
    }
}

impl HeatMap {
    /// What is shown of this model: its chances, where it has no mastery.
    fn shown(&self, timeline: &Timeline<'_>) -> Shade {
        if timeline.has_mastery() { self.shade } else { Shade::Chance }
    }

    fn value(&self, timeline: &Timeline<'_>, t: usize, skill: u32) -> Option<f32> {
        let step = timeline.steps[t];
        let values = match self.shown(timeline) {
            Shade::Mastery => step.drawn(),
            Shade::Gain => &step.gain,
            Shade::Chance => step.chances(),
        };
        values.get(skill as usize).copied()
    }

    /// Skills from top to bottom.
    fn rows(&self, timeline: &Timeline<'_>, skills: &[Skill]) -> Vec<u32> {
        let rest = (0..skills.len() as u32).filter(|c| !timeline.by_practice.contains(c));
        let mut rows: Vec<u32> = timeline.by_practice.iter().copied().chain(rest).collect();
        match self.sort {
            Sort::Practice => {}
            Sort::Name => rows.sort_by(|&a, &b| skills[a as usize].name.cmp(&skills[b as usize].name)),
            Sort::Final => {
                let last = timeline.steps.last();
                let end = |c: u32| last.and_then(|s| s.drawn().get(c as usize)).copied().unwrap_or(0.0);
                rows.sort_by(|&a, &b| end(a).total_cmp(&end(b)));
            }
        }
        rows
    }

    /// The picture, painted again only where something changed.
    fn texture(&mut self, ui: &Ui, timeline: &Timeline<'_>, rows: &[u32], most: f32, pale: bool) -> TextureHandle {
        let mut hasher = DefaultHasher::new();
        (self.shown(timeline), rows, timeline.steps.len(), pale, ui.visuals().dark_mode).hash(&mut hasher);
        for (t, _) in timeline.steps.iter().enumerate() {
            // A few cells of each column tell one model, student or what-if from another.
            let seen = [0, rows.len() / 2, rows.len().saturating_sub(1)]
                .map(|i| self.value(timeline, t, rows[i]).map(f32::to_bits));
            seen.hash(&mut hasher);
        }
        let key = hasher.finish();
        if let Some((_, texture)) = self.texture.as_ref().filter(|(k, _)| *k == key) {
            return texture.clone();
        }
        let ground = theme::background(ui.visuals());
        // Chances are paler where the model is unsure of them; gains are as they are.
        let is_chance = |step: &TrajectoryStep| match self.shown(timeline) {
            Shade::Gain => false,
            Shade::Chance => true,
            Shade::Mastery => step.draws_chances(),
        };
        let cell = |c: u32, t: usize, first: usize| {
            let step = timeline.steps[t];
            match self.value(timeline, t, c) {
                Some(v) if v < 0.0 => theme::falling(-v / most),
                Some(v) if pale && is_chance(step) && !step.deviation.is_empty() => {
                    let sureness = match step.deviation[c as usize] {
                        None if t >= first => 0.6,
                        deviation => theme::sureness(deviation),
                    };
                    ground.lerp_to_gamma(theme::scale(v / most), sureness)
                }
                Some(v) => theme::scale(v / most),
                None => Color32::TRANSPARENT,
            }
        };
        let pixels = rows
            .iter()
            .flat_map(|&c| {
                let first = timeline.first_practice(c);
                (0..timeline.steps.len()).map(move |t| (c, t, first))
            })
            .map(|(c, t, first)| cell(c, t, first))
            .collect();
        let image = ColorImage::new([timeline.steps.len(), rows.len()], pixels);
        let texture = ui.ctx().load_texture("skills over time", image, TextureOptions::NEAREST);
        self.texture = Some((key, texture.clone()));
        texture
    }
}

/// Height of the map of so many skills, at most `most`.
pub(super) fn height(skills: usize, most: f32) -> f32 {
    (skills as f32 * 15.0 + 26.0).clamp(90.0, most.max(90.0))
}

pub(super) fn show(page: &mut Page, ui: &mut Ui, timeline: &Timeline<'_>, skills: &[Skill], height: f32) {
    if timeline.steps.iter().all(|s| s.chances().is_empty()) || skills.is_empty() {
        return;
    }
    let mut heat = std::mem::take(&mut page.heat);
    let rows = heat.rows(timeline, skills);
    let most = match heat.shown(timeline) {
        Shade::Mastery | Shade::Chance => 1.0,
        Shade::Gain => {
            timeline.steps.iter().flat_map(|s| &s.gain).fold(f32::MIN_POSITIVE, |most, &g| most.max(g.abs()))
        }
    };
    tools(&mut heat, ui, most, timeline.has_mastery());
    let texture = heat.texture(ui, timeline, &rows, most, !page.hide_bands);
    let (n, count) = (timeline.steps.len() as f64, rows.len() as f64);
    let names: Vec<String> =
        rows.iter().map(|&c| theme::short(&skills[c as usize].name, if theme::narrow(ui) { 10 } else { 16 })).collect();
    let named = (height - 26.0) / rows.len() as f32 >= 13.5;
    let spacer = move |_: egui_plot::GridInput| {
        let mark = |i: usize| egui_plot::GridMark { value: i as f64 + 0.5, step_size: 1.0 };
        (0..count as usize).map(mark).collect()
    };
    let axis = AxisHints::new_y().min_thickness(names_width(ui)).label_spacing(8.0..=10.0);
    let axis = axis.tick_label_font(egui::FontId::proportional(10.5)).formatter(move |mark, _| {
        let row = (count - mark.value - 0.5).round();
        let name = if named && row >= 0.0 { names.get(row as usize) } else { None };
        name.cloned().unwrap_or_default()
    });
    let plot = page
        .plot(ui, "heat", timeline, height)
        .default_y_bounds(0.0, count)
        .show_grid([false, false])
        .y_grid_spacer(spacer)
        .custom_y_axes(vec![axis]);
    let cursor = page.cursor_line(ui, timeline);
    let response = plot.show(ui, |plot| {
        let centre = PlotPoint::new((n + 1.0) / 2.0, count / 2.0);
        plot.image(PlotImage::new("", texture.id(), centre, vec2(n as f32, count as f32)).allow_hover(false));
        plot.vline(cursor);
    });
    let row = response.response.hover_pos().map(|p| count - response.transform.value_from_position(p).y);
    if let (Some(at), Some(row)) = (page.pointed(timeline, &response), row)
        && let Some(&skill) = rows.get(row.max(0.0) as usize)
    {
        let value = theme::figure(heat.value(timeline, at, skill), 3);
        let what = heat.shown(timeline).name();
        let mut text = format!("{}\n{what} after answer {}: {value}", skills[skill as usize].name, at + 1);
        if !timeline.practised_by(skill, at) {
            text += "\nnever practised so far: a guess from other skills";
        } else if let Some([low, high]) = timeline.steps[at].chance_band(skill as usize) {
            text += &format!("\nchance, 80 % band: {low:.2} to {high:.2}");
        }
        response.response.clone().on_hover_text_at_pointer(text);
    }
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::GraphicsObject, true, "All skills over time"));
    page.heat = heat;
}

fn tools(heat: &mut HeatMap, ui: &mut Ui, most: f32, mastery: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new("All skills").strong().size(15.0));
        match mastery {
            true => [Shade::Mastery, Shade::Gain, Shade::Chance].into_iter().for_each(|shade| {
                ui.selectable_value(&mut heat.shade, shade, shade.name()).on_hover_text(shade.hint());
            }),
            false => {
                ui.label(theme::weak(Shade::Chance.hint()));
            }
        }
        ui.label(theme::weak("sorted by"));
        for (sort, name) in [(Sort::Practice, "practice"), (Sort::Name, "name"), (Sort::Final, "final value")] {
            ui.selectable_value(&mut heat.sort, sort, name);
        }
        theme::scale_key(ui, most);
    });
}
