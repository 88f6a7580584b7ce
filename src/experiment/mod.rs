//! The folder a run leaves and what reads it back (SPEC §6).

mod folder;
mod load;
mod plot;
mod record;
mod session;

pub use folder::{File, RunFolder};
pub use load::{DataChoice, load_corpus, load_dataset, load_model};
pub use plot::{Plot, Series, png};
pub use record::{Circumstances, config_json, metrics_csv, pretty, read_config, results_json};
pub use session::{Launch, Session, finished_folder, start};
