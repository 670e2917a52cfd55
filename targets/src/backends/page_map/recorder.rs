//! What happens to pages during calls, as the hooks of an implementation tell it.

use std::cell::{Cell, Ref, RefCell};

use put_user_page::{Hooks, MemoryMap, Page, PageRef};
use put_user_page_case::layout::MAX_FRAMES;
use put_user_page_reference::Profile;
use put_user_page_reference::profile::ZeroPage;

use crate::asan;
use crate::outcome::{Event, EventKind, MAX_EVENTS, NodePins};

/// A page that was freed.
#[derive(Clone, Copy, Debug)]
struct Freed {
    frame: usize,
    call: usize,
    /// How many pages its compound page has.
    pages: usize,
}

/// Does the work of the hooks, and keeps what happened.
#[derive(Debug)]
pub struct Recorder {
    map: MemoryMap<'static>,
    profile: &'static Profile,
    /// The frames of the zero page and of the huge zero page, in a world that has them.
    zero_page: Cell<Option<usize>>,
    huge_zero_page: Cell<Option<usize>>,
    node_pins: Cell<NodePins>,
    /// How often the node was told of a page that was free already.
    late_counts: Cell<i64>,
    call: Cell<usize>,
    events: RefCell<Vec<Event>>,
    freed: RefCell<Vec<Freed>>,
    /// For each frame, whether the page there was dirty when it was first freed, if it was freed.
    dirty_when_freed: RefCell<Vec<Option<bool>>>,
    /// Whether freed pages are poisoned for the address sanitizer until the call ends.
    poison_freed: Cell<bool>,
}

impl Recorder {
    pub(super) fn new(map: MemoryMap<'static>, profile: &'static Profile) -> Self {
        Recorder {
            map,
            profile,
            zero_page: Cell::new(None),
            huge_zero_page: Cell::new(None),
            node_pins: Cell::new(NodePins::default()),
            late_counts: Cell::new(0),
            call: Cell::new(0),
            events: RefCell::new(Vec::with_capacity(MAX_EVENTS)),
            freed: RefCell::new(Vec::with_capacity(MAX_FRAMES)),
            dirty_when_freed: RefCell::new(vec![None; map.frames()]),
            poison_freed: Cell::new(false),
        }
    }

    /// Forgets everything. Only where nothing may look at a page after it was freed may
    /// `poison_freed` be set.
    pub(super) fn start(&self, poison_freed: bool) {
        self.events.borrow_mut().clear();
        let mut dirty_when_freed = self.dirty_when_freed.borrow_mut();
        for freed in self.freed.borrow_mut().drain(..) {
            dirty_when_freed[freed.frame] = None;
        }
        self.poison_freed.set(poison_freed);
        self.zero_page.set(None);
        self.huge_zero_page.set(None);
        self.node_pins.set(NodePins::default());
        self.late_counts.set(0);
    }

    /// The zero page of the world lies there.
    pub(super) fn set_zero_page(&self, frame: usize) {
        self.zero_page.set(Some(frame));
    }

    /// folio_maybe_dma_pinned() by the rules of the profile.
    pub(super) fn maybe_dma_pinned(&self, head: PageRef<'_>) -> bool {
        self.profile.counts_pins() && head.maybe_dma_pinned(self)
    }

    /// The huge zero page of the world lies there.
    pub(super) fn set_huge_zero_page(&self, frame: usize) {
        self.huge_zero_page.set(Some(frame));
    }

    /// Whether a head page is the huge zero page, which pins know nothing of.
    pub fn is_huge_zero_page(&self, head: PageRef<'_>) -> bool {
        self.huge_zero_page.get() == Some(self.map.frame(head))
    }

    /// How often the node was told of a page that was free already: it looks at the page to see
    /// which node it is of.
    pub(super) fn late_counts(&self) -> i64 {
        self.late_counts.get()
    }

    /// Pins as the node has counted them.
    pub(super) fn node_pins(&self) -> NodePins {
        self.node_pins.get()
    }

    /// The node counts so many more pins.
    pub fn count_pins(&self, acquired: i64, released: i64) {
        let pins = self.node_pins.get();
        self.node_pins.set(NodePins {
            acquired: pins.acquired + acquired,
            released: pins.released + released,
        });
    }

    pub(super) fn start_call(&self, call: usize) {
        self.call.set(call);
    }

    pub(super) fn end_call(&self) {
        if self.poison_freed.get() {
            let freed = self.freed.borrow();
            for freed in freed.iter().rev().take_while(|freed| freed.call == self.call.get()) {
                self.with_pages(freed, asan::unpoison_pages);
            }
        }
    }

    /// Whether the page at a frame was freed, and if so whether it was dirty then.
    pub(super) fn was_freed(&self, frame: usize) -> Option<bool> {
        self.dirty_when_freed.borrow()[frame]
    }

    pub(super) fn events(&self) -> Ref<'_, Vec<Event>> {
        self.events.borrow()
    }

    /// The number of the call in its case, from 0.
    pub fn call(&self) -> usize {
        self.call.get()
    }

    /// The memory map whose pages this is about.
    pub fn map(&self) -> MemoryMap<'static> {
        self.map
    }

    /// The page at an address; `None` if no page of the map starts there.
    pub fn page_at(&self, address: usize) -> Option<PageRef<'static>> {
        let first = self.map.page(0)?;
        let page = self.map.page(address.wrapping_sub(first.addr()) / size_of::<Page>())?;
        (page.addr() == address).then_some(page)
    }

    /// Notes that the page went from clean to dirty.
    pub fn page_dirtied(&self, page: PageRef<'_>) {
        self.record(page, EventKind::Dirty);
    }

    /// Takes the page lock unless somebody holds it; true if taken.
    pub fn try_lock_page(&self, page: PageRef<'_>) -> bool {
        let taken = page.try_lock();
        if taken {
            self.record(page, EventKind::Lock);
        }
        taken
    }

    fn record(&self, page: PageRef<'_>, kind: EventKind) {
        let (frame, refcount, call) = (self.map.frame(page), page.refcount(), self.call.get());
        self.events.borrow_mut().push(Event { frame, kind, refcount, call });
    }

    fn with_pages(&self, freed: &Freed, act: impl Fn(PageRef<'static>, usize)) {
        if let Some(head) = self.map.page(freed.frame) {
            act(head, freed.pages);
        }
    }
}

/// Each does what `()` does, which is what a user of the crate has, and keeps that it did.
impl Hooks for Recorder {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        let was_dirty = head.is_dirty();
        ().set_page_dirty(head);
        if !was_dirty && head.is_dirty() {
            self.page_dirtied(head);
        }
    }

    /// If somebody holds the lock they unlock the page now, and the caller goes on.
    fn lock_page(&self, head: PageRef<'_>) {
        if head.is_locked() {
            self.record(head, EventKind::Wait);
            head.unlock();
        }
        ().lock_page(head);
        if head.is_locked() {
            self.record(head, EventKind::Lock);
        }
    }

    fn unlock_page(&self, head: PageRef<'_>) {
        self.record(head, EventKind::Unlock);
        ().unlock_page(head);
    }

    fn has_pincount(&self, head: PageRef<'_>) -> bool {
        self.profile.has_pincount(head.compound_order())
    }

    fn is_zero_page(&self, head: PageRef<'_>) -> bool {
        self.profile.zero_page == ZeroPage::LeftAlone
            && self.zero_page.get() == Some(self.map.frame(head))
    }

    fn pins_acquired(&self, _head: PageRef<'_>, pins: i32) {
        self.count_pins(i64::from(pins), 0);
    }

    fn pins_released(&self, head: PageRef<'_>, pins: i32) {
        // Nobody may look at a freed page where this is.
        if self.poison_freed.get() && self.was_freed(self.map.frame(head)).is_some() {
            self.late_counts.set(self.late_counts.get() + 1);
        }
        self.count_pins(0, i64::from(pins));
    }

    fn free_page(&self, head: PageRef<'_>) {
        self.record(head, EventKind::Free);
        let freed = Freed {
            frame: self.map.frame(head),
            call: self.call.get(),
            pages: 1 << head.compound_order(),
        };
        self.freed.borrow_mut().push(freed);
        self.dirty_when_freed.borrow_mut()[freed.frame].get_or_insert(head.is_dirty());
        ().free_page(head);
        if self.poison_freed.get() {
            self.with_pages(&freed, asan::poison_pages);
        }
    }
}
