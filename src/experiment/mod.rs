//! The folder a run leaves and what reads it back (MODEL §6).

mod artifacts;
mod checklist;
mod compare;
mod comparison;
mod config_record;
mod data_files;
mod environment;
mod exchange;
mod folder;
mod grid;
mod load;
mod manifest;
mod plot;
mod record;
mod report;
mod run_lines;
mod session;
mod student_report;

pub use artifacts::student_plot;
pub use checklist::{Item, checklist};
pub use compare::{RunRecord, config_differences, metric_differences, overlay};
pub use comparison::{Compared, Comparison, mean_and_std};
pub use config_record::{DeviceRecord, LaunchInfo, config_json, read_config, settings_from_json};
pub use data_files::{load_dataset, read_data};
pub use environment::{environment, fingerprint, sha256_hex};
pub use exchange::{export_weights, import_weights, predictions_csv};
pub use folder::{File, RunFolder};
pub use grid::Grid;
pub use load::{DataChoice, load_config, load_corpus, load_model};
pub use manifest::{differences, seal};
pub use plot::{Plot, Series, png};
pub use record::{json_value, metrics_csv, pretty, results_json};
pub use report::{marks, readme};
pub use run_lines::{RunLines, baseline_lines, figure, measure_lines};
pub use session::{Launch, Session, finished_folder, start};
pub use student_report::student_report;
