//! Picks the door: the terminal natively. The window and the page come with their own issues.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    gainakt::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
