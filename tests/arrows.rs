//! The house rules of the source tree: which module may use which, and where platform code may stand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module may use besides `error`, `pyjson` and itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("pyjson", &[]),
    ("data", &[]),
    ("platform", &[]),
    ("config", &["data"]),
    ("ops", &["data", "platform"]),
    ("model", &["ops", "config", "data", "platform"]),
    ("objective", &["model", "config", "data"]),
    ("evaluate", &["model", "ops", "config", "data", "platform"]),
    ("train", &["evaluate", "objective", "model", "ops", "config", "data", "platform"]),
    ("experiment", &["train", "evaluate", "objective", "model", "ops", "config", "data", "platform"]),
    ("service", &["experiment", "train", "evaluate", "objective", "model", "ops", "config", "data", "platform"]),
    ("app", &["service", "experiment", "train", "evaluate", "model", "config", "data", "platform"]),
    (
        "cli",
        &[
            "app",
            "service",
            "experiment",
            "train",
            "evaluate",
            "objective",
            "model",
            "ops",
            "config",
            "data",
            "platform",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Words that may stand only in these modules.
const PLACES: &[(&str, &[&str])] = &[
    ("egui", &["app"]),
    ("web_sys", &["app"]),
    ("std::fs", &["platform"]),
    ("std::env", &["cli", "platform"]),
    ("target_arch", &["platform", "app", "main", "lib"]),
    ("println!", &["cli"]),
    ("print!", &["cli"]),
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "wgsl") {
            out.push(path);
        }
    }
}

fn all(dir: &str) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    sources(Path::new(dir), &mut paths);
    paths.sort();
    paths.into_iter().map(|p| (p.clone(), std::fs::read_to_string(p).unwrap())).collect()
}

fn module(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap();
    inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn arrows_point_one_way() {
    let names: BTreeSet<&str> = ARROWS.iter().map(|a| a.0).collect();
    for (path, text) in all("src") {
        let own = module(&path);
        let allowed = ARROWS.iter().find(|a| a.0 == own).unwrap_or_else(|| panic!("{own} has no place in the house")).1;
        for used in named_after(&code(&text), "crate::") {
            let fine = used == own || used == "error" || used == "pyjson" || allowed.contains(&used.as_str());
            assert!(fine || !names.contains(used.as_str()), "{} uses {used}, which {own} may not", path.display());
        }
    }
}

#[test]
fn platform_code_stands_in_its_places() {
    for (path, text) in all("src") {
        let own = module(&path);
        for (word, places) in PLACES {
            assert!(!code(&text).contains(word) || places.contains(&own.as_str()), "{} says {word}", path.display());
        }
    }
}

#[test]
fn nothing_unwraps_outside_tests() {
    for (path, text) in all("src") {
        for word in [".unwrap()", "panic!(", "todo!(", "unimplemented!("] {
            assert!(!code(&text).contains(word), "{} says {word}", path.display());
        }
        // What only a bug can cause may be expected not to happen, with the reason why it does not.
        for reason in text.split(".expect(").skip(1) {
            let reason = reason.trim_start_matches('"').split('"').next().unwrap_or_default();
            assert!(reason.split(' ').count() > 3, "{} expects something without saying why it holds", path.display());
        }
    }
}

#[test]
fn files_stay_short_and_begin_with_why_they_exist() {
    for dir in ["src", "shaders", "tests"] {
        for (path, text) in all(dir) {
            let lines = text.lines().count();
            assert!(lines <= 450, "{} has {lines} lines, more than one thing is likely to stand in it", path.display());
            let first = text.lines().next().unwrap_or_default();
            let documented =
                first.starts_with("//!") || path.extension().is_some_and(|e| e == "wgsl") && first.starts_with("//");
            assert!(documented, "{} begins without saying what it is for", path.display());
        }
    }
}

/// Where a file stands within its module: its folder and the name others there use for it.
fn place_of(path: &Path) -> (PathBuf, String) {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    let folder = path.parent().unwrap().to_owned();
    if stem == "mod" {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        return (folder.parent().unwrap().to_owned(), name);
    }
    (folder, stem)
}

/// Names that follow `from::` in `use` lines and paths, those in braces too.
fn named_after(code: &str, from: &str) -> Vec<String> {
    let word =
        |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for rest in code.split(from).skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                // Only the list's own level: what stands deeper belongs to what stands before its brace.
                let mut depth = 0;
                let mut at_start = true;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => at_start = true,
                        c if at_start && !c.is_whitespace() => {
                            names.push(word(&list[i..]));
                            at_start = false;
                        }
                        _ => {}
                    }
                }
            }
            None => names.push(word(rest)),
        }
    }
    names
}

/// No two files of a folder use one another, directly or through others.
#[test]
fn no_cycles_within_a_module() {
    let files = all("src");
    let mut uses: BTreeMap<(PathBuf, String), BTreeSet<String>> = BTreeMap::new();
    for (path, text) in &files {
        let (folder, name) = place_of(path);
        uses.entry((folder, name)).or_default().extend(named_after(&code(text), "super::"));
    }
    let places: BTreeSet<(PathBuf, String)> = uses.keys().cloned().collect();
    let mut cycles = Vec::new();
    for start in &places {
        let (folder, name) = start;
        let mut seen = BTreeSet::new();
        let mut next = vec![name.clone()];
        while let Some(at) = next.pop() {
            for used in uses.get(&(folder.clone(), at)).into_iter().flatten() {
                if used == name {
                    cycles.push(format!("{}: {name}", folder.display()));
                    next.clear();
                    break;
                }
                if places.contains(&(folder.clone(), used.clone())) && seen.insert(used.clone()) {
                    next.push(used.clone());
                }
            }
        }
    }
    assert!(cycles.is_empty(), "files that use one another: {cycles:#?}");
}

/// No file of `src` and no shader is left over: each is declared as a module, or named where it is read.
#[test]
fn no_file_is_left_over() {
    let files = all("src");
    let declared: BTreeSet<(PathBuf, String)> = files
        .iter()
        .flat_map(|(path, text)| {
            // Modules of `lib.rs` and `main.rs` lie beside them, those of another file in the folder of its name.
            let (folder, name) = place_of(path);
            let inside = if name == "lib" || name == "main" { folder } else { folder.join(name) };
            let of_line = |line: &str| Some(line.trim().strip_suffix(';')?.rsplit_once("mod ")?.1.to_owned());
            text.lines().filter_map(of_line).map(move |name| (inside.clone(), name)).collect::<Vec<_>>()
        })
        .collect();
    for (path, _) in &files {
        let place = place_of(path);
        assert!(
            declared.contains(&place) || ["lib", "main"].contains(&place.1.as_str()),
            "{} is no module",
            path.display()
        );
    }
    let code: String = files.iter().map(|(_, text)| text.as_str()).collect();
    let (mut shaders, mut folders) = (Vec::new(), vec![PathBuf::from("shaders")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { shaders.push(path) }
        }
    }
    for path in shaders {
        // The end of a text in quotation marks: a comment that names it is no use of it.
        let name = format!("{}\"", path.strip_prefix("shaders").unwrap().display());
        assert!(code.contains(&name), "{} is used by no kernel", path.display());
    }
}

/// What the page's build is told to leave out is left out: burn alone would be 4 MB of it.
#[test]
fn the_page_has_no_burn() {
    let page = std::fs::read_to_string("web/index.html").unwrap();
    assert!(page.contains("data-cargo-no-default-features"), "web/index.html builds with the default features");
    let packages = |target: &str, features: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["tree", "--locked", "--prefix", "none", "--edges", "normal", "--target", target]).args(features);
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let with_burn = |text: &str| text.lines().any(|line| line.starts_with("burn") || line.starts_with("cubecl"));
    assert!(!with_burn(&packages("wasm32-unknown-unknown", &["--no-default-features"])), "the page has burn in it");
    let whole = packages("x86_64-unknown-linux-gnu", &[]);
    assert!(with_burn(&whole), "the whole program has no burn, so this test sees nothing");
    let wgpu: BTreeSet<&str> =
        whole.lines().filter(|l| l.starts_with("wgpu v")).map(|l| l.trim_end_matches(" (*)")).collect();
    assert_eq!(wgpu.len(), 1, "more than one wgpu: {wgpu:?}");
}
