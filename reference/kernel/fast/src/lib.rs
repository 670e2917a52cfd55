//! The library on the kernel's own pages: its functions for the module in
//! `reference/kernel/module/`, by hooks that the module has (`release_fast.c`).
//! docs/in-a-kernel.md says how it is built, and what a kernel would do otherwise.
//!
//! Each function returns which entry stopped it, as the library's error has it, and `npages` if
//! none did.
#![no_std]

mod hooks;
pub mod layout;

use core::ptr::NonNull;

use put_user_page::{self as library, MemoryMap, Page, PageRef, ReleaseError};

use crate::hooks::Kernel;

/// put_user_page() of one page.
///
/// # Safety
///
/// The page is the kernel's, of the layout that [`layout`] tells, no fake head, and no page of a
/// device. It is used by nothing that is not atomic as long as the call lasts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_put_user_page(page: NonNull<Page>) -> usize {
    // SAFETY: as above; and no hook of ours asks for a mapping.
    let page = unsafe { PageRef::from_ptr(page) };
    stopped_at(library::put_user_page(page, &Kernel), 1)
}

/// put_user_pages().
///
/// # Safety
///
/// An array of so many pages, each as for [`pagediff_fast_put_user_page`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_put_user_pages(
    pages: *const *mut Page,
    npages: usize,
) -> usize {
    // SAFETY: as above.
    let pages = unsafe { PageRef::slice_from_raw(pages, npages) };
    stopped_at(library::put_user_pages(pages, &Kernel), npages)
}

/// put_user_pages_dirty().
///
/// # Safety
///
/// As for [`pagediff_fast_put_user_pages`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_put_user_pages_dirty(
    pages: *const *mut Page,
    npages: usize,
) -> usize {
    // SAFETY: as above.
    let pages = unsafe { PageRef::slice_from_raw(pages, npages) };
    stopped_at(library::put_user_pages_dirty(pages, &Kernel), npages)
}

/// put_user_pages_dirty_lock().
///
/// # Safety
///
/// As for [`pagediff_fast_put_user_pages`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_put_user_pages_dirty_lock(
    pages: *const *mut Page,
    npages: usize,
) -> usize {
    // SAFETY: as above.
    let pages = unsafe { PageRef::slice_from_raw(pages, npages) };
    stopped_at(library::put_user_pages_dirty_lock(pages, &Kernel), npages)
}

/// unpin_user_pages().
///
/// # Safety
///
/// As for [`pagediff_fast_put_user_pages`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_unpin_user_pages(
    pages: *const *mut Page,
    npages: usize,
) -> usize {
    // SAFETY: as above.
    let pages = unsafe { PageRef::slice_from_raw(pages, npages) };
    stopped_at(library::unpin_user_pages(pages, &Kernel), npages)
}

/// unpin_user_pages_dirty_lock().
///
/// # Safety
///
/// As for [`pagediff_fast_put_user_pages`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_unpin_user_pages_dirty_lock(
    pages: *const *mut Page,
    npages: usize,
    make_dirty: bool,
) -> usize {
    // SAFETY: as above.
    let pages = unsafe { PageRef::slice_from_raw(pages, npages) };
    stopped_at(library::unpin_user_pages_dirty_lock(pages, make_dirty, &Kernel), npages)
}

/// unpin_user_page_range_dirty_lock().
///
/// # Safety
///
/// So many pages that lie side by side from `first` on, each as for
/// [`pagediff_fast_put_user_page`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_unpin_user_page_range_dirty_lock(
    first: NonNull<Page>,
    npages: usize,
    make_dirty: bool,
) -> usize {
    // SAFETY: as above.
    let map = unsafe { MemoryMap::of_existing(first, npages) };
    // SAFETY: as above.
    let first = unsafe { PageRef::from_ptr(first) };
    let unpinned =
        library::unpin_user_page_range_dirty_lock(&map, first, npages, make_dirty, &Kernel);
    stopped_at(unpinned, npages)
}

/// unpin_user_folio(), of whichever page of the folio.
///
/// # Safety
///
/// As for [`pagediff_fast_put_user_page`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_unpin_user_folio(
    page: NonNull<Page>,
    npages: usize,
) -> usize {
    // SAFETY: as above.
    let page = unsafe { PageRef::from_ptr(page) };
    stopped_at(library::unpin_user_folio(page, npages, &Kernel), npages)
}

fn stopped_at(released: Result<(), ReleaseError>, npages: usize) -> usize {
    released.map_or_else(|error| error.entry, |()| npages)
}

/// Rust wants one. It calls what nobody has, so that nothing which may panic is ever linked.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn pagediff_no_panic() -> !;
    }
    pagediff_no_panic()
}
