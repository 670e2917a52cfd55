//! How entries are gathered into runs: one locked subtraction each, however long.

use super::*;

/// Lengths on both sides of every block boundary, of two blocks of 64 and more; of one of 16 in
/// Miri, which is slow.
const LONGEST: usize = if cfg!(miri) { 34 } else { 150 };
const LENGTHS: core::ops::RangeInclusive<usize> = 0..=LONGEST;

/// Three compound pages next to each other, and how many pages each has.
const SIZE: usize = 8;
const HEADS: [usize; 3] = [0, SIZE, 2 * SIZE];

fn three_folios(map: &MemoryMap<'_>) -> Result<(), CompoundPageError> {
    HEADS.into_iter().try_for_each(|head| folio(map, head, 3, 1).map(|_| ()))
}

/// `length` entries of the second compound page, that begin with its head page and take
/// all its tail pages too.
fn run_of_second(length: usize) -> impl Iterator<Item = usize> {
    (0..length).map(|entry| SIZE + entry * 3 % SIZE)
}

/// That the array is released in `runs` locked subtractions, and every page has its
/// references back.
fn takes_runs(map: &MemoryMap<'_>, frames: impl IntoIterator<Item = usize>, runs: usize) {
    let array = pinned(map, frames);
    assert_eq!(locked_subtractions(|| put_user_pages(&array, &())), runs);
    assert_eq!(get_user_pages(&array), array.len());
    assert_eq!(locked_subtractions(|| put_user_pages_dirty(&array, &())), runs);
    assert_eq!(get_user_pages(&array), array.len());
    assert_eq!(locked_subtractions(|| put_user_pages_dirty_lock(&array, &())), runs);
    for head in entries(map, HEADS) {
        assert_eq!(head.refcount(), 1);
    }
}

#[test]
fn a_run_that_ends_with_the_array_is_one_subtraction() -> Result<(), CompoundPageError> {
    let mut pages = pages(3 * SIZE);
    let map = MemoryMap::new(&mut pages);
    three_folios(&map)?;
    for length in LENGTHS {
        takes_runs(&map, run_of_second(length), usize::from(length > 0));
    }
    Ok(())
}

#[test]
fn a_run_ends_before_the_first_entry_of_another_page() -> Result<(), CompoundPageError> {
    let mut pages = pages(3 * SIZE);
    let map = MemoryMap::new(&mut pages);
    three_folios(&map)?;
    // The pages right before and right behind the compound page, and far ones.
    for other in [0, SIZE - 1, 2 * SIZE, 3 * SIZE - 1] {
        for length in LENGTHS {
            let runs = 1 + usize::from(length > 0);
            takes_runs(&map, run_of_second(length).chain([other]), runs);
            takes_runs(&map, [other].into_iter().chain(run_of_second(length)), runs);
        }
    }
    Ok(())
}

#[test]
fn a_run_of_head_pages_ends_before_the_next_head_page() -> Result<(), CompoundPageError> {
    let mut pages = pages(3 * SIZE);
    let map = MemoryMap::new(&mut pages);
    three_folios(&map)?;
    // It is as far away as the compound page is long, so that the union of a block's
    // distances is the length itself, the least that is outside.
    for length in LENGTHS.filter(|&length| length > 0) {
        let heads = core::iter::repeat_n(SIZE, length);
        takes_runs(&map, heads.clone().chain([2 * SIZE]), 2);
        takes_runs(&map, heads.clone().chain([2 * SIZE]).chain(heads), 3);
    }
    Ok(())
}

#[test]
fn another_page_anywhere_in_a_long_run_splits_it() -> Result<(), CompoundPageError> {
    let mut pages = pages(3 * SIZE);
    let map = MemoryMap::new(&mut pages);
    three_folios(&map)?;
    for other in [SIZE - 1, 2 * SIZE] {
        for place in 1..LONGEST - 1 {
            let mut frames = run_of_second(LONGEST).collect::<Vec<_>>();
            frames[place] = other;
            takes_runs(&map, frames, 3);
        }
    }
    Ok(())
}

#[test]
fn runs_of_neighbours_of_every_two_lengths_are_two() -> Result<(), CompoundPageError> {
    let mut pages = pages(3 * SIZE);
    let map = MemoryMap::new(&mut pages);
    three_folios(&map)?;
    let lengths = [1, 2, 15, 16, 17, 18, 31, 32, 33, 34, 48, 49, 64, 65];
    let lengths = || lengths.into_iter().filter(|length| *length <= LONGEST);
    for first in lengths() {
        for second in lengths() {
            let before = (0..second).map(|entry| entry % SIZE);
            takes_runs(&map, run_of_second(first).chain(before), 2);
            let behind = (0..second).map(|entry| 2 * SIZE + entry % SIZE);
            takes_runs(&map, run_of_second(first).chain(behind), 2);
        }
    }
    Ok(())
}

#[test]
fn pages_by_turns_are_a_run_each() -> Result<(), CompoundPageError> {
    let mut pages = pages(3 * SIZE);
    let map = MemoryMap::new(&mut pages);
    three_folios(&map)?;
    for length in LENGTHS {
        takes_runs(&map, (0..length).map(|entry| HEADS[entry % 3]), length);
    }
    Ok(())
}

#[test]
fn order_0_pages_in_a_row_are_a_run_each() {
    let mut pages = pages(LONGEST);
    let map = MemoryMap::new(&mut pages);
    entries(&map, 0..LONGEST).iter().for_each(|page| page.set_refcount(1));
    for length in LENGTHS {
        let array = pinned(&map, 0..length);
        assert_eq!(locked_subtractions(|| put_user_pages(&array, &())), length);
    }
    assert!(entries(&map, 0..LONGEST).iter().all(|page| page.refcount() == 1));
}

#[test]
fn a_run_goes_over_all_pages_of_a_compound_page_and_no_more() -> Result<(), CompoundPageError> {
    for order in 0..=MAX_ORDER {
        let size = 1 << order;
        let mut pages = pages(3 * size);
        let map = MemoryMap::new(&mut pages);
        for frame in [0, size, 2 * size] {
            folio(&map, frame, order, 1)?;
        }
        for frames in [0..3 * size, size / 2..2 * size + size.div_ceil(2), size..2 * size] {
            let runs = (frames.end - 1) / size - frames.start / size + 1;
            let array = pinned(&map, frames.clone());
            assert_eq!(locked_subtractions(|| put_user_pages(&array, &())), runs);
            let down = pinned(&map, frames.rev());
            assert_eq!(locked_subtractions(|| put_user_pages_dirty(&down, &())), runs);
        }
        assert!([0, 1, 2].iter().all(|n| page(&map, n * size).refcount() == 1));
    }
    Ok(())
}

#[test]
fn a_run_of_thousands_is_one_subtraction() -> Result<(), CompoundPageError> {
    let mut pages = pages(512);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 9, 1)?;
    for length in [511, 512, 513, 4096] {
        let array = pinned(&map, (0..length).map(|entry| entry % 512));
        assert_eq!(locked_subtractions(|| put_user_pages(&array, &())), 1);
        assert_eq!(head.refcount(), 1);
    }
    Ok(())
}

#[test]
fn an_entry_without_a_reference_leaves_the_page_as_it_is() {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let array = entries(&map, [0, 0]);
    for refcount in [0, -1, i32::MIN + 2] {
        page(&map, 0).set_refcount(refcount);
        let before = words(page(&map, 0));
        for put in FUNCTIONS {
            let refused = put(&array, &Recorder::new(&map));
            assert_eq!(refused, Err(ReleaseError { entry: 0 }));
            assert_eq!(words(page(&map, 0)), before);
        }
    }
}
