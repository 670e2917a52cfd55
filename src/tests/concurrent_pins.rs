//! Several threads that release pins of the same pages. As in `concurrent`, the outcome does not
//! depend on the order in which they run.

use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::Barrier;
use std::thread;

use super::*;

const THREADS: usize = 4;
const ROUNDS: usize = if cfg!(miri) { 5 } else { 300 };

/// Of a compound page, two pages in turn and a run: entries by the thread.
const ARRAY: [usize; 10] = [7, 6, 0, 8, 3, 8, 8, 3, 1, 2];

/// Hooks that count frees and what the node is told, which has to come before.
#[derive(Default)]
struct Node {
    acquired: AtomicUsize,
    released: AtomicUsize,
    frees: AtomicUsize,
    early_frees: AtomicUsize,
    expected: usize,
}

impl Hooks for Node {
    fn pins_acquired(&self, _: PageRef<'_>, pins: i32) {
        self.acquired.fetch_add(pins as usize, Relaxed);
    }

    fn pins_released(&self, _: PageRef<'_>, pins: i32) {
        self.released.fetch_add(pins as usize, Relaxed);
    }

    fn free_page(&self, head: PageRef<'_>) {
        self.frees.fetch_add(1, Relaxed);
        // Freeing comes after the drops of all others, and theirs after what they told the node.
        let early = head.pincount() != 0 || self.released.load(Relaxed) < self.expected;
        self.early_frees.fetch_add(usize::from(early), Relaxed);
        ().free_page(head);
    }
}

/// How many pins each thread released.
fn in_all_threads(release: impl Fn() -> Result<(), ReleaseError> + Sync) -> Vec<usize> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let thread = || {
            start.wait();
            release().map_or_else(|error| error.entry, |()| ARRAY.len())
        };
        let threads = [(); THREADS].map(|()| scope.spawn(thread));
        threads.map(|thread| thread.join().expect("no thread panics")).to_vec()
    })
}

#[test]
fn a_page_whose_pins_threads_release_together_is_freed_once() -> Result<(), CompoundPageError> {
    for round in 0..ROUNDS {
        for order in [0, 3] {
            let mut pages = pages(8);
            let map = MemoryMap::new(&mut pages);
            let head = folio(&map, 0, order, 1)?;
            let array = [head; ARRAY.len()];
            let node = Node { expected: THREADS * ARRAY.len(), ..Node::default() };
            for _ in 0..THREADS {
                assert_eq!(pin_user_pages(&array, &node), array.len());
            }
            assert_eq!(put_user_page(head, &node), Ok(()));
            let make_dirty = round % 2 == 0;
            let all = in_all_threads(|| unpin_user_pages_dirty_lock(&array, make_dirty, &node));
            assert_eq!(all, [array.len(); THREADS]);
            assert_eq!((head.refcount(), head.pincount()), (0, 0));
            assert_eq!((node.frees.load(Relaxed), node.early_frees.load(Relaxed)), (1, 0));
        }
    }
    Ok(())
}

#[test]
fn pages_that_somebody_else_uses_outlive_the_pins_of_threads() -> Result<(), CompoundPageError> {
    for _ in 0..ROUNDS {
        let mut pages = pages(9);
        let map = MemoryMap::new(&mut pages);
        let (large, small) = (folio(&map, 0, 3, 1)?, folio(&map, 8, 0, 1)?);
        let array = entries(&map, ARRAY);
        let node = Node::default();
        let all = in_all_threads(|| {
            assert_eq!(pin_user_pages(&array, &node), array.len());
            unpin_user_pages_dirty_lock(&array, true, &node)
        });
        assert_eq!(all, [array.len(); THREADS]);
        assert_eq!((large.refcount(), large.pincount(), small.refcount()), (1, 0, 1));
        assert!([large, small].iter().all(|page| page.is_dirty() && !page.is_locked()));
        assert_eq!(node.acquired.load(Relaxed), node.released.load(Relaxed));
        assert_eq!(node.frees.load(Relaxed), 0);
    }
    Ok(())
}

#[test]
fn threads_with_too_few_counted_pins_release_each_of_them_once() -> Result<(), CompoundPageError> {
    for round in 0..ROUNDS {
        let mut pages = pages(8);
        let map = MemoryMap::new(&mut pages);
        let pins = 1 + round % (THREADS * ARRAY.len() - 1);
        let head = folio(&map, 0, 3, i32::try_from(pins).expect("a few"))?;
        head.set_pincount(head.refcount());
        let node = Node::default();
        let array = [head; ARRAY.len()];
        let all = in_all_threads(|| unpin_user_pages(&array, &node));
        assert_eq!(all.iter().sum::<usize>(), pins);
        assert_eq!((head.refcount(), head.pincount()), (0, 0));
        assert_eq!((node.frees.load(Relaxed), node.released.load(Relaxed)), (1, pins));
    }
    Ok(())
}
