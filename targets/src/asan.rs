//! Marks memory as not to be touched, where the address sanitizer's runtime is in the process.
//! Elsewhere nothing happens.

use std::ffi::c_void;

use put_user_page::{Page, PageRef};

// `c/asan.c`: calls the sanitizer's runtime where there is one.
unsafe extern "C" {
    fn put_user_page_asan_poison(start: *const c_void, size: usize);
    fn put_user_page_asan_unpoison(start: *const c_void, size: usize);
}

/// From now on a plain read or write of these, by code that is built with the sanitizer, is a bug.
pub(crate) fn poison<T>(memory: &[T]) {
    // SAFETY: the range is used for its addresses only.
    unsafe { put_user_page_asan_poison(memory.as_ptr().cast(), size_of_val(memory)) }
}

/// They may be touched again.
pub(crate) fn unpoison<T>(memory: &[T]) {
    // SAFETY: as for `poison`.
    unsafe { put_user_page_asan_unpoison(memory.as_ptr().cast(), size_of_val(memory)) }
}

/// [`poison`] for so many pages from `first` on.
pub(crate) fn poison_pages(first: PageRef<'_>, pages: usize) {
    // SAFETY: as for `poison`.
    unsafe { put_user_page_asan_poison(first.as_ptr().cast(), pages * size_of::<Page>()) }
}

/// [`unpoison`] for so many pages from `first` on.
pub(crate) fn unpoison_pages(first: PageRef<'_>, pages: usize) {
    // SAFETY: as for `poison`.
    unsafe { put_user_page_asan_unpoison(first.as_ptr().cast(), pages * size_of::<Page>()) }
}
