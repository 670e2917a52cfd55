//! `cargo xtask owner`: what it fills in, and that nothing else is to be filled in.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::Path;

use common::{Directory, files::files, repository};

/// What stands for the owner, in two parts, for this is not to be filled in.
const PLACEHOLDER: &str = concat!("OWN", "ER");

/// Where it stands, and is not to be filled in: what fills it in.
const COMMAND: &str = "xtask/src/owner.rs";

fn has_placeholder(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.split(|c| !is_word(c)).any(|word| word == PLACEHOLDER)
}

/// A copy of the project's files of text that name the owner, or should.
fn copy() -> (Directory, Vec<String>) {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    let mut copied = Vec::new();
    for file in files().iter().filter(|file| *file != Path::new(COMMAND)) {
        let Ok(text) = fs::read_to_string(repository().join(file)) else { continue };
        let file = file.to_str().unwrap();
        if has_placeholder(&text) {
            directory.write(file, text);
            copied.push(file.to_owned());
        }
    }
    (directory, copied)
}

#[test]
fn one_command_fills_in_all_that_is_to_be_filled_in() {
    let (directory, files) = copy();
    // Where the owner is known there is nothing to fill in.
    if files.is_empty() {
        return;
    }
    let ran = directory.run(&["owner", "some-body", "some.body@example.net"]).code(0);
    let told: Vec<&str> = ran.out.lines().collect();
    assert_eq!(told, files);
    for file in &files {
        let text = String::from_utf8(directory.read(file)).unwrap();
        assert!(!has_placeholder(&text), "{file} still has a placeholder:\n{text}");
    }
    let project = String::from_utf8(directory.read("scripts/oss-fuzz/project.yaml")).unwrap();
    assert!(project.contains("main_repo: \"https://github.com/some-body/put_user_page\""));
    assert!(project.contains("primary_contact: \"some.body@example.net\""));
    directory.run(&["owner", "else", "a@example.net"]).code(2).err(&["they name one already"]);
}

#[test]
fn names_and_addresses_that_are_none_are_refused() {
    let directory = Directory::new();
    directory.run(&["owner", "a/b", "a@example.net"]).code(2).err(&["letters, digits and hyphens"]);
    directory.run(&["owner", "a", "example.net"]).code(2).err(&["an address is like"]);
}
