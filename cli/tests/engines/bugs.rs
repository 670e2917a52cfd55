//! Each engine, started from an empty corpus, finds each of three bugs of the bank.

use std::process::{Command, Stdio};

use crate::common::repository;

/// Bugs of different kinds: of what is released, of how a page is marked, and of runs.
const BUGS: [&str; 3] = ["skip-the-last-entry", "mark-without-lock", "drop-one-too-few"];

/// What an engine may take at most for one. Each needs seconds.
const MOST_SECONDS: &str = "200";

#[test]
#[ignore = "builds the bank for libFuzzer"]
fn libfuzzer_finds_each_bug() {
    finds_each_bug("libfuzzer");
}

#[test]
#[ignore = "builds the bank for AFL++"]
fn afl_finds_each_bug() {
    finds_each_bug("afl");
}

#[test]
#[ignore = "builds the bank for honggfuzz"]
fn honggfuzz_finds_each_bug() {
    finds_each_bug("honggfuzz");
}

#[test]
#[ignore = "builds the bank for bolero"]
fn bolero_finds_each_bug() {
    finds_each_bug("bolero");
}

fn finds_each_bug(engine: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagediff"));
    command.current_dir(repository()).stdin(Stdio::null()).env_remove("CARGO_TARGET_DIR");
    command.arg("bugs").args(BUGS).args(["--engine", engine]);
    command.args(["--seeds", "1", "--seconds", MOST_SECONDS]);
    assert!(command.status().unwrap().success(), "{engine} does not find each");
}
