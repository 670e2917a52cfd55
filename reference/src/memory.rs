//! The pages, and the few things of the kernel that the patch calls.

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The frame of the compound page's head page; of a page that is not compound, and
    /// of a head page, its own.
    pub head: usize,
    /// References; of a tail page always 0, for its head page keeps them.
    pub refcount: i32,
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
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pages: Vec<Page>,
    /// What has happened since this was last emptied, in order.
    pub events: Vec<Event>,
}

impl Memory {
    /// No pages and no events again.
    pub fn clear(&mut self) {
        self.pages.clear();
        self.events.clear();
    }

    /// Adds a compound page of `order` at `frame`, which must not be before the end of
    /// the pages there are; returns its head page. It has no references yet.
    pub fn add_compound_page(&mut self, frame: usize, order: u32) -> usize {
        assert!(frame >= self.pages.len(), "frame {frame} is taken");
        assert!(frame.is_multiple_of(1 << order), "frame {frame} is misaligned for order {order}");
        self.pages.resize(frame, Page::default());
        let end = frame + (1 << order);
        self.pages.resize(end, Page { head: frame, ..Page::default() });
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
