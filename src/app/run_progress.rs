//! Where a run is, in a sentence and a bar.

use eframe::egui::{self, Ui};

use super::theme;
use super::view_state::ShownRun;
use crate::train::Phase;

/// Where the run is, in a sentence.
pub(super) fn state_text(run: &ShownRun) -> String {
    let epochs = run.sizes.map_or(0, |s| s.2);
    match (&run.ended, run.progress) {
        (Some(Ok(how)), _) => match &run.results {
            Some(results) if results.best_epoch > 0 => {
                format!(
                    "{} {} The best model is of epoch {}, validation AUC {}.",
                    sentence(how),
                    sentence(&results.ended.to_string()),
                    results.best_epoch,
                    theme::figure(results.best_validation_auc, 4)
                )
            }
            _ => sentence(how),
        },
        (Some(Err(problem)), _) => problem.clone(),
        (None, None) if run.device.is_none() => "opening the device".to_owned(),
        (None, None) => "running the first step; shaders may need to be compiled".to_owned(),
        (None, Some(_)) if run.paused => "paused".to_owned(),
        (None, Some(_)) if run.results.is_some() => "writing trajectories and plots".to_owned(),
        (None, Some((epoch, phase, done, total))) => {
            let what = match phase {
                Phase::Train => "step",
                Phase::Validate => "validating, window",
                Phase::Evaluate => "measuring the best model, window",
            };
            format!("epoch {epoch} of at most {epochs}, {what} {done} of {total}")
        }
    }
}

/// Where the run is, in a line and a bar.
pub(super) fn show(ui: &mut Ui, run: &ShownRun) {
    let epochs = run.sizes.map_or(0, |s| s.2);
    let state = state_text(run);
    let share = if run.over() { 1.0 } else { run.position() / epochs.max(1) as f64 };
    let left = run
        .time_left()
        .filter(|_| !run.over() && !run.paused)
        .map_or(String::new(), |s| format!("{} left at most", clock_text(s)));
    ui.add(egui::ProgressBar::new(share as f32).text(left).desired_height(16.0));
    ui.horizontal_wrapped(|ui| {
        ui.label(state);
        if let Some(device) = &run.device {
            let (name, remark) = device.split_once(';').unwrap_or((device, ""));
            ui.label(theme::weak(format!("· {name}"))).on_hover_text(remark.trim());
        }
        if run.held > 0 {
            ui.label(theme::weak(format!("· {:.0} MB of arrays", run.held as f64 / 1e6)));
        }
        if let Some((parameters, ..)) = run.sizes {
            ui.label(theme::weak(format!("· {parameters} parameters")));
        }
    });
    ui.label(theme::weak(format!("folder {}", run.folder.display())).small());
    ui.add_space(4.0);
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// Seconds as people say them.
fn clock_text(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
