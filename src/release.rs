//! put_user_page*(), in the order of the patch: one page, the loop that the array functions
//! share, the array functions. Where the patch takes an entry, the loop takes a run; how runs
//! are told and their references dropped comes last.

use crate::error::ReleaseError;
use crate::hooks::Hooks;
use crate::page::PageRef;

/// Releases one page that was pinned with get_user_pages().
///
/// # Errors
///
/// The page has no reference left; the error names entry 0.
#[must_use = "an entry without a reference stops the call"]
pub fn put_user_page<H: Hooks + ?Sized>(page: PageRef<'_>, hooks: &H) -> Result<(), ReleaseError> {
    put_user_pages(&[page], hooks)
}

/// The patch's __put_user_pages_dirty(), run by run. `mark` is called once for each run,
/// before its references go: after the first entry of a run the page is dirty, so that
/// marking again for the others would change nothing.
fn release<'map, H: Hooks + ?Sized>(
    pages: &[PageRef<'map>],
    hooks: &H,
    mark: impl Fn(PageRef<'map>),
) -> Result<(), ReleaseError> {
    let mut start = 0;
    while let Some(first) = pages.get(start) {
        let head = first.compound_head();
        if head.refcount() <= 0 {
            return Err(ReleaseError { entry: start });
        }
        let run = run_length(&pages[start..], head);
        mark(head);
        let released = drop_references(head, run, hooks);
        start += released;
        if released < run {
            return Err(ReleaseError { entry: start });
        }
    }
    Ok(())
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
    release(pages, hooks, |head| {
        if !head.is_dirty() {
            hooks.set_page_dirty(head);
        }
    })
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
    release(pages, hooks, |head| {
        if !head.is_dirty() {
            hooks.lock_page(head);
            hooks.set_page_dirty(head);
            hooks.unlock_page(head);
        }
    })
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
    release(pages, hooks, |_| ())
}

/// How many entries at the start of `pages`, whose first has `head` as its head page,
/// name pages of that compound page; at most `i32::MAX`.
///
/// The pages of a compound page lie in one range of addresses, a power of two long: the
/// distances of a block of entries from its start are all inside if their union is. No
/// tail page is read.
fn run_length(pages: &[PageRef<'_>], head: PageRef<'_>) -> usize {
    const BLOCK: usize = 16;
    let span = head.compound_span();
    let distance = |page: &PageRef<'_>| page.addr().wrapping_sub(head.addr());

    // Most runs of small pages end here: no block is looked at for them.
    if pages.get(1).is_none_or(|next| distance(next) >= span) {
        return 1;
    }
    let pages = &pages[..pages.len().min(i32::MAX as usize)];
    let mut run = 1;
    for block in pages[run..].chunks_exact(BLOCK) {
        if block.iter().fold(0, |union, page| union | distance(page)) >= span {
            break;
        }
        run += BLOCK;
    }
    run + pages[run..].iter().take_while(|page| distance(page) < span).count()
}

/// Drops one reference for each of `run` entries (1 to `i32::MAX`) in one step, frees
/// the page if the last one went, and returns how many references there were to drop:
/// less than `run` if they ran out.
fn drop_references<H: Hooks + ?Sized>(head: PageRef<'_>, run: usize, hooks: &H) -> usize {
    let wanted = i32::try_from(run).unwrap_or(i32::MAX);
    let before = head.refcount_fetch_sub(wanted);
    let dropped = wanted.min(before.max(0));
    if dropped < wanted {
        head.refcount_add(wanted - dropped);
    }
    if before > 0 && before == dropped {
        hooks.free_page(head);
    }
    dropped.cast_unsigned() as usize
}
