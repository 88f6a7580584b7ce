//! What only the browser can do, by way of `web/page.js`.

use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{File, Worker};

#[wasm_bindgen(js_namespace = gainakt)]
extern "C" {
    /// Starts a worker with the module that is compiled already.
    #[wasm_bindgen(js_name = startWorker)]
    pub(super) fn start_worker() -> Worker;

    /// Notes how many requests the worker has made.
    #[wasm_bindgen(js_name = workerRequests)]
    pub(super) fn worker_requests(count: u32);

    /// Requests made by both threads since the first picture.
    pub(super) fn requests() -> u32;

    /// Whether the browser knows WebGPU; it may still have no adapter.
    #[wasm_bindgen(js_name = offersWebGpu)]
    pub(in crate::app) fn offers_web_gpu() -> bool;

    /// Whether the visitor wants as little movement as possible.
    #[wasm_bindgen(js_name = reducedMotion)]
    pub(super) fn reduced_motion() -> bool;

    /// The first frame is drawn.
    pub(super) fn started();

    /// Takes the window away and tells what went wrong.
    pub(super) fn fail(what: &str, details: &str);

    /// Hands a file to the person.
    pub(in crate::app) fn download(name: &str, bytes: &[u8]);

    /// Writes sentences and buttons beside the canvas, for screen readers; `press` gets the text of a button.
    #[wasm_bindgen(js_name = textVersion)]
    pub(super) fn text_version(sentences: Vec<String>, buttons: Vec<String>, press: &JsValue);

    #[wasm_bindgen(js_name = pick)]
    fn pick_file(accept: &str, take: &JsValue);

    #[wasm_bindgen(js_name = onDrop)]
    fn on_drop_file(take: &JsValue);
}

/// Has a person choose a file with one of these endings; it goes unread to `take`.
pub(super) fn pick(accept: &str, take: impl FnOnce(File) + 'static) {
    pick_file(accept, &Closure::once_into_js(take));
}

/// Every file dropped on the page goes unread to `take`.
pub(super) fn on_drop(take: impl FnMut(File) + 'static) {
    let take: Closure<dyn FnMut(File)> = Closure::new(take);
    on_drop_file(take.as_ref().unchecked_ref());
    // The page listens as long as it lives.
    take.forget();
}
