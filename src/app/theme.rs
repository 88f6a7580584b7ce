//! How things look: palette, colour scales, type and spacing, light and dark.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{self, Color32, FontDefinitions, FontFamily, FontId, RichText, TextStyle, Theme, Ui, Visuals};
use egui_plot::Plot;

pub(super) use crate::evaluate::{outcome_word as word, percent};

/// Okabe and Ito's colours, which people with colour-blindness tell apart; the last is not used on a dark background.
const LINES: [Color32; 7] = [
    Color32::from_rgb(0x00, 0x72, 0xB2),
    Color32::from_rgb(0xD5, 0x5E, 0x00),
    Color32::from_rgb(0x00, 0x9E, 0x73),
    Color32::from_rgb(0xCC, 0x79, 0xA7),
    Color32::from_rgb(0xE6, 0x9F, 0x00),
    Color32::from_rgb(0x56, 0xB4, 0xE9),
    Color32::from_rgb(0x80, 0x80, 0x80),
];

/// Space between groups.
pub(super) const GAP: f32 = 10.0;

/// Sets type, spacing and both themes.
pub(super) fn set_up(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.all_styles_mut(|style| {
        let font = |size| FontId::new(size, FontFamily::Proportional);
        style.text_styles = [
            (TextStyle::Small, font(12.0)),
            (TextStyle::Body, font(14.0)),
            (TextStyle::Button, font(14.0)),
            (TextStyle::Heading, font(20.0)),
            (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(8.0, 4.0);
        style.spacing.interact_size.y = 24.0;
        style.spacing.scroll = egui::style::ScrollStyle::thin();
        style.interaction.tooltip_delay = 0.15;
    });
    ctx.set_visuals_of(Theme::Light, light());
    ctx.set_visuals_of(Theme::Dark, dark());
}

/// Colour of the background. The window is cleared to it and panels are not filled: every layer of pixels costs, and
/// where the graphics adapter is software, layers decide how long a frame takes.
pub(super) fn background(visuals: &Visuals) -> Color32 {
    if visuals.dark_mode { Color32::from_rgb(0x1A, 0x1C, 0x20) } else { Color32::from_rgb(0xFB, 0xFB, 0xFC) }
}

/// One font for everything: signs it lacks, such as ● and ▶, are drawn by the browser, and what a visitor loads stays
/// small.
#[cfg(target_arch = "wasm32")]
fn fonts() -> FontDefinitions {
    let name = "Ubuntu-Light";
    let mut fonts = FontDefinitions::empty();
    let data = egui::FontData::from_static(epaint_default_fonts::UBUNTU_LIGHT);
    fonts.font_data.insert(name.to_owned(), std::sync::Arc::new(data));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec![name.to_owned()]);
    }
    fonts
}

/// The default fonts; signs such as ● and ▶, which the proportional one lacks, come from the other.
#[cfg(not(target_arch = "wasm32"))]
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let others: Vec<String> = fonts.families.get(&FontFamily::Monospace).cloned().unwrap_or_default();
    let family = fonts.families.entry(FontFamily::Proportional).or_default();
    for other in others {
        if !family.contains(&other) {
            family.push(other);
        }
    }
    fonts
}

fn light() -> Visuals {
    let mut visuals = Visuals::light();
    visuals.panel_fill = Color32::TRANSPARENT;
    visuals.extreme_bg_color = Color32::WHITE;
    visuals.faint_bg_color = Color32::from_rgb(0xF1, 0xF3, 0xF6);
    visuals.selection.bg_fill = Color32::from_rgb(0xCF, 0xE3, 0xF5);
    visuals.selection.stroke.color = Color32::from_rgb(0x0B, 0x3C, 0x5D);
    visuals.widgets.noninteractive.fg_stroke.color = Color32::from_rgb(0x24, 0x29, 0x30);
    visuals.weak_text_color = Some(Color32::from_rgb(0x5B, 0x65, 0x70));
    visuals.error_fg_color = Color32::from_rgb(0xB3, 0x1B, 0x2B);
    visuals
}

fn dark() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = Color32::TRANSPARENT;
    visuals.extreme_bg_color = Color32::from_rgb(0x12, 0x14, 0x17);
    visuals.faint_bg_color = Color32::from_rgb(0x24, 0x27, 0x2C);
    visuals.selection.bg_fill = Color32::from_rgb(0x1F, 0x4B, 0x70);
    visuals.widgets.noninteractive.fg_stroke.color = Color32::from_rgb(0xD6, 0xDA, 0xDF);
    visuals.weak_text_color = Some(Color32::from_rgb(0x9A, 0xA3, 0xAD));
    visuals.error_fg_color = Color32::from_rgb(0xFF, 0x8A, 0x80);
    visuals
}

/// The `i`-th line's colour.
pub(super) fn line(ui: &Ui, i: usize) -> Color32 {
    let colour = LINES[i % LINES.len()];
    if ui.visuals().dark_mode { colour.lerp_to_gamma(Color32::WHITE, 0.25) } else { colour }
}

/// What happened: a right answer.
pub(super) fn right(ui: &Ui) -> Color32 {
    line(ui, 2)
}

/// What happened: a wrong answer.
pub(super) fn wrong(ui: &Ui) -> Color32 {
    line(ui, 1)
}

/// What calls for attention without being an error.
pub(super) fn accent(ui: &Ui) -> Color32 {
    line(ui, 0)
}

/// What went wrong with the program or its input.
pub(super) fn error(ui: &Ui) -> Color32 {
    ui.visuals().error_fg_color
}

/// Colour of a fall: the share of the largest, from nothing to dark.
pub(super) fn falling(share: f32) -> Color32 {
    let colour = colorous::ORANGES.eval_continuous(f64::from(share.clamp(0.0, 1.0)) * 0.85 + 0.1);
    Color32::from_rgb(colour.r, colour.g, colour.b)
}

/// A colour for a value from 0 to 1; dark is low, light is high, readable without hue (viridis).
pub(super) fn scale(value: f32) -> Color32 {
    let c = colorous::VIRIDIS.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
    Color32::from_rgb(c.r, c.g, c.b)
}

/// How much of its colour a value keeps: all of it where it is sure, less the further its deviation, little where it is a guess
/// about something never practised.
pub(super) fn sureness(deviation: Option<f32>) -> f32 {
    let (sure, unsure) = (0.05, 0.2);
    match deviation {
        Some(deviation) => 1.0 - 0.55 * ((deviation - sure) / (unsure - sure)).clamp(0.0, 1.0),
        None => 0.25,
    }
}

/// Black or white, whichever is easier to read on `ground`.
fn ink_on(ground: Color32) -> Color32 {
    let [r, g, b, _] = ground.to_array().map(f32::from);
    if 0.299 * r + 0.587 * g + 0.114 * b > 130.0 { Color32::from_gray(16) } else { Color32::WHITE }
}

/// A plot with a grid that stays behind the data.
pub(super) fn with_grid<'a>(ui: &Ui, plot: Plot<'a>) -> Plot<'a> {
    plot.grid_color(ui.visuals().weak_text_color().gamma_multiply(0.35)).grid_fade(0.8).show_background(false)
}

/// What the shades mean: the whole scale, from 0 to `most`.
pub(super) fn scale_key(ui: &mut Ui, most: f32) {
    const PARTS: usize = 30;
    ui.label(weak("0").small());
    let (rect, _) = ui.allocate_exact_size(egui::vec2(90.0, 12.0), egui::Sense::hover());
    let size = egui::vec2(rect.width() / PARTS as f32, rect.height());
    for i in 0..PARTS {
        let corner = rect.min + egui::vec2(size.x * i as f32, 0.0);
        let part = egui::Rect::from_min_size(corner, size + egui::vec2(0.5, 0.0));
        ui.painter().rect_filled(part, 0.0, scale(i as f32 / (PARTS - 1) as f32));
    }
    ui.label(weak(format!("{most:.2}").trim_end_matches(".00")).small());
}

/// A menu with fields in it, which stays open while they are changed.
pub(super) fn menu<R>(ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui) -> R) {
    let config = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    MenuButton::new(title).config(config).ui(ui, add);
}

/// A box to choose from, with its name for screen readers and the pointer.
pub(super) fn chooser(ui: &mut Ui, name: &str, chosen: impl Into<String>, width: f32, add: impl FnOnce(&mut Ui)) {
    let chooser = egui::ComboBox::from_id_salt(name).selected_text(chosen.into()).width(width);
    chooser.show_ui(ui, add).response.on_hover_text(name);
}

/// Text for what is secondary.
pub(super) fn weak(text: impl Into<String>) -> RichText {
    RichText::new(text).weak()
}

/// A heading of a part of a page.
pub(super) fn part(ui: &mut Ui, title: &str, remark: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(title).strong().size(15.0));
        if !remark.is_empty() {
            ui.label(weak(remark).size(12.5));
        }
    });
}

/// Adds what belongs at the right end of a line; on a phone it simply follows.
pub(super) fn at_the_end(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    if narrow(ui) {
        add(ui);
    } else {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), add);
    }
}

/// Whether there is too little room for two panels side by side, as on a phone.
pub(super) fn narrow(ui: &Ui) -> bool {
    ui.ctx().content_rect().width() < 700.0
}

/// A figure with `digits` decimals, a dash where there is none.
pub(super) fn figure(value: Option<impl Into<f64>>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{:.digits$}", v.into()))
}

/// `text` cut to `length` characters.
pub(super) fn short(text: &str, length: usize) -> String {
    if text.chars().count() > length {
        text.chars().take(length - 1).collect::<String>() + "…"
    } else {
        text.to_owned()
    }
}

/// A horizontal bar from 0 to 1 with a text on it, told to screen readers as `name: text`.
pub(super) fn bar(ui: &mut Ui, name: &str, value: f32, text: &str, width: f32, colour: Color32) -> egui::Response {
    bar_with_band(ui, name, value, None, text, width, colour)
}

/// The same with the ends of an interval around the value marked by a line with two ends.
pub(super) fn bar_with_band(
    ui: &mut Ui,
    name: &str,
    value: f32,
    band: Option<[f32; 2]>,
    text: &str,
    width: f32,
    colour: Color32,
) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, 16.0), egui::Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 3.0, ui.visuals().faint_bg_color);
    let mut filled = rect;
    filled.set_width(rect.width() * value.clamp(0.0, 1.0));
    painter.rect_filled(filled, 3.0, colour);
    if let Some(ends) = band {
        let stroke = egui::Stroke::new(1.0, ui.visuals().text_color().gamma_multiply(0.8));
        let [low, high] = ends.map(|end| egui::lerp(rect.x_range(), end.clamp(0.0, 1.0)));
        painter.hline(low..=high, rect.bottom() - 2.5, stroke);
        for x in [low, high] {
            painter.vline(x, rect.bottom() - 5.0..=rect.bottom(), stroke);
        }
    }
    let inside = filled.width() > rect.width() * 0.45;
    let (at, align) = match inside {
        // Away from the ends of the interval.
        true if band.is_some() => (rect.left_center() + egui::vec2(4.0, 0.0), egui::Align2::LEFT_CENTER),
        false if band.is_some() => {
            let high = band.map_or(value, |[_, high]| high);
            let x = egui::lerp(rect.x_range(), high.clamp(0.0, 1.0));
            (egui::pos2(x + 4.0, rect.center().y), egui::Align2::LEFT_CENTER)
        }
        true => (filled.right_center() - egui::vec2(4.0, 0.0), egui::Align2::RIGHT_CENTER),
        false => (filled.right_center() + egui::vec2(4.0, 0.0), egui::Align2::LEFT_CENTER),
    };
    let ink = if inside { ink_on(colour) } else { ui.visuals().text_color() };
    painter.text(at, align, text, FontId::proportional(12.0), ink);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {text}")));
    response
}

/// Right or wrong as the plots mark it, a disc or a cross.
pub(super) fn sign(response: u8) -> &'static str {
    if response == 1 { "●" } else { "×" }
}
