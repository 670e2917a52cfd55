//! Each engine, started from the empty corpus, finds each of three mistakes in the fast
//! implementation.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::copy::{Copy, MISTAKE_VARIABLE};

/// Mistakes, and what the name of a finding of each has in it.
const MISTAKES: [(&str, &[&str]); 3] = [
    ("skip-the-last-entry", &["-refcount-high-", "-state-live-"]),
    ("mark-without-lock", &["_dirty_lock-events-no-lock-", "_dirty_lock-freed-under-its-lock-"]),
    ("drop-one-too-few", &["-refcount-high-", "-state-live-"]),
];

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
        let findings = first_findings(&copy, engine, mistake);
        eprintln!("{engine}, {mistake}: {findings:?}");
        for finding in findings {
            let fits = signs.iter().any(|sign| finding.contains(sign));
            assert!(fits, "{engine} finds {finding}, and the mistake is {mistake}");
        }
    }
}

/// What the engine has found when it has found anything; ends it then.
fn first_findings(copy: &Copy, engine: &str, mistake: &str) -> Vec<String> {
    let mut command = copy.fuzz(engine, MOST_SECONDS);
    let mut child = command.env(MISTAKE_VARIABLE, mistake).spawn().unwrap();
    loop {
        let mut found = copy.names("fuzz/artifacts/program");
        found.retain(|name| name.starts_with("divergence-"));
        let ended = child.try_wait().unwrap();
        if found.is_empty() && ended.is_none() {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        }
        if ended.is_none() {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
            child.wait().unwrap();
        }
        assert!(!found.is_empty(), "{engine} does not find {mistake}: it ends with {ended:?}");
        return found;
    }
}
