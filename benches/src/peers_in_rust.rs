//! The peers of `peers.c` in Rust, line for line.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicI32, Ordering};

use put_user_page::{PageRef, offsets};

use crate::function::Function;
use crate::pages::{Array, Run};

/// The loop of the patch.
pub(crate) fn per_entry(function: Function, array: &Array) {
    let entries = &array.entries[..];
    match function {
        Function::One | Function::Many => release_each(entries, |_| ()),
        Function::Dirty => release_each(entries, mark),
        Function::DirtyLock => release_each(entries, mark_locked),
    }
}

/// Batching as in kernel v5.13; of single pages there is nothing to batch.
pub(crate) fn per_run(function: Function, array: &Array) {
    let entries = &array.entries[..];
    match function {
        Function::One => release_each(entries, |_| ()),
        Function::Many => release_runs(entries, |_| ()),
        Function::Dirty => release_runs(entries, mark),
        Function::DirtyLock => release_runs(entries, mark_locked),
    }
}

/// The locked operations alone.
pub(crate) fn limit(function: Function, array: &Array) {
    match function {
        Function::One => limit_one(&array.entries, &array.runs),
        Function::Many => limit_of_runs(array, |_| ()),
        Function::Dirty => limit_of_runs(array, mark),
        Function::DirtyLock => limit_of_runs(array, |head| {
            if !head.is_dirty() {
                // The lock is taken and the page marked in one, then it is given back.
                head.test_set_dirty();
                head.unlock();
            }
        }),
    }
}

#[inline(always)]
fn release_each(entries: &[PageRef<'_>], mark: impl Fn(PageRef<'_>)) {
    for entry in entries {
        let head = entry.compound_head();
        mark(head);
        sub_references(head, 1);
    }
}

#[inline(always)]
fn release_runs(entries: &[PageRef<'_>], mark: impl Fn(PageRef<'_>)) {
    let mut rest = entries;
    while let [first, others @ ..] = rest {
        let head = first.compound_head();
        let run = 1 + others.iter().take_while(|page| page.compound_head() == head).count();
        mark(head);
        sub_references(head, run as i32);
        rest = &rest[run..];
    }
}

#[inline(always)]
fn limit_of_runs(array: &Array, mark: impl Fn(PageRef<'_>)) {
    let mut runs = array.runs.iter();
    let (mut end, mut sum) = (0, 0_usize);
    for (number, entry) in array.entries.iter().enumerate() {
        sum = sum.wrapping_add(entry.addr());
        if number >= end
            && let Some(run) = runs.next()
        {
            mark(run.head);
            sub_references(run.head, run.references);
            end += run.references as usize;
        }
    }
    black_box(sum);
}

fn limit_one(entries: &[PageRef<'_>], runs: &[Run]) {
    let mut entries = entries.iter();
    for run in runs {
        for entry in entries.by_ref().take(run.references as usize) {
            black_box(entry);
            sub_references(run.head, 1);
        }
    }
}

#[inline(always)]
fn mark(head: PageRef<'_>) {
    if !head.is_dirty() {
        head.test_set_dirty();
    }
}

#[inline(always)]
fn mark_locked(head: PageRef<'_>) {
    if !head.is_dirty() {
        while !head.try_lock() {
            spin_loop();
        }
        head.test_set_dirty();
        head.unlock();
    }
}

/// Frees nothing: no measured page runs out of references.
#[inline(always)]
fn sub_references(head: PageRef<'_>, references: i32) {
    // SAFETY: it is inside the page that the pointer is to.
    let refcount = unsafe { head.as_ptr().byte_add(offsets::REFCOUNT) };
    // SAFETY: the page is live, and this word of it is an atomic everywhere.
    let refcount = unsafe { AtomicI32::from_ptr(refcount.cast()) };
    assert!(refcount.fetch_sub(references, Ordering::AcqRel) != references, "no reference left");
}
