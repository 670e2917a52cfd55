//! Units: the model's own promises. Held against the reference in `targets/`.

mod concurrent;
mod concurrent_pins;
mod dirty;
mod existing;
mod get;
mod layout;
mod over_release;
mod pins;
mod pins_short;
mod proofs;
mod release;
mod runs;

use core::cell::{Cell, RefCell};
use core::ptr::without_provenance_mut;
use core::sync::atomic::Ordering;
use std::vec::Vec;

use crate::page::LOCKED_SUBTRACTIONS;
use crate::*;

/// How many locked subtractions this thread makes in `release`, which must succeed.
fn locked_subtractions(release: impl FnOnce() -> Result<(), ReleaseError>) -> usize {
    let before = LOCKED_SUBTRACTIONS.get();
    assert_eq!(release(), Ok(()));
    LOCKED_SUBTRACTIONS.get() - before
}

/// Exactly `frames` free order-0 pages, so that a look behind the last one leaves the
/// allocation, which Miri and AddressSanitizer notice.
fn pages(frames: usize) -> Vec<Page> {
    let mut pages = Vec::with_capacity(frames);
    pages.resize_with(frames, Page::new);
    pages
}

fn page<'map>(map: &MemoryMap<'map>, frame: usize) -> PageRef<'map> {
    map.page(frame).expect("a frame of the map")
}

/// All pages of the map.
fn all<'map>(map: &MemoryMap<'map>) -> impl Iterator<Item = PageRef<'map>> {
    let map = *map;
    (0..map.frames()).map(move |frame| page(&map, frame))
}

/// The page's 64 bytes as eight words in memory order.
fn words(page: PageRef<'_>) -> [u64; 8] {
    // SAFETY: a live page is eight aligned words without padding, and no other thread
    // writes to the pages of these tests.
    unsafe { page.as_ptr().cast::<[u64; 8]>().read() }
}

/// Fills the flags and the words that releasing a page has no business with, so that a
/// write to them shows.
fn litter(page: PageRef<'_>, other_flags: usize, filler: usize) {
    let page = page.page();
    page.flags.fetch_or(other_flags, Ordering::Relaxed);
    // lru.next: an address in the kernel, of which bit 0 is clear.
    page.compound_head.store(without_provenance_mut(filler & !1), Ordering::Relaxed);
    for word in [&page.index, &page.private, &page.memcg_data] {
        word.store(filler, Ordering::Relaxed);
    }
}

/// A compound page with a refcount.
fn folio<'map>(
    map: &MemoryMap<'map>,
    frame: usize,
    order: u32,
    refcount: i32,
) -> Result<PageRef<'map>, CompoundPageError> {
    let head = map.prep_compound_page(frame, order)?;
    head.set_refcount(refcount);
    Ok(head)
}

/// The array that names these frames.
fn entries<'map>(
    map: &MemoryMap<'map>,
    frames: impl IntoIterator<Item = usize>,
) -> Vec<PageRef<'map>> {
    frames.into_iter().map(|frame| page(map, frame)).collect()
}

/// The array that names these frames, with a reference taken for each entry.
fn pinned<'map>(
    map: &MemoryMap<'map>,
    frames: impl IntoIterator<Item = usize>,
) -> Vec<PageRef<'map>> {
    let entries = entries(map, frames);
    assert_eq!(get_user_pages(&entries), entries.len());
    entries
}

type Release = fn(&[PageRef<'_>], &Recorder) -> Result<(), ReleaseError>;

const PUT_USER_PAGES: Release = put_user_pages::<Recorder>;
const PUT_USER_PAGES_DIRTY: Release = put_user_pages_dirty::<Recorder>;
const PUT_USER_PAGES_DIRTY_LOCK: Release = put_user_pages_dirty_lock::<Recorder>;

/// All four functions, put_user_page() called for one entry after the other.
const FUNCTIONS: [Release; 4] =
    [put_user_page_each, PUT_USER_PAGES, PUT_USER_PAGES_DIRTY, PUT_USER_PAGES_DIRTY_LOCK];

fn put_user_page_each(pages: &[PageRef<'_>], hooks: &Recorder) -> Result<(), ReleaseError> {
    for (entry, &page) in pages.iter().enumerate() {
        let released = put_user_page(page, hooks);
        released.map_err(|error| ReleaseError { entry: entry + error.entry })?;
    }
    Ok(())
}

/// What a hook was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Lock,
    Mark { locked: bool },
    Unlock,
    Free { dirty: bool },
}

const MARK: Step = Step::Mark { locked: false };
const MARK_LOCKED: Step = Step::Mark { locked: true };
const FREE_CLEAN: Step = Step::Free { dirty: false };
const FREE_DIRTY: Step = Step::Free { dirty: true };

/// A step, the frame of its page, and the page's refcount before the step.
type Event = (usize, Step, i32);

/// Hooks that write down each step and then take it as `()` does, in one thread.
struct Recorder {
    first_page: usize,
    lock_held: Cell<bool>,
    events: RefCell<Vec<Event>>,
}

impl Recorder {
    fn new(map: &MemoryMap<'_>) -> Self {
        let first_page = page(map, 0).addr();
        Recorder { first_page, lock_held: Cell::new(false), events: RefCell::default() }
    }

    /// What happened since this was last asked.
    fn events(&self) -> Vec<Event> {
        assert!(!self.lock_held.get(), "a call returned with a page locked");
        self.events.take()
    }

    fn record(&self, head: PageRef<'_>, step: Step) {
        assert!(!head.is_tail(), "hooks are given head pages");
        let frame = (head.addr() - self.first_page) / size_of::<Page>();
        self.events.borrow_mut().push((frame, step, head.refcount()));
    }
}

impl Hooks for Recorder {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        self.record(head, Step::Mark { locked: head.is_locked() });
        ().set_page_dirty(head);
    }

    fn lock_page(&self, head: PageRef<'_>) {
        self.record(head, Step::Lock);
        assert!(!self.lock_held.replace(true), "two page locks at a time");
        // Waiting would never end: there is no other thread to unlock the page.
        assert!(head.try_lock(), "a page was locked that somebody else holds");
    }

    fn unlock_page(&self, head: PageRef<'_>) {
        self.record(head, Step::Unlock);
        assert!(self.lock_held.replace(false), "the page was not locked");
        ().unlock_page(head);
    }

    fn free_page(&self, head: PageRef<'_>) {
        assert!(!head.is_locked(), "a locked page is freed");
        self.record(head, Step::Free { dirty: head.is_dirty() });
        ().free_page(head);
    }
}
