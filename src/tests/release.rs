//! The four functions on arrays of every shape, each entry backed by a reference.

use super::*;

/// Head pages by frame: an order-2 page, an order-1 page, and two order-0 pages, of
/// which the last ends the map.
const HEADS: [usize; 8] = [0, 0, 0, 0, 4, 4, 6, 7];

/// Builds that world, with as many references of each page as the array has entries of
/// it, and `others` more.
fn build(map: &MemoryMap<'_>, frames: &[usize], others: i32) -> Result<(), CompoundPageError> {
    for (head, order) in [(0, 2), (4, 1), (6, 0), (7, 0)] {
        let mut refcount = others;
        for _ in frames.iter().filter(|&&frame| HEADS[frame] == head) {
            refcount += 1;
        }
        folio(map, head, order, refcount)?;
    }
    Ok(())
}

#[test]
fn hooks_can_be_chosen_at_run_time() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 0, 1)?;
    let recorder = Recorder::new(&map);
    let [recorded, unhooked]: [&dyn Hooks; 2] = [&recorder, &()];
    for hooks in [recorded, unhooked] {
        head.set_refcount(4);
        assert_eq!(put_user_page(head, hooks), Ok(()));
        assert_eq!(put_user_pages(&[head], hooks), Ok(()));
        assert_eq!(put_user_pages_dirty(&[head], hooks), Ok(()));
        assert_eq!(put_user_pages_dirty_lock(&[head], hooks), Ok(()));
        assert_eq!(head.refcount(), 0);
    }
    assert_eq!(recorder.events(), [(0, MARK, 2), (0, FREE_DIRTY, 0)]);
    Ok(())
}

/// Where the array has its last entry of each of its pages: (entry, head), in order.
fn last_entries(frames: &[usize]) -> Vec<(usize, usize)> {
    let heads = frames.iter().map(|&frame| HEADS[frame]).enumerate();
    heads.filter(|&(entry, head)| frames[entry + 1..].iter().all(|&f| HEADS[f] != head)).collect()
}

fn freed(events: &[Event]) -> Vec<usize> {
    let frees = events.iter().filter(|(_, step, _)| matches!(step, Step::Free { .. }));
    frees.map(|&(frame, ..)| frame).collect()
}

/// That all four functions give back one reference an entry, and none too many: the
/// pages live on where somebody else has a reference, else go with their last entry.
fn each_function_releases(frames: &[usize]) -> Result<(), CompoundPageError> {
    for put in FUNCTIONS {
        for others in [1, 1024] {
            let mut pages = pages(HEADS.len());
            let map = MemoryMap::new(&mut pages);
            build(&map, frames, others)?;
            let hooks = Recorder::new(&map);
            assert_eq!(put(&entries(&map, frames.iter().copied()), &hooks), Ok(()));
            for frame in [0, 4, 6, 7] {
                assert_eq!(map.page(frame).map(PageRef::refcount), Some(others));
            }
            assert_eq!(freed(&hooks.events()), []);
        }

        let mut pages = pages(HEADS.len());
        let map = MemoryMap::new(&mut pages);
        build(&map, frames, 0)?;
        let hooks = Recorder::new(&map);
        // Entry by entry, to see that each page goes with its last one.
        let last = last_entries(frames);
        for (entry, &frame) in frames.iter().enumerate() {
            assert_eq!(put(&entries(&map, [frame]), &hooks), Ok(()));
            let goes = last.iter().find(|&&(last, _)| last == entry).map(|&(_, head)| head);
            assert_eq!(freed(&hooks.events()), Vec::from_iter(goes));
        }

        build(&map, frames, 0)?;
        assert_eq!(put(&entries(&map, frames.iter().copied()), &hooks), Ok(()));
        let heads = last.iter().map(|&(_, head)| head);
        assert_eq!(freed(&hooks.events()), heads.collect::<Vec<_>>());
        assert!(all(&map).all(|page| page.refcount() == 0), "a refcount is left");
    }
    Ok(())
}

#[test]
fn an_empty_array_releases_nothing() -> Result<(), CompoundPageError> {
    each_function_releases(&[])
}

#[test]
fn every_page_of_the_map_is_released_by_itself() -> Result<(), CompoundPageError> {
    (0..HEADS.len()).try_for_each(|frame| each_function_releases(&[frame]))
}

#[test]
fn a_page_that_comes_back_after_another_is_released_twice() -> Result<(), CompoundPageError> {
    each_function_releases(&[6, 7, 6])?;
    each_function_releases(&[0, 6, 0])?;
    each_function_releases(&[1, 4, 2, 5, 3])
}

#[test]
fn head_and_tail_entries_are_the_same_to_a_compound_page() -> Result<(), CompoundPageError> {
    each_function_releases(&[0, 3])?;
    each_function_releases(&[3, 0])?;
    each_function_releases(&[2, 0, 2, 3, 0, 1])
}

#[test]
fn a_compound_page_of_order_1_ends_after_its_only_tail() -> Result<(), CompoundPageError> {
    each_function_releases(&[4, 5])?;
    each_function_releases(&[5, 4])?;
    each_function_releases(&[4, 5, 6])?;
    each_function_releases(&[3, 4, 5, 6, 7])
}

#[test]
fn a_run_ends_where_the_compound_page_does() -> Result<(), CompoundPageError> {
    each_function_releases(&[0, 1, 2, 3, 4, 5, 6, 7])?;
    each_function_releases(&[2, 3, 4, 5])?;
    each_function_releases(&[3, 4])
}

#[test]
fn an_array_may_start_in_the_middle_of_a_compound_page() -> Result<(), CompoundPageError> {
    each_function_releases(&[1, 2, 3])?;
    each_function_releases(&[2])?;
    each_function_releases(&[5, 6])
}

#[test]
fn the_same_page_may_be_named_many_times() -> Result<(), CompoundPageError> {
    each_function_releases(&[6; 100])?;
    each_function_releases(&[7; 100])?;
    each_function_releases(&[3; 100])
}

#[test]
fn an_array_may_go_down() -> Result<(), CompoundPageError> {
    each_function_releases(&[3, 2, 1, 0])?;
    each_function_releases(&[7, 6, 5, 4, 3, 2, 1, 0])
}

#[test]
fn every_array_of_three_entries_is_released() -> Result<(), CompoundPageError> {
    // Miri is slow: a page of each compound page will do.
    let frames = (0..HEADS.len()).filter(|frame| !cfg!(miri) || frame % 2 == 1);
    for first in frames.clone() {
        for second in frames.clone() {
            for third in frames.clone() {
                each_function_releases(&[first, second, third])?;
            }
        }
    }
    Ok(())
}

#[test]
fn references_of_others_stay_whatever_the_refcount() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let hooks = Recorder::new(&map);
    let array = entries(&map, [2, 0, 3]);
    for put in FUNCTIONS {
        for refcount in [4, 1023, 1024, 1025, i32::MAX - 1, i32::MAX] {
            let head = folio(&map, 0, 2, refcount)?;
            assert_eq!(put(&array, &hooks), Ok(()));
            assert_eq!(head.refcount(), refcount - 3);
            assert_eq!(freed(&hooks.events()), []);
        }
    }
    Ok(())
}

#[test]
fn exactly_the_last_reference_frees_a_page() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    for put in FUNCTIONS {
        for references in [1_u16, 2, 1023, 1024, 1025] {
            let head = folio(&map, 0, 1, i32::from(references))?;
            let hooks = Recorder::new(&map);
            let array = entries(&map, (0..usize::from(references)).map(|entry| entry % 2));
            assert_eq!(put(&array[1..], &hooks), Ok(()));
            assert_eq!((head.refcount(), freed(&hooks.events())), (1, Vec::new()));
            assert_eq!(put(&array[..1], &hooks), Ok(()));
            assert_eq!((head.refcount(), freed(&hooks.events())), (0, Vec::from([0])));
        }
    }
    Ok(())
}

#[test]
fn a_page_is_freed_before_the_next_one_is_touched() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    folio(&map, 0, 1, 2)?;
    folio(&map, 2, 0, 1)?;
    let hooks = Recorder::new(&map);
    assert_eq!(put_user_pages_dirty_lock(&entries(&map, [1, 0, 2]), &hooks), Ok(()));
    let expected = [
        (0, Step::Lock, 2),
        (0, MARK_LOCKED, 2),
        (0, Step::Unlock, 2),
        (0, FREE_DIRTY, 0),
        (2, Step::Lock, 1),
        (2, MARK_LOCKED, 1),
        (2, Step::Unlock, 1),
        (2, FREE_DIRTY, 0),
    ];
    assert_eq!(hooks.events(), expected);
    Ok(())
}

#[test]
fn releasing_writes_to_no_tail_and_to_no_other_page() -> Result<(), CompoundPageError> {
    for put in FUNCTIONS {
        let mut pages = pages(12);
        let map = MemoryMap::new(&mut pages);
        for page in all(&map) {
            litter(page, 0xf0f0 << 32, 0x1234);
        }
        folio(&map, 4, 2, 1)?;
        let array = pinned(&map, [5, 4, 7, 6, 5]);
        let words = || all(&map).map(words).enumerate().filter(|&(frame, _)| frame != 4);
        let before = words().collect::<Vec<_>>();
        assert_eq!(put(&array, &Recorder::new(&map)), Ok(()));
        assert_eq!(words().collect::<Vec<_>>(), before);
    }
    Ok(())
}
