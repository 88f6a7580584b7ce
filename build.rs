//! Notes what the program was built from, for environment.json. Crates that do the same either bring a Git library or call
//! `git` as here, and fail where sources lie without a repository; this says "unknown" then.

use std::process::Command;

fn said(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn main() {
    let unknown = || "unknown".to_owned();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let dirty = said("git", &["status", "--porcelain", "--untracked-files=no"])
        .map_or_else(unknown, |s| (!s.is_empty()).to_string());
    println!("cargo:rustc-env=GAINAKT_COMMIT={}", said("git", &["rev-parse", "HEAD"]).unwrap_or_else(unknown));
    println!(
        "cargo:rustc-env=GAINAKT_BRANCH={}",
        said("git", &["rev-parse", "--abbrev-ref", "HEAD"]).unwrap_or_else(unknown)
    );
    println!("cargo:rustc-env=GAINAKT_DIRTY={dirty}");
    println!("cargo:rustc-env=GAINAKT_RUSTC={}", said(&rustc, &["--version"]).unwrap_or_else(unknown));
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/index");
    println!("cargo:rerun-if-changed=src");
}
