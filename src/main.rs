//! Starts the program: terminal and window natively, the page in a browser.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    gainakt::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    gainakt::app::web::main();
}
