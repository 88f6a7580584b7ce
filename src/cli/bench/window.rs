//! Times of the window: opening, switching students, frames while training.

use std::path::PathBuf;

use clap::Args;

use crate::app::measure;
use crate::config::Config;
use crate::error::Result;
use crate::platform::device::DeviceChoice;
use crate::platform::files;
use crate::service::TrainRequest;

/// What `gainakt bench window` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct WindowArgs {
    /// Data to open and train on; without it a simulated class of 20,000 students.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where to train.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
}

/// Opens the window, measures, prints.
pub(super) fn window(args: &WindowArgs) -> Result<()> {
    let mut config = Config::preset(if args.data.is_some() { "assist2015_small" } else { "demo" })?;
    config.data.path = args.data.as_ref().map(|p| p.display().to_string());
    config.data.simulated_students = 20_000;
    // Longer than the measurement.
    config.training.epochs = 1000;
    config.training.patience = 1000;
    let out = std::env::temp_dir().join(format!("gainakt-bench-{}", std::process::id()));
    let order = TrainRequest { config, device: args.device, out: out.clone(), title: "bench".to_owned(), resume: None };
    let times = measure(order);
    if files::is_dir(&out) {
        files::remove_dir(&out)?;
    }
    let times = times?;
    println!("window_pixels                     {}x{}", times.pixels[0], times.pixels[1]);
    println!("students                          {}", times.students);
    println!("reading_s                         {:.2}", times.reading);
    println!("first_student_after_reading_s     {:.2}", times.opening);
    println!("all_surveyed_after_reading_s      {:.2}", times.surveying);
    print_quantiles("switch_student_ms", times.switching);
    print_quantiles("frame_to_frame_paused_ms", times.idle);
    for (view, frames) in times.frames {
        print_quantiles(&format!("frame_{view}_training_ms"), frames);
    }
    print_quantiles("frame_to_frame_training_ms", times.intervals);
    Ok(())
}

fn print_quantiles(name: &str, mut seconds: Vec<f64>) {
    seconds.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| seconds.get(((seconds.len() as f64 - 1.0) * share) as usize).map_or(f64::NAN, |s| s * 1e3);
    println!(
        "{name:33} median {:.1}, 95 % below {:.1}, most {:.1} ({} times)",
        at(0.5),
        at(0.95),
        at(1.0),
        seconds.len()
    );
}
