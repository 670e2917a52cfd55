//! Dirty marks, the page lock around them, and the account that a file keeps.

use core::sync::atomic::Ordering::Relaxed;

use super::*;

/// Both functions that mark pages dirty.
const DIRTYING: [Release; 2] = [PUT_USER_PAGES_DIRTY, PUT_USER_PAGES_DIRTY_LOCK];

/// Both that do not.
const NOT_DIRTYING: [Release; 2] = [put_user_page_each, PUT_USER_PAGES];

/// How many pages the file has counted and tagged.
fn account(file: &AddressSpace) -> (usize, usize) {
    (file.dirty_count.load(Relaxed), file.dirty_tags.load(Relaxed))
}

/// Hooks for a page that somebody else marks while its lock is waited for.
struct MarkedMeanwhile;

impl Hooks for MarkedMeanwhile {
    fn lock_page(&self, head: PageRef<'_>) {
        ().set_page_dirty(head);
        ().lock_page(head);
    }
}

#[test]
fn a_clean_page_is_marked_and_then_released() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 2, 1)?;
    let hooks = Recorder::new(&map);
    let array = pinned(&map, [2, 3, 3]);
    assert_eq!(put_user_pages_dirty(&array, &hooks), Ok(()));
    assert_eq!(hooks.events(), [(0, MARK, 4)]);
    assert!(head.is_dirty() && !head.is_locked());
    assert_eq!(head.refcount(), 1);
    for tail in entries(&map, 1..4) {
        assert!(!tail.is_dirty(), "the mark belongs on the head page");
    }
    Ok(())
}

#[test]
fn a_clean_page_is_marked_between_lock_and_unlock_and_then_released()
-> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 2, 1)?;
    let hooks = Recorder::new(&map);
    let array = pinned(&map, [2, 3, 3]);
    assert_eq!(put_user_pages_dirty_lock(&array, &hooks), Ok(()));
    let expected = [(0, Step::Lock, 4), (0, MARK_LOCKED, 4), (0, Step::Unlock, 4)];
    assert_eq!(hooks.events(), expected);
    assert!(head.is_dirty() && !head.is_locked());
    assert_eq!(head.refcount(), 1);
    Ok(())
}

#[test]
fn a_dirty_page_is_neither_locked_nor_marked_again() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let file = AddressSpace::new();
    let head = folio(&map, 0, 1, 1)?;
    head.set_mapping(&file);
    head.test_set_dirty();
    for put in DIRTYING {
        let hooks = Recorder::new(&map);
        assert_eq!(put(&pinned(&map, [1, 0, 1]), &hooks), Ok(()));
        assert_eq!(hooks.events(), []);
        assert!(head.is_dirty());
        assert_eq!(account(&file), (0, 0));
    }
    Ok(())
}

#[test]
fn a_dirty_page_that_somebody_has_locked_is_not_waited_for() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let page = folio(&map, 0, 0, 1)?;
    page.test_set_dirty();
    assert!(page.try_lock());
    let hooks = Recorder::new(&map);
    assert_eq!(put_user_pages_dirty_lock(&pinned(&map, [0, 0]), &hooks), Ok(()));
    assert_eq!(hooks.events(), []);
    assert!(page.is_locked(), "the lock is its holder's to give back");
    assert_eq!(page.refcount(), 1);
    Ok(())
}

#[test]
fn the_other_functions_mark_and_lock_nothing() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let file = AddressSpace::new();
    let head = folio(&map, 0, 1, 2)?;
    head.set_mapping(&file);
    // Nor wait for a lock that is held.
    assert!(head.try_lock());
    for put in NOT_DIRTYING {
        let hooks = Recorder::new(&map);
        assert_eq!(put(&pinned(&map, [1, 0, 1]), &hooks), Ok(()));
        assert_eq!(hooks.events(), []);
        assert!(!head.is_dirty() && head.is_locked());
        assert_eq!(account(&file), (0, 0));
    }
    Ok(())
}

#[test]
fn the_other_functions_leave_a_dirty_page_dirty() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 1, 1)?;
    for put in NOT_DIRTYING {
        head.set_refcount(3);
        head.test_set_dirty();
        let hooks = Recorder::new(&map);
        assert_eq!(put(&entries(&map, [1, 0]), &hooks), Ok(()));
        assert!(head.is_dirty());
        assert_eq!(put(&entries(&map, [1]), &hooks), Ok(()));
        assert_eq!(hooks.events(), [(0, FREE_DIRTY, 0)]);
        assert!(!head.is_dirty(), "freeing clears the mark");
    }
    Ok(())
}

#[test]
fn a_page_is_freed_as_dirty_or_clean_as_it_was_released() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let last_events = [
        (put_user_page_each as Release, (0, FREE_CLEAN, 0)),
        (PUT_USER_PAGES, (0, FREE_CLEAN, 0)),
        (PUT_USER_PAGES_DIRTY, (0, FREE_DIRTY, 0)),
        (PUT_USER_PAGES_DIRTY_LOCK, (0, FREE_DIRTY, 0)),
    ];
    for (put, last_event) in last_events {
        folio(&map, 0, 1, 2)?;
        let hooks = Recorder::new(&map);
        assert_eq!(put(&entries(&map, [1, 0]), &hooks), Ok(()));
        assert_eq!(hooks.events().last(), Some(&last_event));
    }
    Ok(())
}

#[test]
fn a_file_counts_and_tags_its_page_once() -> Result<(), CompoundPageError> {
    for put in DIRTYING {
        let mut pages = pages(8);
        let map = MemoryMap::new(&mut pages);
        let file = AddressSpace::new();
        let head = folio(&map, 0, 2, 1)?;
        head.set_mapping(&file);
        folio(&map, 4, 2, 1)?;
        let hooks = Recorder::new(&map);
        // The second page is anonymous: nobody counts it.
        assert_eq!(put(&pinned(&map, [0, 1, 2, 3, 4, 1, 5, 0]), &hooks), Ok(()));
        assert_eq!(account(&file), (1, 1));
        assert_eq!(put(&pinned(&map, [3]), &hooks), Ok(()));
        assert_eq!(account(&file), (1, 1));
    }
    Ok(())
}

#[test]
fn pages_of_one_file_are_counted_one_by_one() -> Result<(), CompoundPageError> {
    for put in DIRTYING {
        let mut pages = pages(8);
        let map = MemoryMap::new(&mut pages);
        let file = AddressSpace::new();
        for (frame, order) in [(0, 2), (4, 1), (6, 0), (7, 0)] {
            folio(&map, frame, order, 1)?.set_mapping(&file);
        }
        assert_eq!(put(&pinned(&map, 0..7), &Recorder::new(&map)), Ok(()));
        assert_eq!(account(&file), (3, 3));
    }
    Ok(())
}

#[test]
fn an_anonymous_page_is_marked_and_counted_by_nobody() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let page = folio(&map, 0, 0, 1)?;
    for put in DIRTYING {
        page.clear_dirty();
        assert!(page.mapping().is_none());
        assert_eq!(put(&pinned(&map, [0]), &Recorder::new(&map)), Ok(()));
        assert!(page.is_dirty());
    }
    Ok(())
}

#[test]
fn a_page_that_was_written_back_is_marked_and_counted_anew() -> Result<(), CompoundPageError> {
    for put in DIRTYING {
        let mut pages = pages(1);
        let map = MemoryMap::new(&mut pages);
        let file = AddressSpace::new();
        let page = folio(&map, 0, 0, 1)?;
        page.set_mapping(&file);
        let hooks = Recorder::new(&map);
        for _ in 0..2 {
            assert_eq!(put(&pinned(&map, [0]), &hooks), Ok(()));
            assert!(hooks.events().iter().any(|event| matches!(event.1, Step::Mark { .. })));
            assert_eq!(account(&file), (1, 1));
            assert!(page.clear_dirty());
            assert_eq!(account(&file), (0, 0));
        }
        assert!(!page.clear_dirty(), "a clean page leaves the account alone");
        assert_eq!(account(&file), (0, 0));
    }
    Ok(())
}

#[test]
fn a_page_that_somebody_else_marks_meanwhile_is_counted_once() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let file = AddressSpace::new();
    let page = folio(&map, 0, 0, 1)?;
    page.set_mapping(&file);
    assert_eq!(put_user_pages_dirty_lock(&pinned(&map, [0]), &MarkedMeanwhile), Ok(()));
    assert_eq!(account(&file), (1, 1));
    assert!(page.is_dirty() && !page.is_locked());
    Ok(())
}

#[test]
fn each_run_of_a_clean_page_is_locked_once() -> Result<(), CompoundPageError> {
    let mut pages = pages(80);
    let map = MemoryMap::new(&mut pages);
    folio(&map, 0, 6, 1)?;
    folio(&map, 64, 4, 1)?;
    let hooks = Recorder::new(&map);
    // The first compound page comes back, dirty by then.
    let array = pinned(&map, (0..80).chain(0..64));
    assert_eq!(put_user_pages_dirty_lock(&array, &hooks), Ok(()));
    let expected = [
        (0, Step::Lock, 129),
        (0, MARK_LOCKED, 129),
        (0, Step::Unlock, 129),
        (64, Step::Lock, 17),
        (64, MARK_LOCKED, 17),
        (64, Step::Unlock, 17),
    ];
    assert_eq!(hooks.events(), expected);
    Ok(())
}

#[test]
fn marking_and_locking_leave_other_flags_alone() -> Result<(), CompoundPageError> {
    const OTHER_FLAGS: usize = 0xa5a5 << 40;
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    litter(page(&map, 0), OTHER_FLAGS, 0);
    folio(&map, 0, 1, 1)?;
    let flags = (OTHER_FLAGS | flags::HEAD | flags::DIRTY) as u64;
    for put in DIRTYING {
        assert_eq!(put(&pinned(&map, [1]), &Recorder::new(&map)), Ok(()));
        assert_eq!(words(page(&map, 0))[0], flags);
    }
    Ok(())
}

#[test]
fn the_page_lock_is_held_by_one() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let page = folio(&map, 0, 0, 1)?;
    assert!(page.try_lock() && page.is_locked());
    assert!(!page.try_lock());
    assert!(page.is_locked(), "a failed try takes nothing away");
    page.unlock();
    assert!(!page.is_locked() && page.try_lock());
    Ok(())
}

#[test]
fn the_lock_and_the_mark_come_in_one_step_only_where_neither_is() {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let (locked, dirty) = (flags::LOCKED, flags::DIRTY);
    for other in [0, 0xa5 << 32] {
        for before in [0, locked, dirty, locked | dirty] {
            let page = page(&map, 0);
            page.page().flags.store(other | before, Relaxed);
            assert_eq!(page.try_lock_and_set_dirty(), before == 0);
            let after = if before == 0 { locked | dirty } else { before };
            assert_eq!(page.page().flags.load(Relaxed), other | after);
        }
    }
}

#[test]
fn a_page_that_becomes_a_tail_meanwhile_has_no_mapping() -> Result<(), CompoundPageError> {
    let mut pages = pages(512);
    let map = MemoryMap::new(&mut pages);
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let tails = all(&map).filter(|page| map.frame(*page) % 2 != 0);
            tails.filter(|tail| (0..200).any(|_| tail.mapping().is_some())).count()
        });
        for frame in (0..512).step_by(2) {
            let head = folio(&map, frame, 1, 1).expect("it has room");
            assert_eq!(pin_user_pages(&[head; 3], &()), 3);
        }
        assert_eq!(looks.join().expect("it ends"), 0);
    });
    Ok(())
}
