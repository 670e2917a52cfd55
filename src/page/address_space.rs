//! `struct address_space`: the file that pages belong to.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The part of `struct address_space` that dirtying a page touches: one per file.
///
/// Its fields are open, and lie as in C, for code in C that is held against this crate counts
/// in them by itself.
#[derive(Debug, Default)]
#[repr(C)]
pub struct AddressSpace {
    /// Compound pages counted as dirty, as NR_FILE_DIRTY counted them in 2018: one
    /// each, whatever their order.
    pub dirty_count: AtomicUsize,
    /// Compound pages that carry the page cache's dirty tag.
    pub dirty_tags: AtomicUsize,
}

impl AddressSpace {
    /// A file without dirty pages.
    pub const fn new() -> Self {
        AddressSpace { dirty_count: AtomicUsize::new(0), dirty_tags: AtomicUsize::new(0) }
    }

    /// Counts and tags a page that went from clean to dirty, as account_page_dirtied()
    /// and __set_page_dirty_nobuffers() do.
    // The loop of a release is faster the less is in it, where pages have no mapping.
    #[inline(never)]
    pub fn page_dirtied(&self) {
        self.dirty_count.fetch_add(1, Ordering::Relaxed);
        self.dirty_tags.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back what [`page_dirtied`](Self::page_dirtied) did, as writeback does.
    pub fn page_cleaned(&self) {
        self.dirty_count.fetch_sub(1, Ordering::Relaxed);
        self.dirty_tags.fetch_sub(1, Ordering::Relaxed);
    }
}
