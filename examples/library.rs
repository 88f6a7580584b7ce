//! gainakt as a library: trains the evidence model on the embedded class and explains one student in sentences.
//!
//! ```sh
//! cargo run --release --example library -- runs
//! ```
//!
//! The argument is the folder in which the run's folder is created.

use std::path::PathBuf;
use std::sync::Arc;

use futures_lite::future::block_on;
use gainakt::config::Config;
use gainakt::evaluate::{student_sentences, trajectory};
use gainakt::experiment::{Launch, LaunchInfo, RunFolder, load_corpus, load_model, start};
use gainakt::platform::device::{Device, DeviceChoice};
use gainakt::train::Message;

fn main() -> gainakt::Result<()> {
    let out = std::env::args().nth(1).map_or_else(|| PathBuf::from("runs"), PathBuf::from);
    let device = DeviceChoice::Cpu;
    let mut config = Config::preset("evidence")?;
    config.training.epochs = 2;
    // The embedded class; `config.data.path` would name a file.
    let corpus = Arc::new(load_corpus(&config)?);
    let folder = RunFolder::create(&out, config.model.kind, "library")?;
    let about = Some(LaunchInfo { purpose: "an example".to_owned(), ..LaunchInfo::default() });
    let launch = Launch { config: config.clone(), corpus: corpus.clone(), device, folder: folder.clone(), about };

    // Training runs on a thread of its own; the session writes the run's folder and passes on what it is told.
    let mut session = start(launch)?;
    let mut results = None;
    while let Some(message) = session.wait()? {
        match message {
            Message::Epoch(row) => println!("epoch {}: training loss {:.4}", row.epoch, row.train_loss),
            Message::Finished(finished) => results = Some(finished),
            _ => {}
        }
    }
    if let Some(results) = results {
        block_on(session.complete(&corpus, device, &results))?;
    }

    let mut model = load_model(&folder, &config, &corpus, &Device::Cpu)?;
    let path = block_on(trajectory(&mut model, &corpus, &corpus.students[0]))?;
    for sentence in student_sentences(&path, None) {
        println!("{sentence}");
    }
    Ok(())
}
