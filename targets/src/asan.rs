//! Marks memory as not to be touched, where the address sanitizer's runtime is in the process.
//! Elsewhere nothing happens.

use std::ffi::{c_int, c_void};

use put_user_page::{Page, PageRef};

// `c/asan.c`: calls the sanitizer's runtime where there is one.
unsafe extern "C" {
    safe fn put_user_page_asan_is_present() -> c_int;
    fn put_user_page_asan_poison(start: *const c_void, size: usize);
    fn put_user_page_asan_unpoison(start: *const c_void, size: usize);
}

/// Whether anything happens.
pub(crate) fn is_present() -> bool {
    put_user_page_asan_is_present() != 0
}

/// From now on a plain read or write of these bytes, by code that is built with the sanitizer, is
/// a bug.
pub(crate) fn poison_range(start: *const c_void, size: usize) {
    // SAFETY: the range is used for its addresses only.
    unsafe { put_user_page_asan_poison(start, size) }
}

/// They may be touched again.
pub(crate) fn unpoison_range(start: *const c_void, size: usize) {
    // SAFETY: as for `poison_range`.
    unsafe { put_user_page_asan_unpoison(start, size) }
}

/// [`poison_range`] for so many pages from `first` on.
pub(crate) fn poison_pages(first: PageRef<'_>, pages: usize) {
    poison_range(first.as_ptr().cast(), pages * size_of::<Page>());
}

/// [`unpoison_range`] for so many pages from `first` on.
pub(crate) fn unpoison_pages(first: PageRef<'_>, pages: usize) {
    unpoison_range(first.as_ptr().cast(), pages * size_of::<Page>());
}
