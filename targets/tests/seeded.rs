//! Seeded runs of every target: no divergence in so many drawn cases, and every named
//! state that the target can reach is really reached.

use fastrand::Rng;
use put_user_page_targets::backend::Class;
use put_user_page_targets::generator;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::{self, Check, Target};
use put_user_page_targets::states::{STATES, StateSet};

const CASES: usize = 20_000;

fn run(name: &str) {
    let target: &'static Target = registry::target(name).expect("a registered target");
    let mut harness = Harness::new(target).expect("the built-in backends load");
    let mut rng = Rng::with_seed(2018);
    let mut reached = StateSet::default();
    let mut valid = 0;
    for number in 0..CASES {
        let bytes = generator::case(&mut rng).encode();
        match harness.check(&bytes) {
            Ok(checked) => {
                reached = reached.union(checked.states);
                valid += usize::from(checked.class == Class::Valid);
            }
            Err(report) => panic!("case {number} of seed 2018:\n{report}"),
        }
    }
    // Both classes, each a good part: else the runs say little.
    assert!(valid > CASES / 10 && valid < CASES * 9 / 10, "{valid} of {CASES} cases are valid");
    let functions = target.check.functions();
    let missed: Vec<&str> = STATES
        .iter()
        .filter(|state| state.needs.met_by(functions) && !reached.contains(state.name))
        .map(|state| state.name)
        .collect();
    assert!(missed.is_empty(), "{name} never reached {missed:?}");
}

#[test]
fn put_user_page_agrees_and_reaches_every_state() {
    run("put_user_page");
}

#[test]
fn put_user_pages_agrees_and_reaches_every_state() {
    run("put_user_pages");
}

#[test]
fn put_user_pages_dirty_agrees_and_reaches_every_state() {
    run("put_user_pages_dirty");
}

#[test]
fn put_user_pages_dirty_lock_agrees_and_reaches_every_state() {
    run("put_user_pages_dirty_lock");
}

#[test]
fn program_agrees_and_reaches_every_state() {
    run("program");
}

#[test]
fn candidate_agrees_and_reaches_every_state() {
    run("candidate");
}

#[test]
fn decode_agrees_and_reaches_every_state() {
    run("decode");
}

#[test]
fn random_bytes_are_cases_to_every_target() {
    let in_process = registry::TARGETS.iter().filter(|target| target.check != Check::Kernel);
    for target in in_process {
        let mut harness = Harness::new(target).expect("the built-in backends load");
        let mut rng = Rng::with_seed(6);
        for number in 0..2_000 {
            let mut bytes = vec![0; rng.usize(..200)];
            rng.fill(&mut bytes);
            if let Err(report) = harness.check(&bytes) {
                panic!("{}, case {number} of seed 6:\n{report}", target.name);
            }
        }
    }
}
