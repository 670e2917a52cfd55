//! The peers in C, `peers.c`, and the library's ways in C, `targets/c/candidates/fast.c`.

use put_user_page::PageRef;

use crate::function::Function;
use crate::pages::{Array, Run};

type Peer = unsafe extern "C" fn(*const PageRef<'static>, usize);
type Limit = unsafe extern "C" fn(*const PageRef<'static>, usize, *const Run);

unsafe extern "C" {
    fn per_entry_put(pages: *const PageRef<'static>, npages: usize);
    fn per_entry_dirty(pages: *const PageRef<'static>, npages: usize);
    fn per_entry_dirty_lock(pages: *const PageRef<'static>, npages: usize);
    fn per_run_put(pages: *const PageRef<'static>, npages: usize);
    fn per_run_dirty(pages: *const PageRef<'static>, npages: usize);
    fn per_run_dirty_lock(pages: *const PageRef<'static>, npages: usize);
    fn put_user_page(page: PageRef<'static>);
    fn put_user_pages(pages: *const PageRef<'static>, npages: usize);
    fn put_user_pages_dirty(pages: *const PageRef<'static>, npages: usize);
    fn put_user_pages_dirty_lock(pages: *const PageRef<'static>, npages: usize);
    fn limit_one(pages: *const PageRef<'static>, npages: usize, runs: *const Run);
    fn limit_put(pages: *const PageRef<'static>, npages: usize, runs: *const Run);
    fn limit_dirty(pages: *const PageRef<'static>, npages: usize, runs: *const Run);
    fn limit_dirty_lock(pages: *const PageRef<'static>, npages: usize, runs: *const Run);
}

/// The loop of the patch.
pub(crate) fn per_entry(function: Function, array: &Array) {
    let peer = match function {
        Function::One | Function::Many => per_entry_put,
        Function::Dirty => per_entry_dirty,
        Function::DirtyLock => per_entry_dirty_lock,
    };
    call(peer, array);
}

/// Batching as in kernel v5.13; of single pages there is nothing to batch.
pub(crate) fn per_run(function: Function, array: &Array) {
    let peer = match function {
        Function::One => per_entry_put,
        Function::Many => per_run_put,
        Function::Dirty => per_run_dirty,
        Function::DirtyLock => per_run_dirty_lock,
    };
    call(peer, array);
}

/// What the library does, in the kernel's words.
pub(crate) fn fast(function: Function, array: &Array) {
    match function {
        // SAFETY: a page, which has references enough.
        Function::One => array.entries.iter().for_each(|page| unsafe { put_user_page(*page) }),
        Function::Many => call(put_user_pages, array),
        Function::Dirty => call(put_user_pages_dirty, array),
        Function::DirtyLock => call(put_user_pages_dirty_lock, array),
    }
}

/// The locked operations alone.
pub(crate) fn limit(function: Function, array: &Array) {
    let limit: Limit = match function {
        Function::One => limit_one,
        Function::Many => limit_put,
        Function::Dirty => limit_dirty,
        Function::DirtyLock => limit_dirty_lock,
    };
    // SAFETY: an array of so many pages, whose runs these are.
    unsafe { limit(array.entries.as_ptr(), array.entries.len(), array.runs.as_ptr()) };
}

fn call(peer: Peer, array: &Array) {
    // SAFETY: an array of so many pages, which have references enough; what is read of their
    // neighbours is of the same map.
    unsafe { peer(array.entries.as_ptr(), array.entries.len()) };
}
