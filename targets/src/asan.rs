//! Marks parts of the memory map as not to be touched, where the address sanitizer is
//! built in. Elsewhere nothing happens.

use std::ffi::c_void;

use put_user_page::{Page, PageRef};

// `c/asan.c`: calls the sanitizer's runtime where there is one.
unsafe extern "C" {
    fn put_user_page_asan_poison(start: *const c_void, size: usize);
    fn put_user_page_asan_unpoison(start: *const c_void, size: usize);
}

/// From now on a plain read or write of so many pages from `first` on is a bug.
pub(crate) fn poison(first: PageRef<'_>, pages: usize) {
    // SAFETY: the range is used for its addresses only.
    unsafe { put_user_page_asan_poison(first.as_ptr().cast(), pages * size_of::<Page>()) }
}

/// The pages may be touched again.
pub(crate) fn unpoison(first: PageRef<'_>, pages: usize) {
    // SAFETY: as for `poison`.
    unsafe { put_user_page_asan_unpoison(first.as_ptr().cast(), pages * size_of::<Page>()) }
}
