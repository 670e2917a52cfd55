//! An owner of pins.

use core::fmt;
use core::mem;

use crate::acquire::pin_user_pages;
use crate::error::ReleaseError;
use crate::hooks::Hooks;
use crate::page::PageRef;
use crate::unpin::{unpin_user_pages, unpin_user_pages_dirty_lock};

/// Pages that are pinned for as long as this lives, and unpinned once: what a driver keeps while
/// its device works on them.
///
/// The array is borrowed for it alone, so that nobody releases its entries meanwhile by another
/// function. Dropping it marks nothing and never sleeps; a driver whose device wrote to the pages
/// says so with [`unpin_dirty_lock`](Self::unpin_dirty_lock), which may wait for page locks.
///
/// ```
/// use put_user_page::{MemoryMap, Page, PinnedPages};
///
/// let mut pages = [Page::new(), Page::new()];
/// let map = MemoryMap::new(&mut pages);
/// let page = map.page(0).unwrap();
/// page.set_refcount(1);
///
/// let mut array = [page, page];
/// let pinned = PinnedPages::pin(&mut array, &());
/// assert_eq!(pinned.len(), 2);
/// assert!(page.maybe_dma_pinned(&()));
/// assert_eq!(pinned.unpin_dirty_lock(), Ok(()));
/// assert!(page.is_dirty());
/// assert_eq!(page.refcount(), 1);
/// ```
///
/// Pins are released once:
///
/// ```compile_fail,E0382
/// # use put_user_page::{MemoryMap, Page, PinnedPages};
/// # let mut pages = [Page::new()];
/// # let mut array = [MemoryMap::new(&mut pages).page(0).unwrap()];
/// let pinned = PinnedPages::pin(&mut array, &());
/// pinned.unpin().unwrap();
/// pinned.unpin().unwrap();
/// ```
///
/// and not behind the owner's back, as references or as pins:
///
/// ```compile_fail,E0502
/// # use put_user_page::{MemoryMap, Page, PinnedPages, put_user_pages};
/// # let mut pages = [Page::new()];
/// # let mut array = [MemoryMap::new(&mut pages).page(0).unwrap()];
/// let pinned = PinnedPages::pin(&mut array, &());
/// put_user_pages(&array, &()).unwrap();
/// drop(pinned);
/// ```
///
/// There is one owner:
///
/// ```compile_fail,E0599
/// # use put_user_page::{MemoryMap, Page, PinnedPages};
/// # let mut pages = [Page::new()];
/// # let mut array = [MemoryMap::new(&mut pages).page(0).unwrap()];
/// let pinned = PinnedPages::pin(&mut array, &());
/// let other = pinned.clone();
/// ```
///
/// and none of pages that were not pinned for it:
///
/// ```compile_fail,E0451
/// # use put_user_page::{MemoryMap, Page, PinnedPages};
/// # let mut pages = [Page::new()];
/// # let mut array = [MemoryMap::new(&mut pages).page(0).unwrap()];
/// let pinned = PinnedPages { pages: &array, hooks: &() };
/// ```
///
/// # For a wrapper in the kernel
///
/// Linux has no wrapper of pins in Rust yet. What this one taught: the error of a release has no
/// place in drop, so what can fail or sleep is a call that takes the owner; an owner of an array
/// that was cut short owns what was pinned and says how much that is; a page of the array is given
/// out by its address and not as an entry, or it could be released like one.
pub struct PinnedPages<'a, 'map, H: Hooks + ?Sized> {
    pages: &'a [PageRef<'map>],
    hooks: &'a H,
}

impl<'a, 'map, H: Hooks + ?Sized> PinnedPages<'a, 'map, H> {
    /// Pins the pages of the array, up to the first that cannot be had: see
    /// [`pin_user_pages`]. [`len`](Self::len) tells how many.
    pub fn pin(pages: &'a mut [PageRef<'map>], hooks: &'a H) -> Self {
        let pages: &'a [PageRef<'map>] = pages;
        let pinned = pin_user_pages(pages, hooks);
        PinnedPages { pages: pages.get(..pinned).unwrap_or_default(), hooks }
    }

    /// How many entries of the array are pinned.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// The address in the memory map of an entry's page; `None` from [`len`](Self::len) on.
    pub fn address(&self, entry: usize) -> Option<usize> {
        self.pages.get(entry).map(|page| page.addr())
    }

    /// Unpins the pages.
    ///
    /// # Errors
    ///
    /// Somebody else has released one of the pins: the first entry that was left without.
    pub fn unpin(self) -> Result<(), ReleaseError> {
        let (pages, hooks) = self.take();
        unpin_user_pages(pages, hooks)
    }

    /// Marks the pages dirty, each under its lock, for which it may wait, and unpins them.
    ///
    /// # Errors
    ///
    /// As for [`unpin`](Self::unpin).
    pub fn unpin_dirty_lock(self) -> Result<(), ReleaseError> {
        let (pages, hooks) = self.take();
        unpin_user_pages_dirty_lock(pages, true, hooks)
    }

    /// Its parts, so that they are not unpinned again.
    fn take(self) -> (&'a [PageRef<'map>], &'a H) {
        let parts = (self.pages, self.hooks);
        mem::forget(self);
        parts
    }
}

impl<H: Hooks + ?Sized> Drop for PinnedPages<'_, '_, H> {
    /// # Panics
    ///
    /// In a debug build, if somebody else has released one of the pins.
    fn drop(&mut self) {
        let unpinned = unpin_user_pages(self.pages, self.hooks);
        debug_assert!(unpinned.is_ok(), "somebody else has released a pin of these pages");
    }
}

impl<H: Hooks + ?Sized> fmt::Debug for PinnedPages<'_, '_, H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PinnedPages").field(&self.pages).finish()
    }
}
