//! Mistakes that the oracle must see: an implementation that works entry by entry, with
//! one thing wrong, run on the hand-written scenarios. Each mistake is caught, and the
//! report names what differs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use put_user_page::{Hooks, PageRef};
use put_user_page_targets::backends::{InProcess, PageMap, Recorder, Release};
use put_user_page_targets::case::{Case, Function};
use put_user_page_targets::comparer::{Comparer, Verdict};

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    Nothing,
    NoCompoundHead,
    DirtyTheTail,
    FreeAtOne,
    NeverFree,
    ForgetTheCheck,
    SkipTheLastEntry,
    MarkOnlyTheFirst,
    PutBeforeMark,
    MarkWithoutLock,
    LockDirtyPages,
    KeepTheLock,
    LockTwoAtOnce,
    ForgetTheFile,
    CountTheFileTwice,
    TouchAnotherFlag,
    WriteIntoATail,
    StopOneEntryLate,
}

struct Wrong(Mistake);

impl Wrong {
    fn is(&self, mistake: Mistake) -> bool {
        self.0 == mistake
    }

    fn mark(&self, function: Function, page: PageRef<'static>, hooks: &Recorder) {
        let locks =
            function == Function::PutUserPagesDirtyLock && !self.is(Mistake::MarkWithoutLock);
        if page.is_dirty() && !(locks && self.is(Mistake::LockDirtyPages)) {
            return;
        }
        if locks {
            hooks.lock_page(page);
        }
        if self.is(Mistake::ForgetTheFile) {
            if !page.test_set_dirty() {
                hooks.page_dirtied(page);
            }
        } else {
            hooks.set_page_dirty(page);
        }
        if self.is(Mistake::CountTheFileTwice)
            && let Some(file) = page.mapping()
        {
            file.page_dirtied();
        }
        if locks && !self.is(Mistake::KeepTheLock) {
            hooks.unlock_page(page);
        }
    }

    fn put(&self, page: PageRef<'static>, hooks: &Recorder) {
        let refcount = page.refcount() - 1;
        page.set_refcount(refcount);
        let last = if self.is(Mistake::FreeAtOne) { 1 } else { 0 };
        if refcount == last && !self.is(Mistake::NeverFree) {
            hooks.free_page(page);
        }
    }

    fn entry(&self, function: Function, entry: PageRef<'static>, first: bool, hooks: &Recorder) {
        let head = if self.is(Mistake::NoCompoundHead) { entry } else { entry.compound_head() };
        let marks = function.marks_dirty() && (first || !self.is(Mistake::MarkOnlyTheFirst));
        if self.is(Mistake::PutBeforeMark) {
            self.put(head, hooks);
        }
        if marks {
            let page = if self.is(Mistake::DirtyTheTail) { entry } else { head };
            self.mark(function, page, hooks);
        }
        if self.is(Mistake::TouchAnotherFlag) {
            head.renew(0x40, 0);
        }
        if self.is(Mistake::WriteIntoATail) && entry.is_tail() {
            entry.set_refcount(1);
        }
        if !self.is(Mistake::PutBeforeMark) {
            self.put(head, hooks);
        }
    }
}

impl Release for Wrong {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let all = pages.len();
        let used = if self.is(Mistake::SkipTheLastEntry) { all.saturating_sub(1) } else { all };
        if self.is(Mistake::LockTwoAtOnce) && function == Function::PutUserPagesDirtyLock {
            let heads: BTreeSet<_> = pages.iter().map(|page| page.compound_head()).collect();
            let clean = heads.into_iter().filter(|head| head.refcount() > 0 && !head.is_dirty());
            let clean: Vec<_> = clean.collect();
            clean.iter().for_each(|head| recorder.lock_page(*head));
            clean.iter().for_each(|head| recorder.set_page_dirty(*head));
            clean.iter().for_each(|head| recorder.unlock_page(*head));
        }
        for (index, page) in pages[..used].iter().enumerate() {
            let stop = page.compound_head().refcount() <= 0;
            if stop && !self.is(Mistake::ForgetTheCheck) {
                return Some(index + usize::from(self.is(Mistake::StopOneEntryLate)));
            }
            self.entry(function, *page, index == 0, recorder);
        }
        None
    }
}

fn scenarios() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/scenarios");
    let entries = fs::read_dir(folder).expect("the scenarios are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).expect("readable"));
    // As they are, and with each function: what the targets do with them.
    let mut cases = Vec::new();
    for text in texts {
        let case = Case::from_text(&text).expect("a good text");
        for function in Function::ALL {
            let mut only = case.clone();
            only.call_only(function);
            cases.push(only);
        }
        cases.push(case);
    }
    cases
}

/// The fields that reports name, over all scenarios.
fn fields_that_differ(mistake: Mistake) -> BTreeSet<String> {
    let mut wrong = InProcess::new("wrong", PageMap::new(Wrong(mistake)));
    let mut comparer = Comparer::new(vec![&mut wrong]);
    let mut fields = BTreeSet::new();
    let compared = comparer.compare(&scenarios(), &mut |_, _, verdict| {
        if let Verdict::Differs(report) = verdict {
            let named = report.subjects.iter().flat_map(|subject| &subject.fields);
            fields.extend(named.map(|field| field.field.clone()));
        }
    });
    compared.expect("machines in this process work");
    fields
}

#[track_caller]
fn is_caught(mistake: Mistake, by: &str) {
    let fields = fields_that_differ(mistake);
    assert!(fields.iter().any(|field| field.starts_with(by)), "not by {by}, but by {fields:?}");
}

#[test]
fn the_implementation_without_a_mistake_agrees() {
    assert_eq!(fields_that_differ(Mistake::Nothing), BTreeSet::new());
}

#[test]
fn entries_taken_for_heads_are_caught() {
    is_caught(Mistake::NoCompoundHead, "refcount");
}

#[test]
fn a_dirty_tail_is_caught() {
    is_caught(Mistake::DirtyTheTail, "stray write, flags");
}

#[test]
fn freeing_at_one_is_caught() {
    is_caught(Mistake::FreeAtOne, "state");
}

#[test]
fn never_freeing_is_caught() {
    is_caught(Mistake::NeverFree, "state");
}

#[test]
fn a_forgotten_check_is_caught() {
    is_caught(Mistake::ForgetTheCheck, "stopped at");
}

#[test]
fn a_skipped_last_entry_is_caught() {
    is_caught(Mistake::SkipTheLastEntry, "refcount");
}

#[test]
fn marking_only_the_first_entry_is_caught() {
    is_caught(Mistake::MarkOnlyTheFirst, "dirty");
}

#[test]
fn a_put_before_the_mark_is_caught() {
    is_caught(Mistake::PutBeforeMark, "events");
}

#[test]
fn a_mark_without_the_lock_is_caught() {
    is_caught(Mistake::MarkWithoutLock, "events");
}

#[test]
fn locking_a_dirty_page_is_caught() {
    is_caught(Mistake::LockDirtyPages, "events");
}

#[test]
fn a_lock_that_is_kept_is_caught() {
    is_caught(Mistake::KeepTheLock, "locked");
}

#[test]
fn two_locks_at_once_are_caught() {
    is_caught(Mistake::LockTwoAtOnce, "lock in call");
}

#[test]
fn a_file_that_is_not_told_is_caught() {
    is_caught(Mistake::ForgetTheFile, "dirty count of its file");
}

#[test]
fn a_file_that_is_told_twice_is_caught() {
    is_caught(Mistake::CountTheFileTwice, "dirty tags of its file");
}

#[test]
fn a_write_to_another_flag_is_caught() {
    is_caught(Mistake::TouchAnotherFlag, "stray write, flags");
}

#[test]
fn a_reference_on_a_tail_is_caught() {
    is_caught(Mistake::WriteIntoATail, "stray write, _refcount");
}

#[test]
fn an_error_that_names_the_wrong_entry_is_caught() {
    is_caught(Mistake::StopOneEntryLate, "stopped at");
}
