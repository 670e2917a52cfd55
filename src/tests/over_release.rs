//! Entries whose page has no reference left, which the kernel leaves undefined.

use std::string::ToString;

use super::*;

/// Hooks that, before a page is marked, let somebody else release it a number of times.
struct RacingRelease<'hooks> {
    times: usize,
    recorder: &'hooks Recorder,
}

impl Hooks for RacingRelease<'_> {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        self.recorder.set_page_dirty(head);
        for _ in 0..self.times {
            assert_eq!(put_user_page(head, self.recorder), Ok(()));
        }
    }

    fn free_page(&self, head: PageRef<'_>) {
        self.recorder.free_page(head);
    }
}

/// Hooks that lower the refcount before a page is marked, as others do who are about to
/// give back references that they dropped beyond zero.
struct LoweredMeanwhile(i32);

impl Hooks for LoweredMeanwhile {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        head.set_refcount(self.0);
    }

    fn free_page(&self, _: PageRef<'_>) {
        panic!("whoever dropped the last reference frees the page");
    }
}

#[test]
fn the_error_says_which_entry_it_was() {
    let error = ReleaseError { entry: 17 };
    assert_eq!(error.to_string(), "entry 17 names a page that has nothing left to release");
}

#[test]
fn a_page_without_references_is_neither_locked_nor_marked_nor_dropped()
-> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let hooks = Recorder::new(&map);
    for put in FUNCTIONS {
        for refcount in [0, -1, -1024, i32::MIN] {
            let head = folio(&map, 0, 2, refcount)?;
            let before = words(head);
            assert_eq!(put(&entries(&map, [2, 3]), &hooks), Err(ReleaseError { entry: 0 }));
            assert_eq!(words(head), before);
            assert_eq!(hooks.events(), []);
        }
    }
    Ok(())
}

#[test]
fn entries_before_the_error_are_released_and_those_after_it_are_not()
-> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    for put in FUNCTIONS {
        let before = folio(&map, 0, 1, 3)?;
        let free = folio(&map, 2, 0, 0)?;
        let after = folio(&map, 3, 0, 5)?;
        let after_words = words(after);
        let hooks = Recorder::new(&map);
        let array = entries(&map, [0, 1, 2, 3, 0]);
        assert_eq!(put(&array, &hooks), Err(ReleaseError { entry: 2 }));
        assert_eq!(before.refcount(), 1);
        assert_eq!(free.refcount(), 0);
        assert_eq!(words(after), after_words);
        assert!(hooks.events().iter().all(|&(frame, ..)| frame == 0));
        before.clear_dirty();
    }
    Ok(())
}

#[test]
fn references_may_run_out_anywhere_in_a_run() -> Result<(), CompoundPageError> {
    for put in FUNCTIONS {
        let longest = if cfg!(miri) { 18 } else { 40 };
        for run in 1..=longest {
            for references in 0..run {
                let mut pages = pages(10);
                let map = MemoryMap::new(&mut pages);
                let first = folio(&map, 8, 0, 2)?;
                let left = i32::try_from(references).expect("a small number");
                let head = folio(&map, 0, 3, left)?;
                let after = folio(&map, 9, 0, 1)?;
                let hooks = Recorder::new(&map);
                let in_run = (0..run).map(|entry| entry % 8);
                let array = entries(&map, [8].into_iter().chain(in_run).chain([9]));

                let error = ReleaseError { entry: 1 + references };
                assert_eq!(put(&array, &hooks), Err(error), "{references} of {run}");
                assert_eq!(first.refcount(), 1);
                assert_eq!(head.refcount(), 0);
                assert_eq!(words(after)[6] >> 32, 1);
                assert_eq!(words(after)[0], 0);
                let freed = hooks.events().into_iter().filter(|event| event.0 == 0);
                let frees = freed.filter(|event| matches!(event.1, Step::Free { .. })).count();
                assert_eq!(frees, usize::from(references > 0));
            }
        }
    }
    Ok(())
}

#[test]
fn a_run_short_of_references_is_marked_dropped_freed_and_then_an_error()
-> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    folio(&map, 0, 2, 2)?;
    let hooks = Recorder::new(&map);
    let array = entries(&map, [3, 2, 1, 0, 3]);
    assert_eq!(put_user_pages_dirty_lock(&array, &hooks), Err(ReleaseError { entry: 2 }));
    let expected =
        [(0, Step::Lock, 2), (0, MARK_LOCKED, 2), (0, Step::Unlock, 2), (0, FREE_DIRTY, 0)];
    assert_eq!(hooks.events(), expected);
    Ok(())
}

#[test]
fn the_first_reference_may_run_out_of_a_pair_or_thousands() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    for put in FUNCTIONS {
        for run in [2, 1024, 4096] {
            let head = folio(&map, 0, 0, 1)?;
            let hooks = Recorder::new(&map);
            let array = entries(&map, core::iter::repeat_n(0, run));
            assert_eq!(put(&array, &hooks), Err(ReleaseError { entry: 1 }));
            assert_eq!(head.refcount(), 0);
        }
    }
    Ok(())
}

#[test]
fn releasing_an_array_twice_stops_at_its_first_entry() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    for put in FUNCTIONS {
        let head = folio(&map, 0, 2, 3)?;
        let hooks = Recorder::new(&map);
        let array = entries(&map, [1, 2, 3]);
        assert_eq!(put(&array, &hooks), Ok(()));
        hooks.events();
        let freed = words(head);
        for _ in 0..2 {
            assert_eq!(put(&array, &hooks), Err(ReleaseError { entry: 0 }));
            assert_eq!(words(head), freed);
            assert_eq!(hooks.events(), []);
        }
    }
    Ok(())
}

#[test]
fn a_page_that_comes_back_after_its_last_reference_went_is_an_error()
-> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    for put in FUNCTIONS {
        let head = folio(&map, 0, 0, 1)?;
        let between = folio(&map, 1, 0, 2)?;
        let hooks = Recorder::new(&map);
        let array = entries(&map, [0, 1, 0, 1]);
        assert_eq!(put(&array, &hooks), Err(ReleaseError { entry: 2 }));
        assert_eq!(head.refcount(), 0);
        assert_eq!(between.refcount(), 1);
        between.clear_dirty();
    }
    Ok(())
}

#[test]
fn references_that_others_drop_after_the_check_are_not_dropped_again()
-> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let array = entries(&map, [0, 1, 2, 3]);
    for others in 0..=6_usize {
        let head = folio(&map, 0, 2, 6)?;
        let recorder = Recorder::new(&map);
        let hooks = RacingRelease { times: others, recorder: &recorder };
        let released = put_user_pages_dirty(&array, &hooks);

        let ours = array.len().min(6 - others);
        let error = (ours < array.len()).then_some(ReleaseError { entry: ours });
        assert_eq!(released.err(), error);
        assert_eq!(head.refcount(), i32::try_from(6 - others - ours).expect("small"));
        let mut expected = Vec::from([(0, MARK, 6)]);
        expected.extend((others + ours == 6).then_some((0, FREE_DIRTY, 0)));
        assert_eq!(recorder.events(), expected, "freed once, by whoever came last");
        head.clear_dirty();
    }
    Ok(())
}

#[test]
fn a_refcount_below_zero_is_left_to_those_who_lowered_it() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let array = entries(&map, [0, 1, 2, 3]);
    for refcount in [0, -1, -3, -4, -1024] {
        let head = folio(&map, 0, 2, 6)?;
        let released = put_user_pages_dirty(&array, &LoweredMeanwhile(refcount));
        assert_eq!(released, Err(ReleaseError { entry: 0 }));
        assert_eq!(head.refcount(), refcount);
    }
    Ok(())
}

#[cfg(target_arch = "x86_64")]
#[cfg(not(miri))]
#[test]
fn a_subtraction_tells_the_same_by_flags_as_by_value() {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let [by_flags, by_value] = [page(&map, 0), page(&map, 1)];
    for refcount in [i32::MIN, i32::MIN + 1, -2, -1, 0, 1, 2, 3, 512, i32::MAX - 1, i32::MAX] {
        by_flags.set_refcount(refcount);
        by_value.set_refcount(refcount);
        assert_eq!(by_flags.refcount_dec_by_flags(), by_value.refcount_dec_by_value());
        assert_eq!(by_flags.refcount(), by_value.refcount());
    }
    for refcount in [i32::MIN, i32::MIN + 1023, -1024, -1, 0, 1, 1023, 1024, 1025, 2048, i32::MAX] {
        by_flags.set_refcount(refcount);
        by_value.set_refcount(refcount);
        assert_eq!(by_flags.refcount_sub_pin_by_flags(), by_value.refcount_sub_pin_by_value());
        assert_eq!(by_flags.refcount(), by_value.refcount());
    }
}
