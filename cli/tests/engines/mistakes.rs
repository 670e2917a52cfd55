//! Each engine, started from the empty corpus, finds each of three mistakes in the fast
//! implementation.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::copy::{Copy, MISTAKE_VARIABLE};

/// Mistakes, and what the names of findings have in them that tell of each. Each may have
/// other consequences too.
const MISTAKES: [(&str, &[&str]); 3] = [
    ("skip-the-last-entry", &["-refcount-high-", "-state-live-"]),
    ("mark-without-lock", &["_dirty_lock-events-no-lock-", "_dirty_lock-freed-under-its-lock-"]),
    ("drop-one-too-few", &["-refcount-high-", "-state-live-"]),
];

/// Where the copy has its findings.
const FINDINGS: &str = "fuzz/artifacts/program";

/// What an engine may take at most. Each needs seconds.
const MOST_SECONDS: u64 = 600;

#[test]
#[ignore = "builds a copy of the repository for libFuzzer"]
fn libfuzzer_finds_each_mistake() {
    finds_each_mistake("libfuzzer");
}

#[test]
#[ignore = "builds a copy of the repository for AFL++"]
fn afl_finds_each_mistake() {
    finds_each_mistake("afl");
}

#[test]
#[ignore = "builds a copy of the repository for honggfuzz"]
fn honggfuzz_finds_each_mistake() {
    finds_each_mistake("honggfuzz");
}

#[test]
#[ignore = "builds a copy of the repository for bolero"]
fn bolero_finds_each_mistake() {
    finds_each_mistake("bolero");
}

fn finds_each_mistake(engine: &str) {
    let copy = Copy::new();
    for (mistake, signs) in MISTAKES {
        copy.start_from_nothing();
        let findings = findings(&copy, engine, mistake, signs);
        eprintln!("{engine}, {mistake}: {findings:?}");
        // This pagediff has no mistake: all that was found came of it.
        let mut healthy = copy.command(env!("CARGO_BIN_EXE_pagediff"));
        healthy.args(["replay", "--target", "program"]);
        healthy.args(findings.iter().map(|name| format!("{FINDINGS}/{name}")));
        assert!(healthy.status().unwrap().success(), "the mistake is {mistake}");
    }
}

/// What the engine has found when it has found what tells of the mistake; ends it then.
fn findings(copy: &Copy, engine: &str, mistake: &str, signs: &[&str]) -> Vec<String> {
    let mut command = copy.fuzz(engine, MOST_SECONDS);
    let mut child = command.env(MISTAKE_VARIABLE, mistake).spawn().unwrap();
    let is_found = || {
        let names = copy.names(FINDINGS);
        names.iter().any(|name| signs.iter().any(|sign| name.contains(sign)))
    };
    while child.try_wait().unwrap().is_none() && !is_found() {
        std::thread::sleep(Duration::from_millis(100));
    }
    if child.try_wait().unwrap().is_none() {
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    }
    let ended = child.wait().unwrap();
    assert!(is_found(), "{engine} does not find {mistake}: it ends with {ended:?}");
    let mut findings = copy.names(FINDINGS);
    findings.retain(|name| name.starts_with("divergence-"));
    findings
}
