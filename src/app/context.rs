//! What a view can do beside drawing: ask the service, and have a person name a file or folder.
//!
//! The dialog is the window's own, with a field to type in; the system's picker is one button of it, so that it works
//! where there is none.

use std::path::PathBuf;

use async_channel::Receiver;
use eframe::egui::{self, Ui};

use super::client::Client;
#[cfg(target_arch = "wasm32")]
use crate::service::FilePurpose;
use crate::service::{Export, Request, Source};

/// What a path is wanted for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Purpose {
    /// Write this there.
    Save(Export),
    /// Look at this run.
    OpenRun,
    /// Look through this checkpoint at the open data.
    OpenCheckpoint,
    /// Compare with this run's model.
    CompareRun,
    /// Compare with this checkpoint.
    CompareCheckpoint,
    /// Train on these answers.
    Data,
    /// Test on these sequences.
    TestData,
    /// List the runs in this folder.
    Runs,
}

impl Purpose {
    fn title(&self) -> &'static str {
        match self {
            Self::Save(_) => "Save as",
            Self::OpenRun => "Open a run's folder",
            Self::OpenCheckpoint => "Open a checkpoint",
            Self::CompareRun => "Compare with a run",
            Self::CompareCheckpoint => "Compare with a checkpoint",
            Self::Data => "Answers to train on",
            Self::TestData => "pykt's test sequences",
            Self::Runs => "Folder with runs",
        }
    }

    /// Endings of the files that fit.
    #[cfg(target_arch = "wasm32")]
    fn endings(&self) -> &'static str {
        match self {
            Self::OpenRun | Self::CompareRun => ".zip",
            Self::OpenCheckpoint | Self::CompareCheckpoint => ".safetensors",
            _ => ".csv,.gz,.txt,.tsv",
        }
    }

    /// What a file picked is for.
    #[cfg(target_arch = "wasm32")]
    fn of_file(&self) -> FilePurpose {
        match self {
            Self::CompareRun | Self::CompareCheckpoint => FilePurpose::Compare,
            Self::TestData => FilePurpose::TestData,
            _ => FilePurpose::Open,
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn folder(&self) -> bool {
        matches!(self, Self::OpenRun | Self::CompareRun | Self::Runs)
    }
}

/// A dialog that waits for a path.
#[derive(Debug)]
struct Dialog {
    purpose: Purpose,
    path: String,
    /// The system's picker, while it is open.
    picking: Option<Receiver<Option<PathBuf>>>,
    fresh: bool,
}

/// The dialog that is open, if one is.
#[derive(Debug, Default)]
pub(super) struct Dialogs {
    open: Option<Dialog>,
}

/// What a view can do.
#[derive(Debug)]
pub(super) struct ViewContext<'a> {
    /// The connection to the service.
    pub client: &'a Client,
    /// The dialogs.
    pub dialogs: &'a mut Dialogs,
}

impl ViewContext<'_> {
    /// Has the person pick a file, which the service takes in.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn dialog(&mut self, purpose: Purpose) {
        super::web::pick(purpose.endings(), purpose.of_file());
    }

    /// Asks for a path.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn dialog(&mut self, purpose: Purpose) {
        self.dialogs.open = Some(Dialog { purpose, path: String::new(), picking: None, fresh: true });
    }

    /// Asks where to save something; in a browser it becomes a download.
    pub(super) fn save(&mut self, name: &str, export: Export) {
        let name: String =
            name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        if cfg!(target_arch = "wasm32") {
            self.client.send(Request::Download(name, export));
            return;
        }
        self.dialogs.open = Some(Dialog { purpose: Purpose::Save(export), path: name, picking: None, fresh: true });
    }
}

impl Dialogs {
    /// Whether a dialog is open: keys belong to it then.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Draws the open dialog. What is not for the service alone comes back: purpose and path.
    pub(super) fn show(&mut self, ui: &Ui, client: &Client) -> Option<(Purpose, PathBuf)> {
        let dialog = self.open.as_mut()?;
        if let Some(picked) = dialog.picking.as_ref().and_then(|p| p.try_recv().ok()) {
            dialog.picking = None;
            if let Some(path) = picked {
                dialog.path = path.display().to_string();
            }
        }
        let mut done = false;
        let modal = egui::Modal::new(egui::Id::unique("path dialog")).show(ui.ctx(), |ui| {
            ui.set_width(460.0);
            ui.heading(dialog.purpose.title());
            let field =
                ui.add(egui::TextEdit::singleline(&mut dialog.path).desired_width(f32::INFINITY).hint_text("path"));
            field.widget_info(|| egui::WidgetInfo::text_edit(true, "", dialog.path.as_str(), "Path"));
            if std::mem::take(&mut dialog.fresh) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
            ui.horizontal(|ui| {
                let verb = if matches!(dialog.purpose, Purpose::Save(_)) { "Save" } else { "Open" };
                let go = ui.add_enabled(!dialog.path.trim().is_empty(), egui::Button::new(verb)).clicked();
                done = (go || entered) && !dialog.path.trim().is_empty();
                #[cfg(not(target_arch = "wasm32"))]
                if ui.add_enabled(dialog.picking.is_none(), egui::Button::new("Browse…")).clicked() {
                    dialog.picking = pick(&dialog.purpose, &dialog.path);
                }
                if ui.button("Cancel").clicked() {
                    ui.close();
                }
            });
        });
        if done {
            let Dialog { purpose, path, .. } = self.open.take()?;
            return act(purpose, PathBuf::from(path.trim()), client);
        }
        if modal.should_close() {
            self.open = None;
        }
        None
    }
}

fn act(purpose: Purpose, path: PathBuf, client: &Client) -> Option<(Purpose, PathBuf)> {
    match purpose {
        Purpose::Save(export) => client.send(Request::Save(path, export)),
        Purpose::OpenRun => client.send(Request::Open(Source::Run(path))),
        Purpose::OpenCheckpoint => client.send(Request::Open(Source::Checkpoint(path))),
        Purpose::CompareRun => client.send(Request::Compare(Some(Source::Run(path)))),
        Purpose::CompareCheckpoint => client.send(Request::Compare(Some(Source::Checkpoint(path)))),
        purpose @ (Purpose::Data | Purpose::TestData | Purpose::Runs) => return Some((purpose, path)),
    }
    None
}

/// Opens the system's picker beside the window.
#[cfg(not(target_arch = "wasm32"))]
fn pick(purpose: &Purpose, name: &str) -> Option<Receiver<Option<PathBuf>>> {
    let (tx, picked) = async_channel::bounded(1);
    let (purpose, name) = (purpose.clone(), name.to_owned());
    let task = move || async move {
        let dialog = rfd::AsyncFileDialog::new().set_title(purpose.title());
        let file = match &purpose {
            Purpose::Save(_) => dialog.set_file_name(&name).save_file().await,
            purpose if purpose.folder() => dialog.pick_folder().await,
            _ => dialog.pick_file().await,
        };
        let _ = tx.send(file.map(|f| f.path().to_owned())).await;
    };
    // Without a thread there is still the field to type in.
    crate::platform::spawn_task("gainakt-picker", task).ok()?;
    Some(picked)
}
