//! What is written down in several places says the same: the registry of targets, the
//! entry points, the corpora, the README's table, and the list of named states.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use put_user_page_targets::known_differences::KNOWN_DIFFERENCES;
use put_user_page_targets::registry::TARGETS;
use put_user_page_targets::states::{Needs, STATES};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths.map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned()).collect()
}

fn targets() -> BTreeSet<String> {
    TARGETS.iter().map(|target| target.name.to_owned()).collect()
}

#[test]
fn every_target_has_an_entry_point_and_every_entry_point_a_target() {
    assert_eq!(names_in("fuzz/fuzz_targets"), targets());
    let manifest = read("fuzz/Cargo.toml");
    let bins = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let bins: BTreeSet<String> = bins.map(|bin| bin.replace(".rs\"", "")).collect();
    assert_eq!(bins, targets());
    for engine in ["afl", "honggfuzz"] {
        let manifest = read(&format!("fuzz/{engine}/Cargo.toml"));
        let bins = manifest.lines().filter(|line| line.contains("fuzz_targets/"));
        let expected = targets().into_iter().map(|name| {
            let path = format!("path = \"../fuzz_targets/{name}.rs\"");
            format!("    {{ name = \"{name}\", {path}, required-features = [\"engine\"] }},")
        });
        assert_eq!(
            bins.map(str::to_owned).collect::<BTreeSet<_>>(),
            expected.collect(),
            "{engine}"
        );
    }
    for target in &TARGETS {
        let source = read(&format!("fuzz/fuzz_targets/{}.rs", target.name));
        assert!(
            source.contains(&format!("engine::target!(\"{}\"", target.name)),
            "{}",
            target.name
        );
    }
    let tests = read("fuzz/bolero/tests/targets.rs");
    let list = tests.split("\ntargets! {\n").nth(1).and_then(|rest| rest.split('}').next());
    let listed = list.expect("a list of the targets").split_whitespace().map(str::to_owned);
    assert_eq!(listed.collect::<BTreeSet<String>>(), targets());
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let mut folders = names_in("corpus");
    // What is there while a corpus is changed.
    folders.retain(|name| !name.starts_with('.'));
    assert!(folders.remove("scenarios"));
    assert_eq!(folders, targets());
}

#[test]
fn the_readme_lists_the_targets_as_the_registry_does() {
    let readme = read("README.md");
    let table = readme.split("## Targets").nth(1).and_then(|rest| rest.split("\n\n").nth(1));
    let rows: Vec<&str> =
        table.expect("the README has a table of targets").lines().skip(2).collect();
    let expected: Vec<String> = TARGETS
        .iter()
        .map(|target| format!("| `{}` | {} | {} |", target.name, target.compares, target.property))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn docs_backends_lists_the_known_differences() {
    let backends = read("docs/backends.md");
    let table = backends.split("| skipped where |").nth(1).and_then(|it| it.split("\n\n").next());
    let rows: Vec<&str> = table.expect("there is such a table").lines().skip(2).collect();
    let expected: Vec<String> = KNOWN_DIFFERENCES
        .iter()
        .map(|known| format!("| {} | {} | {} |", known.condition, known.backends, known.reason))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn docs_states_lists_the_named_states_as_the_code_does() {
    let states = read("docs/states.md");
    let rows: Vec<&str> = states.lines().filter(|line| line.starts_with("| `")).collect();
    let needs = |needs| match needs {
        Needs::Any => "any",
        Needs::Dirty => "one that marks dirty",
        Needs::Lock => "one that locks",
        Needs::NoLock => "one that does not lock",
        Needs::All => "all four of 2018",
        Needs::Unpin => "one that releases pins",
        Needs::Range => "unpin_user_page_range_dirty_lock",
    };
    let expected: Vec<String> = STATES
        .iter()
        .map(|state| format!("| `{}` | {} | {} |", state.name, state.what, needs(state.needs)))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn names_of_states_are_all_different() {
    let names: BTreeSet<&str> = STATES.iter().map(|state| state.name).collect();
    assert_eq!(names.len(), STATES.len());
}
