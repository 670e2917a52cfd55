//! The pages, and the few things of the kernel that the functions call.

use crate::profile::{Profile, ZeroPage};

/// An entry that names no page, as NULL does.
pub const NULL: usize = usize::MAX;

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The frame of the compound page's head page; of a page that is not compound, and
    /// of a head page, its own.
    pub head: usize,
    /// References; of a tail page always 0, for its head page keeps them.
    pub refcount: i32,
    /// The order of the compound page; of a tail page its head page's.
    pub order: u32,
    /// Pins of a page that has them counted apart; of a tail page always 0.
    pub pincount: i32,
    /// Whether it is the zero page.
    pub is_zero: bool,
    /// Whether the page is marked dirty; of a tail page never.
    pub dirty: bool,
    /// Whether somebody holds the page lock; of a tail page never.
    pub locked: bool,
    /// Whether the page belongs to a file, which then counts and tags it when dirtied.
    pub in_file: bool,
    /// How often the file has counted the page as dirty.
    pub file_count: u32,
    /// How often the file has tagged the page as dirty.
    pub file_tags: u32,
    /// Whether the page was freed, and was dirty then.
    pub freed: Option<Freed>,
}

/// What is known of a page that was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freed {
    /// The page was marked dirty when it was freed.
    pub dirty: bool,
    /// The page was locked when it was freed, which nobody may do.
    pub locked: bool,
}

/// What happened to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// lock_page() found the page locked and waited for the holder to unlock it.
    Wait,
    /// lock_page() took the lock.
    Lock,
    /// unlock_page() gave it back.
    Unlock,
    /// The page went from clean to dirty.
    Dirty,
    /// The page was freed.
    Free,
}

/// What happened to which page, and the page's refcount at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The page's frame.
    pub page: usize,
    /// What happened.
    pub kind: EventKind,
    /// The page's refcount just then.
    pub refcount: i32,
}

/// All pages by frame. Frames where there is no page are filled with pages that nobody
/// names.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What a pin is.
    pub profile: &'static Profile,
    pages: Vec<Page>,
    /// What has happened since this was last emptied, in order.
    pub events: Vec<Event>,
    /// NR_FOLL_PIN_ACQUIRED: pins that the node has counted as acquired.
    pub pins_acquired: i64,
    /// NR_FOLL_PIN_RELEASED: pins that the node has counted as released.
    pub pins_released: i64,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            profile: Profile::newest(),
            pages: Vec::new(),
            events: Vec::new(),
            pins_acquired: 0,
            pins_released: 0,
        }
    }
}

impl Memory {
    /// No pages, no events and no pins again.
    pub fn clear(&mut self) {
        self.pages.clear();
        self.events.clear();
        (self.pins_acquired, self.pins_released) = (0, 0);
    }

    /// Adds a compound page of `order` at `frame`, which must not be before the end of
    /// the pages there are; returns its head page. It has no references yet.
    pub fn add_compound_page(&mut self, frame: usize, order: u32) -> usize {
        assert!(frame >= self.pages.len(), "frame {frame} is taken");
        assert!(frame.is_multiple_of(1 << order), "frame {frame} is misaligned for order {order}");
        self.pages.resize(frame, Page::default());
        let end = frame + (1 << order);
        self.pages.resize(end, Page { head: frame, order, ..Page::default() });
        frame
    }

    /// The page at a frame.
    pub fn page(&self, frame: usize) -> &Page {
        &self.pages[frame]
    }

    /// The page at a frame, to be changed.
    pub fn page_mut(&mut self, frame: usize) -> &mut Page {
        &mut self.pages[frame]
    }

    /// The head page of the compound page that the page belongs to, else the page.
    pub fn compound_head(&self, page: usize) -> usize {
        self.pages[page].head
    }

    /// The head page of the page that an entry names; `None` of a [`NULL`].
    pub fn head_of_entry(&self, entry: usize) -> Option<usize> {
        (entry != NULL).then(|| self.compound_head(entry))
    }

    /// get_user_pages(): one reference for each entry, until a page is free or has no
    /// room for one more; returns how many entries got one.
    pub fn get_user_pages(&mut self, pages: &[usize]) -> usize {
        for (index, &entry) in pages.iter().enumerate() {
            let page = self.compound_head(entry);
            let refcount = &mut self.pages[page].refcount;
            if *refcount <= 0 || *refcount == i32::MAX {
                return index;
            }
            *refcount += 1;
        }
        pages.len()
    }

    /// pin_user_pages(): one pin for each entry, until a page is free; returns how many entries
    /// got one. A count that is at its end goes round.
    pub fn pin_user_pages(&mut self, pages: &[usize]) -> usize {
        for (index, &entry) in pages.iter().enumerate() {
            let page = self.compound_head(entry);
            if self.pages[page].refcount <= 0 {
                return index;
            }
            if self.pins_leave_alone(page) {
                continue;
            }
            let order = self.pages[page].order;
            let references = self.profile.references_of_pin(order);
            self.pages[page].refcount = self.pages[page].refcount.wrapping_add(references);
            self.pages[page].pincount += i32::from(self.profile.has_pincount(order));
            self.pins_acquired += i64::from(self.profile.counts_pins());
        }
        pages.len()
    }

    /// How many pins of a head page can be released: of the zero page any number, where that is
    /// left alone and in use. A refcount that went round is one of very many.
    pub fn pins(&self, page: usize) -> i64 {
        let Page { order, refcount, pincount, .. } = self.pages[page];
        if self.pins_leave_alone(page) {
            return if refcount > 0 { i64::MAX } else { 0 };
        }
        if self.profile.has_pincount(order) {
            return i64::from(pincount.min(refcount).max(0));
        }
        match self.profile.references_of_pin(order) {
            1 => i64::from(refcount.max(0)),
            references => i64::from(refcount.cast_unsigned() / references.cast_unsigned()),
        }
    }

    /// How many references of a head page are not part of the pins that can be released.
    pub fn references_beside_pins(&self, page: usize) -> i64 {
        let Page { order, refcount, .. } = self.pages[page];
        if self.pins_leave_alone(page) {
            return i64::from(refcount);
        }
        match self.profile.references_of_pin(order) {
            1 => i64::from(refcount) - self.pins(page),
            references => i64::from(refcount.cast_unsigned() % references.cast_unsigned()),
        }
    }

    /// Releases a pin of a head page; frees the page if its last reference was part of it.
    pub fn unpin_page(&mut self, page: usize) {
        if self.pins_leave_alone(page) {
            return;
        }
        let order = self.pages[page].order;
        let references = self.profile.references_of_pin(order);
        self.pins_released += i64::from(self.profile.counts_pins());
        self.pages[page].pincount -= i32::from(self.profile.has_pincount(order));
        self.pages[page].refcount = self.pages[page].refcount.wrapping_sub(references);
        if self.pages[page].refcount == 0 {
            self.free_page(page);
        }
    }

    /// folio_maybe_dma_pinned() of a head page: so many references are pins, for all that it
    /// knows.
    pub fn maybe_dma_pinned(&self, page: usize) -> bool {
        let Page { order, refcount, pincount, .. } = self.pages[page];
        if self.profile.has_pincount(order) {
            return pincount > 0;
        }
        match self.profile.references_of_pin(order) {
            1 => false,
            references => refcount.cast_unsigned() >= references.cast_unsigned(),
        }
    }

    /// is_zero_folio() of a head page, where the profile leaves that alone.
    fn pins_leave_alone(&self, page: usize) -> bool {
        self.pages[page].is_zero && self.profile.zero_page == ZeroPage::LeftAlone
    }

    /// put_page() of a head page: drops one reference; frees the page if it was the last.
    pub fn put_page(&mut self, page: usize) {
        self.pages[page].refcount -= 1;
        if self.pages[page].refcount == 0 {
            self.free_page(page);
        }
    }

    /// set_page_dirty() of a head page.
    pub fn set_page_dirty(&mut self, page: usize) {
        if self.pages[page].dirty {
            return;
        }
        self.pages[page].dirty = true;
        self.record(page, EventKind::Dirty);
        if self.pages[page].in_file {
            self.pages[page].file_count += 1;
            self.pages[page].file_tags += 1;
        }
    }

    /// set_page_dirty_lock() of a head page.
    pub fn set_page_dirty_lock(&mut self, page: usize) {
        self.lock_page(page);
        self.set_page_dirty(page);
        self.unlock_page(page);
    }

    /// clear_page_dirty_for_io() of a head page: what writeback does first.
    pub fn clear_page_dirty(&mut self, page: usize) {
        let page = &mut self.pages[page];
        if page.dirty && page.in_file {
            page.file_count -= 1;
            page.file_tags -= 1;
        }
        page.dirty = false;
    }

    /// lock_page(): if somebody holds the lock, waits until they unlock the page.
    fn lock_page(&mut self, page: usize) {
        if self.pages[page].locked {
            self.record(page, EventKind::Wait);
        }
        self.pages[page].locked = true;
        self.record(page, EventKind::Lock);
    }

    fn unlock_page(&mut self, page: usize) {
        self.record(page, EventKind::Unlock);
        self.pages[page].locked = false;
    }

    /// __put_page() of a head page.
    fn free_page(&mut self, page: usize) {
        self.record(page, EventKind::Free);
        let page = &mut self.pages[page];
        page.freed = Some(Freed { dirty: page.dirty, locked: page.locked });
        page.dirty = false;
        page.locked = false;
    }

    fn record(&mut self, page: usize, kind: EventKind) {
        self.events.push(Event { page, kind, refcount: self.pages[page].refcount });
    }
}
