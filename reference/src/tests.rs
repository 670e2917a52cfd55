//! The semantics in short, one rule a test.

use super::*;

type Release = fn(&mut Memory, &[usize]) -> Result<(), EntryWithoutReference>;

/// All four functions, put_user_page() called for one entry after the other.
const FUNCTIONS: [Release; 4] =
    [put_user_page_each, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock];

const DIRTYING: [Release; 2] = [put_user_pages_dirty, put_user_pages_dirty_lock];

/// A compound page of order 2, one of order 1, and an order-0 page.
const A: usize = 0;
const B: usize = 4;
const C: usize = 6;

fn memory(refcount: i32) -> Memory {
    let mut memory = Memory::default();
    for (frame, order) in [(A, 2), (B, 1), (C, 0)] {
        memory.add_compound_page(frame, order);
        memory.page_mut(frame).refcount = refcount;
    }
    memory
}

fn put_user_page_each(memory: &mut Memory, pages: &[usize]) -> Result<(), EntryWithoutReference> {
    for (index, &page) in pages.iter().enumerate() {
        put_user_page(memory, page).map_err(|error| EntryWithoutReference(index + error.0))?;
    }
    Ok(())
}

fn refcounts(memory: &Memory) -> [i32; 3] {
    [A, B, C].map(|head| memory.page(head).refcount)
}

fn events(memory: &mut Memory) -> Vec<(usize, EventKind, i32)> {
    memory.events.drain(..).map(|event| (event.page, event.kind, event.refcount)).collect()
}

#[test]
fn a_compound_page_is_its_head_page_and_its_tail_pages() {
    let memory = memory(1);
    let heads = (0..7).map(|frame| memory.compound_head(frame)).collect::<Vec<_>>();
    assert_eq!(heads, [A, A, A, A, B, B, C]);
}

#[test]
fn references_are_of_pins_or_beside_them() {
    let mut memory = memory(2050);
    // A small page has only its refcount to tell: each 1024 of it are a pin.
    assert_eq!((memory.pins(C), memory.references_beside_pins(C)), (2, 2));
    assert_eq!((memory.pins(A), memory.references_beside_pins(A)), (0, 2050));
    assert_eq!(memory.pin_user_pages(&[A + 1, C]), 2);
    assert_eq!((memory.pins(C), memory.references_beside_pins(C)), (3, 2));
    assert_eq!((memory.pins(A), memory.references_beside_pins(A)), (1, 2050));
}

#[test]
fn a_null_is_skipped_where_the_profile_and_the_function_say_so() {
    let released = |profile: &'static Profile, unpin: Release, pages: &[usize]| {
        let mut memory = memory(1);
        memory.profile = profile;
        memory.pin_user_pages(&[C, C]);
        let result = unpin(&mut memory, pages);
        (result.map_err(|error| error.0), memory.pins_released)
    };
    let marking: Release = |memory, pages| unpin_user_pages_dirty_lock(memory, pages, true);
    let (old, new) = (&profile::DEBIAN_6_1, &profile::DEBIAN_6_12);
    assert_eq!(released(new, unpin_user_pages, &[NULL, NULL, C]), (Ok(()), 1));
    assert_eq!(released(new, unpin_user_pages, &[C, NULL]), (Err(1), 1));
    assert_eq!(released(new, unpin_folios, &[C, NULL, C]), (Ok(()), 2));
    assert_eq!(released(new, marking, &[NULL, C]), (Err(0), 0));
    assert_eq!(released(old, unpin_user_pages, &[NULL, C]), (Err(0), 0));
    assert_eq!(put_user_pages(&mut memory(1), &[C, NULL]), Err(EntryWithoutReference(1)));
}

#[test]
fn a_negative_errno_is_guarded_against_since_5_10() {
    let guards = PROFILES.each_ref().map(|profile| takes_errno(profile).is_ok());
    assert_eq!(guards, [false, false, true, true, true]);
}

#[test]
fn frames_may_be_left_out_before_a_compound_page() {
    let mut memory = memory(1);
    assert_eq!(memory.add_compound_page(8, 2), 8);
    assert_eq!(memory.compound_head(11), 8);
    memory.clear();
    assert_eq!(memory.add_compound_page(0, 0), 0);
}

#[test]
fn each_entry_takes_one_reference_of_its_head_page() {
    let mut memory = memory(1);
    assert_eq!(memory.get_user_pages(&[3, C, 0, 3, 5]), 5);
    assert_eq!(refcounts(&memory), [4, 2, 2]);
    assert_eq!(memory.page(3).refcount, 0);
}

#[test]
fn a_page_that_is_free_or_full_ends_the_taking() {
    for stop in [i32::MIN, -1, 0, i32::MAX] {
        let mut memory = memory(1);
        memory.page_mut(B).refcount = stop;
        assert_eq!(memory.get_user_pages(&[0, 5, 0]), 1);
        assert_eq!(refcounts(&memory), [2, stop, 1]);
    }
}

#[test]
fn each_entry_drops_one_reference_of_its_head_page() {
    for put in FUNCTIONS {
        for array in [&[][..], &[C], &[3, C, 0, 3, 5], &[6, 5, 4, 3, 2, 1, 0], &[C; 9]] {
            let mut memory = memory(1);
            assert_eq!(memory.get_user_pages(array), array.len());
            assert_eq!(put(&mut memory, array), Ok(()));
            assert_eq!(refcounts(&memory), [1; 3]);
            assert_eq!(memory.page(3).refcount, 0);
        }
    }
}

#[test]
fn the_last_reference_frees_the_page() {
    for put in FUNCTIONS {
        let mut memory = memory(2);
        assert_eq!(put(&mut memory, &[1, 2]), Ok(()));
        assert_eq!(events(&mut memory).pop(), Some((A, EventKind::Free, 0)));
        assert!(memory.page(A).freed.is_some());
        assert!(memory.page(B).freed.is_none());
    }
}

#[test]
fn a_page_without_references_stops_the_call_before_anything_is_done_to_it() {
    for put in FUNCTIONS {
        let mut memory = memory(2);
        memory.page_mut(B).refcount = 0;
        let before = *memory.page(B);
        assert_eq!(put(&mut memory, &[0, 5, 0, C]), Err(EntryWithoutReference(1)));
        assert_eq!(refcounts(&memory), [1, 0, 2]);
        assert_eq!(*memory.page(B), before);
        assert!(events(&mut memory).iter().all(|&(page, ..)| page == A));
    }
}

#[test]
fn references_may_run_out_within_a_call() {
    for put in FUNCTIONS {
        let mut memory = memory(2);
        assert_eq!(put(&mut memory, &[0, 1, 2, C]), Err(EntryWithoutReference(2)));
        assert_eq!(refcounts(&memory), [0, 2, 2]);
        let frees = events(&mut memory).into_iter().filter(|event| event.1 == EventKind::Free);
        assert_eq!(frees.collect::<Vec<_>>(), [(A, EventKind::Free, 0)]);
        assert_eq!(put(&mut memory, &[3]), Err(EntryWithoutReference(0)));
        assert_eq!(events(&mut memory), []);
    }
}

#[test]
fn a_clean_page_is_marked_once_and_before_its_reference_is_dropped() {
    let mut memory = memory(3);
    assert_eq!(put_user_pages_dirty(&mut memory, &[3, 1]), Ok(()));
    assert_eq!(events(&mut memory), [(A, EventKind::Dirty, 3)]);
    assert!(memory.page(A).dirty);
    assert!(!memory.page(3).dirty, "the mark belongs on the head page");
}

#[test]
fn a_clean_page_is_marked_between_lock_and_unlock() {
    let mut memory = memory(2);
    assert_eq!(put_user_pages_dirty_lock(&mut memory, &[5, 4]), Ok(()));
    let expected = [
        (B, EventKind::Lock, 2),
        (B, EventKind::Dirty, 2),
        (B, EventKind::Unlock, 2),
        (B, EventKind::Free, 0),
    ];
    assert_eq!(events(&mut memory), expected);
    assert_eq!(memory.page(B).freed.map(|freed| (freed.dirty, freed.locked)), Some((true, false)));
}

#[test]
fn a_lock_that_somebody_holds_is_waited_for() {
    let mut memory = memory(2);
    memory.page_mut(C).locked = true;
    assert_eq!(put_user_pages_dirty_lock(&mut memory, &[C]), Ok(()));
    let expected = [
        (C, EventKind::Wait, 2),
        (C, EventKind::Lock, 2),
        (C, EventKind::Dirty, 2),
        (C, EventKind::Unlock, 2),
    ];
    assert_eq!(events(&mut memory), expected);
    assert!(!memory.page(C).locked);
}

#[test]
fn a_dirty_page_is_neither_locked_nor_marked_again() {
    for put in DIRTYING {
        let mut memory = memory(2);
        memory.page_mut(A).dirty = true;
        memory.page_mut(A).locked = true;
        assert_eq!(put(&mut memory, &[3]), Ok(()));
        assert_eq!(events(&mut memory), []);
        assert!(memory.page(A).locked);
    }
}

#[test]
fn the_other_functions_neither_lock_nor_mark() {
    for put in [put_user_page_each, put_user_pages] {
        let mut memory = memory(2);
        memory.page_mut(A).locked = true;
        assert_eq!(put(&mut memory, &[3]), Ok(()));
        assert_eq!(events(&mut memory), []);
        assert!(memory.page(A).locked && !memory.page(A).dirty);
    }
}

#[test]
fn a_file_counts_and_tags_its_page_once_until_it_is_written_back() {
    for put in DIRTYING {
        let mut memory = memory(5);
        memory.page_mut(A).in_file = true;
        let account = |memory: &Memory| {
            let head = memory.page(A);
            (head.dirty, head.file_count, head.file_tags)
        };
        for _ in 0..2 {
            assert_eq!(put(&mut memory, &[3, B, 0]), Ok(()));
            assert_eq!(account(&memory), (true, 1, 1));
            memory.clear_page_dirty(A);
            memory.clear_page_dirty(A);
            assert_eq!(account(&memory), (false, 0, 0));
        }
        assert_eq!((memory.page(B).dirty, memory.page(B).file_count), (true, 0));
    }
}
