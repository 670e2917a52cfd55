//! Pages that were there before, as a kernel's are: entries and maps of memory that
//! [`MemoryMap::new`] did not empty. What it would have seen to, the caller answers for.

use core::ptr::NonNull;
use core::slice;

use super::layout::Page;
use super::map::MemoryMap;
use super::page_ref::PageRef;

impl<'map> PageRef<'map> {
    /// The entry for a page that exists: C's `struct page *`.
    ///
    /// # Safety
    ///
    /// For as long as `'map`:
    ///
    /// - `pointer` is to a `struct page` that is laid out as [`Page`], with the bits of
    ///   [`flags`](crate::flags), and that is written to by atomic accesses only.
    /// - Where bit 0 of its `compound_head` is set, the rest of that word points to its head page.
    ///   Where a page's [`HEAD`](crate::flags::HEAD) is set, a first tail page lies behind it, with
    ///   the order. Both are pages as this one is, and the pointers may be used for all pages of the
    ///   compound page, which lie side by side at a multiple of its size. None of this changes while
    ///   an entry holds a reference or a pin of the page.
    /// - [`mapping`](PageRef::mapping) is asked only where the word is null or points to an
    ///   [`AddressSpace`](crate::AddressSpace) that lives for `'map`. [`clear_dirty`](PageRef::clear_dirty)
    ///   asks it, and so does [`Hooks::set_page_dirty`](crate::Hooks::set_page_dirty) as it is
    ///   where nobody replaces it, and `()` for hooks.
    #[inline]
    pub const unsafe fn from_ptr(pointer: NonNull<Page>) -> Self {
        // SAFETY: the caller answers for what `MemoryMap` sees to else.
        unsafe { PageRef::new(pointer) }
    }

    /// The entries of an array in C: its `struct page **`, and how many it has. With none of them
    /// the pointer may be anything.
    ///
    /// # Safety
    ///
    /// For as long as `'a`, `pages` points to `npages` pointers that nobody changes, in memory of
    /// one allocation; and each is as [`from_ptr`](PageRef::from_ptr) asks.
    #[inline]
    pub const unsafe fn slice_from_raw<'a>(
        pages: *const *mut Page,
        npages: usize,
    ) -> &'a [PageRef<'map>] {
        if npages == 0 {
            return &[];
        }
        // SAFETY: the caller answers for the array, and a `PageRef` is such a pointer.
        unsafe { slice::from_raw_parts(pages.cast(), npages) }
    }
}

impl<'map> MemoryMap<'map> {
    /// The map of pages that exist, from `first` on, which stay as they are. Its frames are counted
    /// from there.
    ///
    /// # Safety
    ///
    /// `first` points to `frames` pages side by side, each as [`PageRef::from_ptr`] asks; and
    /// [`prep_compound_page`](MemoryMap::prep_compound_page) is asked only for pages that nobody
    /// else uses.
    pub const unsafe fn of_existing(first: NonNull<Page>, frames: usize) -> Self {
        // SAFETY: the caller answers for what `new` sees to else.
        unsafe { MemoryMap::of_raw(first, frames) }
    }
}
