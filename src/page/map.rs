//! The memory map: the array of all pages, and how compound pages are made in it.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::size_of;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use super::layout::{PINCOUNT, Page, TAIL_MAPPING, flags};
use super::page_ref::PageRef;

/// The largest order of a compound page here: a hugetlb page of 1 GiB, as x86-64 has them. The
/// buddy allocator of Linux 6.1 goes up to 10.
pub const MAX_ORDER: u32 = 18;

/// COMPOUND_PAGE_DTOR (include/linux/mm.h of Linux 6.1).
const COMPOUND_PAGE_DTOR: u8 = 1;

/// The memory map: all pages by their page frame number, from 0.
///
/// The only safe maker of [`PageRef`]s. A frame where nothing is (a gap) is a page that
/// nobody names.
#[derive(Clone, Copy, Debug)]
pub struct MemoryMap<'map> {
    first: NonNull<Page>,
    frames: usize,
    map: PhantomData<Cell<&'map [Page]>>,
}

// SAFETY: a `MemoryMap` gives access to pages as `&'map [Page]` does, and `Page` is Sync.
unsafe impl Send for MemoryMap<'_> {}
// SAFETY: as for Send.
unsafe impl Sync for MemoryMap<'_> {}

/// Why [`MemoryMap::prep_compound_page`] made no compound page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompoundPageError {
    /// The order is more than [`MAX_ORDER`].
    OrderTooLarge,
    /// The frame is no multiple of the compound page's size in pages.
    Misaligned,
    /// The compound page would end beyond the end of the map.
    OutsideMap,
}

impl fmt::Display for CompoundPageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OrderTooLarge => "the order is too large for a compound page",
            Self::Misaligned => "the frame is no multiple of the compound page's size",
            Self::OutsideMap => "the compound page ends beyond the memory map",
        })
    }
}

impl core::error::Error for CompoundPageError {}

impl<'map> MemoryMap<'map> {
    /// The map of these pages, which become order-0 pages without references: pages that
    /// were moved may still hold what was stored in them where they were before.
    pub fn new(pages: &'map mut [Page]) -> Self {
        pages.fill_with(Page::new);
        let pages: &'map [Page] = pages;
        // SAFETY: these are all pages of the slice, which is borrowed for 'map and emptied.
        unsafe { MemoryMap::of_raw(NonNull::from(pages).cast(), pages.len()) }
    }

    /// # Safety
    ///
    /// `first` points to so many pages, and may be used for all of them. As long as `'map` they are
    /// what [`PageRef::new`] asks.
    pub(crate) const unsafe fn of_raw(first: NonNull<Page>, frames: usize) -> Self {
        MemoryMap { first, frames, map: PhantomData }
    }

    /// How many page frames the map has.
    pub const fn frames(&self) -> usize {
        self.frames
    }

    /// pfn_to_page(): the page at a frame, `None` beyond the end of the map.
    pub fn page(&self, frame: usize) -> Option<PageRef<'map>> {
        if frame >= self.frames {
            return None;
        }
        // SAFETY: the frame is inside the slice that `first` was taken from.
        let pointer = unsafe { self.first.add(frame) };
        // SAFETY: the pointer was derived from the whole slice, borrowed for 'map.
        Some(unsafe { PageRef::new(pointer) })
    }

    /// page_to_pfn(): the frame of a page of this map. For a page of another map it is
    /// some number beyond the map's frames.
    pub fn frame(&self, page: PageRef<'_>) -> usize {
        page.addr().wrapping_sub(self.first.addr().get()) / size_of::<Page>()
    }

    /// prep_compound_page(): makes the pages from `frame` on, which must be order-0
    /// pages that nobody uses, one compound page, and returns its head page. Order 0
    /// changes nothing. Another thread sees the compound page whole if it got an entry of it
    /// in an ordered way, as through a lock, a channel or a join.
    ///
    /// # Errors
    ///
    /// The order is too large, the frame is misaligned for it, or the map ends before
    /// the compound page does; nothing was written then.
    pub fn prep_compound_page(
        &self,
        frame: usize,
        order: u32,
    ) -> Result<PageRef<'map>, CompoundPageError> {
        if order > MAX_ORDER {
            return Err(CompoundPageError::OrderTooLarge);
        }
        let pages = 1_usize << order;
        if frame % pages != 0 {
            return Err(CompoundPageError::Misaligned);
        }
        if frame.checked_add(pages).is_none_or(|end| end > self.frames) {
            return Err(CompoundPageError::OutsideMap);
        }
        let head = self.page(frame).ok_or(CompoundPageError::OutsideMap)?;
        for tail in (frame + 1..frame + pages).filter_map(|frame| self.page(frame)) {
            prep_tail(tail, head);
        }
        if let Some(first_tail) = self.page(frame + 1).filter(|_| order > 0) {
            prep_first_tail(first_tail.page(), order);
            // Who changes the pincount acquires this flag: see PageRef::mapping().
            head.page().flags.fetch_or(flags::HEAD, Ordering::Release);
        }
        Ok(head)
    }
}

fn prep_tail<'map>(tail: PageRef<'map>, head: PageRef<'map>) {
    let marked = head.as_ptr().map_addr(|address| address | 1);
    tail.page().compound_head.store(marked, Ordering::Relaxed);
    // Who reads this word sees by the other that the page is a tail: see PageRef::mapping().
    tail.page().mapping.store(ptr::without_provenance_mut(TAIL_MAPPING), Ordering::Release);
}

fn prep_first_tail(first_tail: &Page, order: u32) {
    let order_byte = u8::try_from(order).expect("checked against MAX_ORDER");
    // compound_pincount, 0, in one half, and compound_nr in the other.
    let pincount_and_nr = (1_usize << order) << (32 - PINCOUNT);
    first_tail.compound_dtor.store(COMPOUND_PAGE_DTOR, Ordering::Relaxed);
    first_tail.set_order(order_byte);
    first_tail.compound_mapcount.store(-1, Ordering::Relaxed);
    first_tail.mapping.store(ptr::without_provenance_mut(pincount_and_nr), Ordering::Release);
}
