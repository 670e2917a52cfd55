//! unpin_user_page*() and its kin: what put_user_page*() became, with the rules of Linux 6.12
//! (mm/gup.c). They are the release path, of pins.

use crate::error::ReleaseError;
use crate::held::{Held, Pin};
use crate::hooks::Hooks;
use crate::page::{MemoryMap, PageRef};
use crate::release::{Mark, clamp_rest, mark_run, release, release_runs};

/// Releases one pin of the page.
///
/// # Errors
///
/// The page has no pin left; the error names entry 0.
#[must_use = "an entry without a pin stops the call"]
#[inline]
pub fn unpin_user_page<H: Hooks + ?Sized>(
    page: PageRef<'_>,
    hooks: &H,
) -> Result<(), ReleaseError> {
    unpin_user_folio(page, 1, hooks)
}

/// Releases a pin of every page of the array.
///
/// # Errors
///
/// The first entry whose page has no pin left; see [`ReleaseError`].
#[must_use = "an entry without a pin stops the call"]
pub fn unpin_user_pages<H: Hooks + ?Sized>(
    pages: &[PageRef<'_>],
    hooks: &H,
) -> Result<(), ReleaseError> {
    release::<Pin, H>(pages, hooks, None)
}

/// Marks every page of the array dirty that is clean, under its page lock, if it is to; then
/// releases a pin of it. May wait for the lock where it marks; holds at most one at a time.
///
/// # Errors
///
/// The first entry whose page has no pin left; see [`ReleaseError`].
#[must_use = "an entry without a pin stops the call"]
pub fn unpin_user_pages_dirty_lock<H: Hooks + ?Sized>(
    pages: &[PageRef<'_>],
    make_dirty: bool,
    hooks: &H,
) -> Result<(), ReleaseError> {
    release::<Pin, H>(pages, hooks, mark_if(make_dirty))
}

/// The same for so many pages that lie side by side in the memory map, from `first` on. They may
/// start inside of a compound page, and go on beyond its end.
///
/// # Errors
///
/// The first page that has no pin left, or that the map does not have, counted from `first`.
#[must_use = "an entry without a pin stops the call"]
pub fn unpin_user_page_range_dirty_lock<'map, H: Hooks + ?Sized>(
    map: &MemoryMap<'map>,
    first: PageRef<'map>,
    npages: usize,
    make_dirty: bool,
    hooks: &H,
) -> Result<(), ReleaseError> {
    let first = map.frame(first);
    let mut done = 0;
    while done < npages {
        let page = first.checked_add(done).and_then(|frame| map.page(frame));
        let Some(page) = page else { return Err(ReleaseError { entry: done }) };
        let head = page.compound_head();
        let run = head.pages_behind(page).min(npages - done);
        if !mark_run::<Pin, H>(head, hooks, mark_if(make_dirty)) {
            return Err(ReleaseError { entry: done });
        }
        Pin::drop(head, run as i32, hooks)
            .map_err(|released| ReleaseError { entry: done + released })?;
        done += run;
    }
    Ok(())
}

/// Releases one pin of the page's folio.
///
/// # Errors
///
/// It has no pin left; the error names entry 0.
#[must_use = "an entry without a pin stops the call"]
#[inline]
pub fn unpin_folio<H: Hooks + ?Sized>(folio: PageRef<'_>, hooks: &H) -> Result<(), ReleaseError> {
    unpin_user_folio(folio, 1, hooks)
}

/// Releases a pin of the folio of every page of the array.
///
/// # Errors
///
/// The first entry whose folio has no pin left; see [`ReleaseError`].
#[must_use = "an entry without a pin stops the call"]
pub fn unpin_folios<H: Hooks + ?Sized>(
    folios: &[PageRef<'_>],
    hooks: &H,
) -> Result<(), ReleaseError> {
    unpin_user_pages(folios, hooks)
}

/// Releases so many pins of the page's folio.
///
/// # Errors
///
/// It has less, which are gone; the error names the first that was missing, counted from 0.
#[must_use = "an entry without a pin stops the call"]
#[inline]
pub fn unpin_user_folio<H: Hooks + ?Sized>(
    folio: PageRef<'_>,
    npages: usize,
    hooks: &H,
) -> Result<(), ReleaseError> {
    let head = folio.compound_head();
    let mut done = 0;
    while done < npages {
        let pins = clamp_rest(npages - done, 0);
        Pin::drop(head, pins as i32, hooks)
            .map_err(|released| ReleaseError { entry: done + released })?;
        done += pins;
    }
    Ok(())
}

/// [`release_runs`] of pins, for who tries other lengths of blocks.
#[doc(hidden)]
#[inline(always)]
pub fn unpin_in_blocks<
    'map,
    const SHORT: usize,
    const LONG_BLOCK: usize,
    const BLOCK: usize,
    const AHEAD: usize,
    H: Hooks + ?Sized,
>(
    pages: &[PageRef<'map>],
    make_dirty: bool,
    hooks: &H,
) -> Result<(), ReleaseError> {
    let mark = mark_if(make_dirty);
    release_runs::<Pin, SHORT, LONG_BLOCK, BLOCK, AHEAD, H>(pages, hooks, mark)
}

#[inline(always)]
fn mark_if<'map, H: Hooks + ?Sized>(make_dirty: bool) -> Option<Mark<'map, H>> {
    if make_dirty { Some(H::set_page_dirty_lock) } else { None }
}
