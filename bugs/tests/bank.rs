//! The bank: each bug is found in the hand-written scenarios, some by what their reports name,
//! and what has no bug agrees.

mod common;

use std::collections::BTreeSet;

use common::{fields, scenarios};
use put_user_page_bugs::backend::backend;
use put_user_page_bugs::finder::Finder;
use put_user_page_bugs::waiting::WAITING;
use put_user_page_bugs::{BUGS, bug};
use put_user_page_case::Case;
use put_user_page_case::world::World;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::trial::Verdict;

#[test]
fn what_has_no_bug_agrees() {
    assert_eq!(fields(None, &scenarios()), BTreeSet::new());
}

#[test]
fn names_are_words_joined_by_hyphens_and_no_two_are_the_same() {
    let names: Vec<&str> = BUGS.iter().map(|bug| bug.name).collect();
    let waiting: Vec<&str> = WAITING.iter().map(|waiting| waiting.name).collect();
    let all: BTreeSet<&str> = names.iter().chain(&waiting).copied().collect();
    assert_eq!(all.len(), names.len() + waiting.len());
    assert!(names.len() >= 40, "{}", names.len());
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(names.iter().all(|name| name.chars().all(is_word)), "{names:?}");
}

#[test]
fn reports_name_what_is_wrong() {
    let scenarios = scenarios();
    let told = [
        ("no-compound-head", "refcount"),
        ("dirty-the-tail", "stray write, flags"),
        ("free-at-one", "state"),
        ("never-free", "state"),
        ("forget-the-check", "stopped at"),
        ("skip-the-last-entry", "refcount"),
        ("mark-only-the-first", "dirty"),
        ("put-before-mark", "events"),
        ("mark-without-lock", "events"),
        ("lock-dirty-pages", "events"),
        ("keep-the-lock", "locked"),
        ("lock-two-at-once", "lock in call"),
        ("forget-the-file", "dirty count of its file"),
        ("count-the-file-twice", "dirty tags of its file"),
        ("touch-another-flag", "stray write, flags"),
        ("write-into-a-tail", "stray write, _refcount"),
        ("stop-one-entry-late", "stopped at"),
    ];
    for (name, field) in told {
        let fields = fields(Some(bug(name).expect(name)), &scenarios);
        assert!(fields.iter().any(|named| named.starts_with(field)), "{name}: {fields:?}");
    }
}

#[test]
fn every_bug_is_found_in_the_first_scenario_that_shows_it() {
    let scenarios = scenarios();
    let mut finder = Finder::of_all();
    let found: Vec<Vec<&str>> = scenarios
        .iter()
        .map(|case| finder.find(case).into_iter().map(|bug| bug.name).collect())
        .collect();
    let missing: Vec<&str> = finder.missing().map(|bug| bug.name).collect();
    assert_eq!(missing, [""; 0]);
    for &bug in BUGS.iter() {
        let finds = found.iter().position(|found| found.contains(&bug.name)).expect("it is found");
        let mut faulty = backend(Some(bug));
        let mut differ = BTreeSet::new();
        let mut tell = |case: usize, _: usize, verdict: Verdict| {
            differ.extend(matches!(verdict, Verdict::Differs(_)).then_some(case));
        };
        let compared = Comparer::new(vec![&mut faulty]).compare(&scenarios[..=finds], &mut tell);
        compared.expect("machines in this process work");
        assert_eq!(differ, BTreeSet::from([finds]), "{}", bug.name);
    }
}

#[test]
fn a_check_for_zero_alone_is_shown_by_counts_below_zero_and_nothing_else() {
    let starts_below_zero = |case: &Case| World::of(case).folios.iter().any(|folio| folio.refs < 0);
    let (below, others): (Vec<Case>, Vec<Case>) =
        scenarios().into_iter().partition(starts_below_zero);
    let fields_in = |cases| fields(bug("check-for-zero-alone"), cases);
    let expected = ["stopped at", "refcount"].map(str::to_owned);
    assert!(fields_in(&below).is_superset(&BTreeSet::from(expected)), "{:?}", fields_in(&below));
    assert_eq!(fields_in(&others), BTreeSet::new());
}
