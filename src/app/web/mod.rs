//! The page: the same program in two threads of one browser tab. The page's thread draws; a worker runs the service.
//! They talk in the service's messages as bytes.

mod browser;
mod page;
mod worker;
mod worker_client;

use wasm_bindgen::JsCast as _;

pub(super) use browser::{download, offers_web_gpu};
pub(super) use worker_client::pick;

/// Starts what belongs to this thread.
pub fn main() {
    match js_sys::global().dyn_into::<web_sys::DedicatedWorkerGlobalScope>() {
        Ok(scope) => worker::start(scope),
        Err(_) => page::start(),
    }
}
