//! Every committed case and scenario has the outcome that is written down beside it. If the
//! reference and an implementation change in the same way, this is what tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use put_user_page_case::Case;
use put_user_page_targets::backends::naive;
use put_user_page_targets::registry::TARGETS;
use put_user_page_targets::written::{self, Outcomes};

/// What to do where a test fails.
const HELP: &str = "if that is meant, `cargo run --release -- corpus outcomes` writes them down";

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

/// Files in a folder, dotfiles left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.is_file() && !name(path).starts_with('.'));
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn assert_same(what: &str, written: &Outcomes, now: &Outcomes) {
    let unlike = written::unlike(written, now);
    let lines: Vec<String> =
        unlike.iter().map(|(name, unlike)| format!("{what}: {name} {unlike}")).collect();
    assert!(lines.is_empty(), "{}\n{HELP}", lines.join("\n"));
    assert!(!now.is_empty(), "{what} has no cases");
}

#[test]
fn committed_cases_have_the_outcomes_that_are_written_down() {
    let mut reference = naive();
    for target in &TARGETS {
        let folder = corpus().join(target.name);
        let read = |path: PathBuf| (name(&path), fs::read(&path).expect("readable"));
        let inputs: BTreeMap<String, Vec<u8>> = files(&folder).into_iter().map(read).collect();
        let path = corpus().join(format!("{}.outcomes", target.name));
        let file = fs::read_to_string(path).unwrap_or_default();
        let now = written::of_inputs(target, &inputs, &mut reference);
        assert_same(target.name, &written::from_file(&file), &now);
        // Nothing is in the file that is not read.
        assert_eq!(file, written::to_file(target, &now), "{}.outcomes: {HELP}", target.name);
    }
}

#[test]
fn scenarios_have_the_outcomes_that_are_written_down() {
    let mut reference = naive();
    let (mut written, mut now) = (Outcomes::new(), Outcomes::new());
    for path in files(&corpus().join("scenarios")) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("it is text");
        if path.extension().is_some_and(|extension| extension == "outcome") {
            written.insert(stem, text.lines().map(str::to_owned).collect());
        } else {
            let case = Case::from_text(&text).expect("a good text");
            now.insert(stem, written::of_case(&case, &mut reference));
        }
    }
    assert_same("scenarios", &written, &now);
}
