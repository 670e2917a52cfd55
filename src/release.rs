//! put_user_page*(), in the order of the patch: one page, the loop that the array functions
//! share, the array functions. Where the patch takes an entry, the loop takes a run; how runs
//! are told comes last, and what an entry holds is elsewhere, for unpin_user_page*() are the same
//! with pins.

use crate::error::ReleaseError;
use crate::held::{Held, Reference};
use crate::hooks::Hooks;
use crate::page::{Page, PageRef};

/// Releases one page that was pinned with get_user_pages().
///
/// # Errors
///
/// The page has no reference left; the error names entry 0.
#[must_use = "an entry without a reference stops the call"]
#[inline]
pub fn put_user_page<H: Hooks + ?Sized>(page: PageRef<'_>, hooks: &H) -> Result<(), ReleaseError> {
    Reference::drop(page.compound_head(), 1, hooks).map_err(|_| ReleaseError { entry: 0 })
}

/// The patch's __put_user_pages_dirty(), run by run. `mark` is called once for each run,
/// before its references go: after the first entry of a run the page is dirty, so that
/// marking again for the others would change nothing.
///
/// A run is looked at entry by entry up to `SHORT` entries beyond its first, then in blocks of
/// `LONG_BLOCK` and of `BLOCK` entries; and the page `AHEAD` runs of its length ahead is
/// prefetched. These are parameters so that small cases reach all of it (`pagediff exhaust`).
#[inline(always)]
pub(crate) fn release_runs<
    'map,
    Entry: Held,
    const SHORT: usize,
    const LONG_BLOCK: usize,
    const BLOCK: usize,
    const AHEAD: usize,
    H: Hooks + ?Sized,
>(
    pages: &[PageRef<'map>],
    hooks: &H,
    mark: Option<Mark<'map, H>>,
) -> Result<(), ReleaseError> {
    let mut start = 0;
    while let Some(first) = pages.get(start) {
        let head = first.compound_head();
        let run = run_length::<SHORT, LONG_BLOCK, BLOCK>(&pages[start..], head);
        // Of pages in order the machine fetches the next ones by itself.
        let ahead = run.wrapping_mul(AHEAD);
        if let Some(page) = pages.get(start.wrapping_add(ahead)) {
            if distance(*page, *first) != ahead.wrapping_mul(size_of::<Page>()) {
                page.prefetch();
            }
        }
        if !mark_run::<Entry, H>(head, hooks, mark) {
            return Err(ReleaseError { entry: start });
        }
        // Where the next run starts does not depend on what the subtraction finds, so that the
        // machine goes on to it meanwhile.
        Entry::drop(head, run as i32, hooks)
            .map_err(|released| ReleaseError { entry: start + released })?;
        start += run;
    }
    Ok(())
}

/// Marks the page of a run if it is clean and to be marked. False if it has nothing left that the
/// entries could hold: then it is not marked. Of one that is not to be marked the drop tells that.
#[inline(always)]
pub(crate) fn mark_run<'map, Entry: Held, H: Hooks + ?Sized>(
    head: PageRef<'map>,
    hooks: &H,
    mark: Option<Mark<'map, H>>,
) -> bool {
    let Some(mark) = mark else { return true };
    if !head.is_dirty() {
        if !Entry::is_left(head, hooks) {
            return false;
        }
        mark(hooks, head);
    }
    true
}

/// How a page is marked dirty.
pub(crate) type Mark<'map, H> = fn(&H, PageRef<'map>);

/// [`release_runs`] of references, for who tries other lengths of blocks.
#[doc(hidden)]
#[inline(always)]
pub fn release_in_blocks<
    'map,
    const SHORT: usize,
    const LONG_BLOCK: usize,
    const BLOCK: usize,
    const AHEAD: usize,
    H: Hooks + ?Sized,
>(
    pages: &[PageRef<'map>],
    hooks: &H,
    mark: Option<fn(&H, PageRef<'map>)>,
) -> Result<(), ReleaseError> {
    release_runs::<Reference, SHORT, LONG_BLOCK, BLOCK, AHEAD, H>(pages, hooks, mark)
}

/// The same, with the lengths that are fastest.
#[inline(always)]
pub(crate) fn release<'map, Entry: Held, H: Hooks + ?Sized>(
    pages: &[PageRef<'map>],
    hooks: &H,
    mark: Option<Mark<'map, H>>,
) -> Result<(), ReleaseError> {
    release_runs::<Entry, 16, 64, 16, 20, H>(pages, hooks, mark)
}

/// Marks every page of the array dirty that is clean, without locking it, and
/// releases it. The caller answers for the page staying in its mapping meanwhile.
///
/// # Errors
///
/// The first entry whose page has no reference left; see [`ReleaseError`].
#[must_use = "an entry without a reference stops the call"]
pub fn put_user_pages_dirty<H: Hooks + ?Sized>(
    pages: &[PageRef<'_>],
    hooks: &H,
) -> Result<(), ReleaseError> {
    release::<Reference, H>(pages, hooks, Some(H::set_page_dirty))
}

/// Marks every page of the array dirty that is clean, under its page lock, and
/// releases it. May wait for the lock; holds at most one at a time.
///
/// # Errors
///
/// The first entry whose page has no reference left; see [`ReleaseError`].
#[must_use = "an entry without a reference stops the call"]
pub fn put_user_pages_dirty_lock<H: Hooks + ?Sized>(
    pages: &[PageRef<'_>],
    hooks: &H,
) -> Result<(), ReleaseError> {
    release::<Reference, H>(pages, hooks, Some(H::set_page_dirty_lock))
}

/// Releases every page of the array.
///
/// # Errors
///
/// The first entry whose page has no reference left; see [`ReleaseError`].
#[must_use = "an entry without a reference stops the call"]
pub fn put_user_pages<H: Hooks + ?Sized>(
    pages: &[PageRef<'_>],
    hooks: &H,
) -> Result<(), ReleaseError> {
    release::<Reference, H>(pages, hooks, None)
}

/// How many entries at the start of `pages`, whose first has `head` as its head page,
/// name pages of that compound page; at most `i32::MAX`.
///
/// The pages of a compound page lie in one range of addresses, a power of two long. No tail
/// page is read but the first, and that only where there is one.
#[inline(always)]
fn run_length<const SHORT: usize, const LONG_BLOCK: usize, const BLOCK: usize>(
    pages: &[PageRef<'_>],
    head: PageRef<'_>,
) -> usize {
    if pages.len() == 1 {
        return 1;
    }
    let span = head.compound_span();
    let mut run = 1;
    for page in pages[1..].iter().take(SHORT) {
        if distance(*page, head) >= span {
            return run;
        }
        run += 1;
    }
    if run <= SHORT {
        return run;
    }
    // The blocks of a long run lie as the array does, in whole cache lines.
    let blocks = from(pages, SHORT);
    SHORT + long_run::<SHORT, LONG_BLOCK, BLOCK>(blocks, head, span)
}

/// The entries from one on that is there. `pages[start..]` would link a panic where the compiler
/// does not see that it is, and in a kernel that is a machine that has stopped.
#[inline(always)]
fn from<'a, 'map>(pages: &'a [PageRef<'map>], start: usize) -> &'a [PageRef<'map>] {
    debug_assert!(start <= pages.len());
    pages.get(start..).unwrap_or_default()
}

/// The distance of a page from a head page in the memory map, in bytes; very large for a page
/// before it.
#[inline(always)]
fn distance(page: PageRef<'_>, head: PageRef<'_>) -> usize {
    page.addr().wrapping_sub(head.addr())
}

/// How many entries at the start of `pages` lie less than `span` bytes from `head`; together
/// with a short run at most `i32::MAX`.
#[inline(never)]
fn long_run<const SHORT: usize, const LONG_BLOCK: usize, const BLOCK: usize>(
    pages: &[PageRef<'_>],
    head: PageRef<'_>,
    span: usize,
) -> usize {
    let pages = &pages[..clamp_rest(pages.len(), SHORT)];
    let mut run = whole_blocks::<LONG_BLOCK>(pages, head, span);
    run += whole_blocks::<BLOCK>(from(pages, run), head, span);
    run + from(pages, run).iter().take_while(|page| distance(**page, head) < span).count()
}

/// How much of the rest of a run, after `short` entries, fits into a reference count with them.
#[inline(always)]
pub(crate) fn clamp_rest(length: usize, short: usize) -> usize {
    length.min(i32::MAX as usize - short)
}

/// The same, but of whole blocks.
#[inline(always)]
fn whole_blocks<const N: usize>(pages: &[PageRef<'_>], head: PageRef<'_>, span: usize) -> usize {
    let lie_within =
        |block: &[PageRef<'_>]| lie_within(block.iter().map(|page| page.addr()), head.addr(), span);
    N * pages.chunks_exact(N).take_while(|block| lie_within(block)).count()
}

/// Whether addresses lie less than `span`, a power of two, from `base`: the distances of all are
/// less than that if their union is.
#[inline(always)]
pub(crate) fn lie_within(addresses: impl Iterator<Item = usize>, base: usize, span: usize) -> bool {
    addresses.fold(0, |union, address| union | address.wrapping_sub(base)) < span
}
