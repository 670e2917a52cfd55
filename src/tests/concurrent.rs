//! Several threads on the same pages. Nothing here depends on timing: in whatever order
//! the threads run, the outcome is the same.

use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::Barrier;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::*;

const THREADS: usize = 4;
const ROUNDS: usize = if cfg!(miri) { 5 } else { 300 };

/// The compound pages that the threads share: frame, order, and how many entries each
/// thread's array has of it.
const FOLIOS: [(usize, u32, i32); 4] = [(0, 3, 6), (8, 1, 3), (10, 0, 2), (11, 0, 3)];
const FRAMES: usize = 12;

/// Each thread's array, which it starts at another place: in runs and by turns.
const ARRAY: [usize; 14] = [7, 6, 0, 8, 9, 3, 10, 3, 11, 9, 11, 11, 10, 0];

type SharedRelease = fn(&[PageRef<'_>], &Counter) -> Result<(), ReleaseError>;

const PUT: SharedRelease = put_user_pages::<Counter>;
const PUT_DIRTY: SharedRelease = put_user_pages_dirty::<Counter>;
const PUT_DIRTY_LOCK: SharedRelease = put_user_pages_dirty_lock::<Counter>;

/// Hooks that count how often each page is freed, and look at what must come before.
struct Counter {
    first_page: usize,
    /// What each thread sets before it releases its references.
    written: [AtomicUsize; THREADS],
    frees: [AtomicUsize; FRAMES],
    dirty_frees: AtomicUsize,
    early_frees: AtomicUsize,
}

impl Counter {
    fn new(map: &MemoryMap<'_>) -> Self {
        Counter {
            first_page: page(map, 0).addr(),
            written: Default::default(),
            frees: Default::default(),
            dirty_frees: AtomicUsize::new(0),
            early_frees: AtomicUsize::new(0),
        }
    }

    fn frees(&self) -> [usize; FOLIOS.len()] {
        FOLIOS.map(|(frame, ..)| self.frees[frame].load(Relaxed))
    }
}

impl Hooks for Counter {
    fn free_page(&self, head: PageRef<'_>) {
        let frame = (head.addr() - self.first_page) / size_of::<Page>();
        self.frees[frame].fetch_add(1, Relaxed);
        self.dirty_frees.fetch_add(usize::from(head.is_dirty()), Relaxed);
        // Not a matter of luck: dropping the last reference comes after all that the
        // others did before they dropped theirs.
        let all_written = self.written.iter().all(|written| written.load(Relaxed) == 1);
        let early = !all_written || head.is_locked();
        self.early_frees.fetch_add(usize::from(early), Relaxed);
        ().free_page(head);
    }
}

/// Hooks that tell when a page lock is about to be waited for.
struct TellWhenWaiting {
    waiting: SyncSender<()>,
}

impl Hooks for TellWhenWaiting {
    fn lock_page(&self, head: PageRef<'_>) {
        self.waiting.send(()).expect("the holder listens");
        ().lock_page(head);
    }
}

/// Calls `release` with each thread's array, in all threads at once, and returns how
/// many entries each call released.
fn in_all_threads<'map>(
    map: &MemoryMap<'map>,
    hooks: &Counter,
    release: impl Fn(&[PageRef<'map>]) -> usize + Sync,
) -> [usize; THREADS] {
    let start = Barrier::new(THREADS);
    let arrays: [_; THREADS] = core::array::from_fn(|thread| {
        let mut array = entries(map, ARRAY);
        array.rotate_left(thread * ARRAY.len() / THREADS);
        array
    });
    thread::scope(|scope| {
        let threads: [_; THREADS] = core::array::from_fn(|thread| {
            let (array, written) = (&arrays[thread], &hooks.written[thread]);
            let (start, release) = (&start, &release);
            scope.spawn(move || {
                start.wait();
                written.store(1, Relaxed);
                release(array)
            })
        });
        threads.map(|thread| thread.join().expect("no thread panics"))
    })
}

fn released(result: Result<(), ReleaseError>, pages: &[PageRef<'_>]) -> usize {
    result.map_or_else(|error| error.entry, |()| pages.len())
}

/// All threads release what they own; `others` own as many references of each page.
/// Pages of one file, all clean.
fn everything_is_released_once(put: SharedRelease, dirties: bool, others: i32) {
    for _ in 0..ROUNDS {
        let mut pages = pages(FRAMES);
        let map = MemoryMap::new(&mut pages);
        let file = AddressSpace::new();
        let threads = i32::try_from(THREADS).expect("a few");
        let heads = FOLIOS.map(|(frame, order, entries)| {
            let head = folio(&map, frame, order, threads * entries + others).expect("it fits");
            head.set_mapping(&file);
            head
        });

        let hooks = Counter::new(&map);
        let all = in_all_threads(&map, &hooks, |array| released(put(array, &hooks), array));

        let freed = usize::from(others == 0);
        assert_eq!(all, [ARRAY.len(); THREADS]);
        assert_eq!(heads.map(PageRef::refcount), [others; FOLIOS.len()]);
        assert_eq!(hooks.frees(), [freed; FOLIOS.len()]);
        assert_eq!(hooks.early_frees.load(Relaxed), 0);
        let dirty = if dirties { FOLIOS.len() } else { 0 };
        assert_eq!(hooks.dirty_frees.load(Relaxed), freed * dirty);
        assert_eq!(file.dirty_count.load(Relaxed), dirty);
        assert_eq!(file.dirty_tags.load(Relaxed), dirty);
        assert!(heads.iter().all(|head| !head.is_locked()));
        assert!(heads.iter().all(|head| head.is_dirty() == (dirties && others > 0)));
    }
}

#[test]
fn pages_that_threads_release_together_are_freed_once() {
    everything_is_released_once(PUT, false, 0);
}

#[test]
fn pages_that_threads_dirty_together_are_freed_once_and_counted_once() {
    everything_is_released_once(PUT_DIRTY, true, 0);
}

#[test]
fn pages_that_threads_lock_and_dirty_are_freed_once_and_counted_once() {
    everything_is_released_once(PUT_DIRTY_LOCK, true, 0);
}

#[test]
fn pages_that_somebody_else_uses_outlive_the_threads_that_release_them() {
    everything_is_released_once(PUT, false, 1);
    everything_is_released_once(PUT_DIRTY, true, 1);
    everything_is_released_once(PUT_DIRTY_LOCK, true, 1);
}

#[test]
fn threads_that_go_through_many_pages_side_by_side_free_and_count_each_once() {
    const PAGES: usize = if cfg!(miri) { 20 } else { 1000 };
    for put in [put_user_pages_dirty::<()>, put_user_pages_dirty_lock::<()>] {
        for _ in 0..ROUNDS.div_ceil(10) {
            let mut pages = pages(PAGES);
            let map = MemoryMap::new(&mut pages);
            let file = AddressSpace::new();
            for page in all(&map) {
                page.set_mapping(&file);
                page.set_refcount(i32::try_from(THREADS).expect("a few"));
            }
            let array = entries(&map, 0..PAGES);
            let start = Barrier::new(THREADS);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        start.wait();
                        assert_eq!(put(&array, &()), Ok(()));
                    });
                }
            });
            assert_eq!(file.dirty_count.load(Relaxed), PAGES);
            assert!(array.iter().all(|page| page.refcount() == 0));
            assert!(array.iter().all(|page| page.mapping().is_none()), "a page was not freed");
        }
    }
}

#[test]
fn threads_with_too_few_references_release_each_of_them_once() {
    for round in 0..ROUNDS {
        let mut pages = pages(FRAMES);
        let map = MemoryMap::new(&mut pages);
        // From one reference to one less than would do.
        let references = 1 + round % (4 * 14 - 1);
        let head = map.prep_compound_page(0, 3).expect("it fits");
        head.set_refcount(i32::try_from(references).expect("a few"));

        let hooks = Counter::new(&map);
        let all = in_all_threads(&map, &hooks, |array| {
            let array = array.iter().map(|_| head).collect::<Vec<_>>();
            released(put_user_pages(&array, &hooks), &array)
        });

        assert_eq!(all.iter().sum::<usize>(), references);
        assert_eq!(head.refcount(), 0);
        assert_eq!(hooks.frees()[0], 1);
    }
}

#[test]
fn threads_that_take_references_and_release_them_leave_none() {
    let mut pages = pages(FRAMES);
    let map = MemoryMap::new(&mut pages);
    let heads = FOLIOS.map(|(frame, order, _)| folio(&map, frame, order, 1).expect("it fits"));
    let hooks = Counter::new(&map);
    let all = in_all_threads(&map, &hooks, |array| {
        for _ in 0..20 * ROUNDS {
            assert_eq!(get_user_pages(array), array.len());
            assert_eq!(put_user_pages_dirty_lock(array, &hooks), Ok(()));
        }
        array.len()
    });
    assert_eq!(all, [ARRAY.len(); THREADS]);
    assert_eq!(heads.map(PageRef::refcount), [1; FOLIOS.len()]);
    assert_eq!(hooks.frees(), [0; FOLIOS.len()]);
    assert!(heads.iter().all(|head| head.is_dirty() && !head.is_locked()));
}

#[test]
fn a_page_that_somebody_has_locked_is_marked_and_released_after_they_unlock_it() {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 1, 3).expect("it fits");
    assert!(head.try_lock());
    let array = entries(&map, [1, 0]);
    thread::scope(|scope| {
        // Without room: the other thread goes on only once it was heard.
        let (waiting, heard) = sync_channel(0);
        let other = scope.spawn(|| {
            let hooks = TellWhenWaiting { waiting };
            put_user_pages_dirty_lock(&array, &hooks)
        });
        heard.recv().expect("the lock is waited for");
        let (dirty, refcount) = (head.is_dirty(), head.refcount());
        // Asserting only now, for a panic before it would leave the other waiting.
        head.unlock();
        assert_eq!(other.join().expect("no panic"), Ok(()));
        assert!(!dirty, "marked without the lock");
        assert_eq!(refcount, 3, "released before it was marked");
    });
    assert!(head.is_dirty() && !head.is_locked());
    assert_eq!(head.refcount(), 1);
}

/// The first page to be released is the last to be unlocked: the other thread finds it locked, unless
/// this one was through before that had begun, in each round.
#[test]
fn pages_that_somebody_has_locked_are_marked_without_hooks_of_ones_own() {
    const PAGES: usize = 64;
    for _ in 0..ROUNDS {
        let mut pages = pages(PAGES);
        let map = MemoryMap::new(&mut pages);
        let heads: Vec<PageRef<'_>> =
            (0..PAGES).map(|frame| folio(&map, frame, 0, 2).expect("it fits")).collect();
        assert!(heads.iter().all(|head| head.try_lock()));
        let begun = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                begun.wait();
                assert_eq!(put_user_pages_dirty_lock(&heads, &()), Ok(()));
            });
            begun.wait();
            heads.iter().rev().for_each(|head| head.unlock());
        });
        assert!(heads.iter().all(|head| head.is_dirty() && !head.is_locked()));
        assert!(heads.iter().all(|head| head.refcount() == 1));
    }
}
