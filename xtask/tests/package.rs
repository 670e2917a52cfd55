//! What is published: the library alone, and all that it needs. `cargo xtask package` finds what
//! is missing.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use std::process::Command;

use common::{Directory, repository};
use serde_json::Value;

const MANIFEST: &str = "[package]
name = \"put_user_page\"
version = \"0.1.0\"
edition = \"2024\"
include = [\"/src/\"]
";

/// A library with a test that reads a file.
fn reads(file: &str) -> Directory {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    directory.write("Cargo.toml", MANIFEST);
    directory.write("src/words.txt", "");
    directory.write("docs/words.txt", "");
    let test = format!("#[test]\nfn reads() {{ include_str!(\"{file}\"); }}\n");
    directory.write("src/lib.rs", test);
    directory
}

#[test]
fn a_package_that_lacks_what_its_tests_need_is_told_of() {
    reads("words.txt").run(&["package"]).code(0).out(&["test reads ... ok", "pass from its"]);
    let ran = reads("../docs/words.txt").run(&["package"]).code(1);
    ran.err(&["docs/words.txt", "`cargo test", "what `include` names in Cargo.toml"]);
}

#[test]
fn only_the_library_is_published_and_says_where_it_is_told_of() {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(repository());
    let output = command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&output.output().unwrap().stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let is_published = |package: &&Value| package["publish"].is_null();
    let published: Vec<&Value> = packages.iter().filter(is_published).collect();
    assert_eq!(published.iter().map(|p| &p["name"]).collect::<Vec<_>>(), ["put_user_page"]);
    let library = published[0];
    for key in ["description", "documentation", "repository", "readme", "license", "rust_version"] {
        assert!(library[key].is_string(), "the manifest has no {key}");
    }
    assert_eq!(library["dependencies"], Value::Array(Vec::new()));
}
