//! Mistakes that the oracle must see, run on the hand-written scenarios. Each is caught,
//! and the report names what differs.

mod common;

use std::collections::BTreeSet;

use common::scenarios;
use put_user_page_case::{Case, Function};
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::mutants::{Finder, Mutant, mutated};
use put_user_page_targets::report::Report;
use put_user_page_targets::states::Needs;
use put_user_page_targets::trial::Verdict;
use strum::IntoEnumIterator;

/// The fields that reports name, over all scenarios.
fn fields_that_differ(mutant: Option<Mutant>) -> BTreeSet<String> {
    fields(mutant, &scenarios())
}

/// The fields that reports name, over these cases.
fn fields(mutant: Option<Mutant>, cases: &[Case]) -> BTreeSet<String> {
    let mut wrong = mutated(mutant);
    let mut comparer = Comparer::new(vec![&mut wrong]);
    let mut fields = BTreeSet::new();
    let compared = comparer.compare(cases, &mut |_, _, verdict| {
        if let Verdict::Differs(divergence) = verdict {
            let report = Report::of(&divergence);
            let named = report.subjects.iter().flat_map(|subject| &subject.fields);
            fields.extend(named.map(|field| field.field.clone()));
        }
    });
    compared.expect("machines in this process work");
    fields
}

#[track_caller]
fn is_caught(mutant: Mutant, by: &str) {
    let fields = fields_that_differ(Some(mutant));
    assert!(fields.iter().any(|field| field.starts_with(by)), "not by {by}, but by {fields:?}");
}

#[test]
fn the_implementation_without_a_mistake_agrees() {
    assert_eq!(fields_that_differ(None), BTreeSet::new());
}

#[test]
fn entries_taken_for_heads_are_caught() {
    is_caught(Mutant::NoCompoundHead, "refcount");
}

#[test]
fn a_dirty_tail_is_caught() {
    is_caught(Mutant::DirtyTheTail, "stray write, flags");
}

#[test]
fn freeing_at_one_is_caught() {
    is_caught(Mutant::FreeAtOne, "state");
}

#[test]
fn never_freeing_is_caught() {
    is_caught(Mutant::NeverFree, "state");
}

#[test]
fn a_forgotten_check_is_caught() {
    is_caught(Mutant::ForgetTheCheck, "stopped at");
}

#[test]
fn a_skipped_last_entry_is_caught() {
    is_caught(Mutant::SkipTheLastEntry, "refcount");
}

#[test]
fn marking_only_the_first_entry_is_caught() {
    is_caught(Mutant::MarkOnlyTheFirst, "dirty");
}

#[test]
fn a_put_before_the_mark_is_caught() {
    is_caught(Mutant::PutBeforeMark, "events");
}

#[test]
fn a_mark_without_the_lock_is_caught() {
    is_caught(Mutant::MarkWithoutLock, "events");
}

#[test]
fn locking_a_dirty_page_is_caught() {
    is_caught(Mutant::LockDirtyPages, "events");
}

#[test]
fn a_lock_that_is_kept_is_caught() {
    is_caught(Mutant::KeepTheLock, "locked");
}

#[test]
fn two_locks_at_once_are_caught() {
    is_caught(Mutant::LockTwoAtOnce, "lock in call");
}

#[test]
fn a_file_that_is_not_told_is_caught() {
    is_caught(Mutant::ForgetTheFile, "dirty count of its file");
}

#[test]
fn a_file_that_is_told_twice_is_caught() {
    is_caught(Mutant::CountTheFileTwice, "dirty tags of its file");
}

#[test]
fn a_write_to_another_flag_is_caught() {
    is_caught(Mutant::TouchAnotherFlag, "stray write, flags");
}

#[test]
fn a_reference_on_a_tail_is_caught() {
    is_caught(Mutant::WriteIntoATail, "stray write, _refcount");
}

#[test]
fn an_error_that_names_the_wrong_entry_is_caught() {
    is_caught(Mutant::StopOneEntryLate, "stopped at");
}

#[test]
fn the_finder_finds_what_the_comparison_does_in_the_first_case_that_shows_it() {
    let scenarios = scenarios();
    let mut finder = Finder::new(&Function::ALL);
    let found: Vec<Vec<Mutant>> = scenarios.iter().map(|case| finder.find(case)).collect();
    assert_eq!(finder.missing().count(), 0);
    for mutant in Mutant::iter() {
        let mut wrong = mutated(Some(mutant));
        let mut first = None;
        let mut tell = |case: usize, _: usize, verdict: Verdict| {
            if matches!(verdict, Verdict::Differs(_)) {
                first = first.into_iter().chain([case]).min();
            }
        };
        let compared = Comparer::new(vec![&mut wrong]).compare(&scenarios, &mut tell);
        compared.expect("machines in this process work");
        let finds = found.iter().position(|found| found.contains(&mutant));
        assert_eq!(finds, first, "{mutant}");
    }
}

#[test]
fn only_mistakes_that_calls_can_show_are_looked_for() {
    let mut cases = scenarios();
    cases.iter_mut().for_each(|case| case.call_only(Function::PutUserPages));
    for mutant in Mutant::iter().filter(|mutant| mutant.needs() != Needs::Any) {
        assert_eq!(fields(Some(mutant), &cases), BTreeSet::new(), "{mutant}");
    }
    let mut finder = Finder::new(&[Function::PutUserPages]);
    assert_eq!(finder.missing().count(), 8);
    cases.iter().for_each(|case| drop(finder.find(case)));
    assert_eq!(finder.missing().count(), 0);
}
