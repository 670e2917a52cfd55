//! Pages that the library did not make: nothing is reset, and an array of C's is a slice.

use core::ptr::{NonNull, null};

use super::*;

/// The first of pages that are used elsewhere already: a compound page of order 2 with so many
/// references, and one of order 0 behind it with one.
fn used(pages: &mut [Page], references: i32) -> NonNull<Page> {
    let map = MemoryMap::new(pages);
    let head = map.prep_compound_page(0, 2).unwrap();
    head.set_refcount(references);
    page(&map, 4).set_refcount(1);
    NonNull::new(head.as_ptr()).unwrap()
}

#[test]
fn entries_of_an_array_in_c_are_released() {
    let mut pages = pages(5);
    let first = used(&mut pages, 4);
    // SAFETY: all lie in the five pages.
    let array = [1, 3, 2, 4].map(|frame| unsafe { first.add(frame) }.as_ptr());
    // SAFETY: the array is there, and the pages are as a map made them.
    let entries = unsafe { PageRef::slice_from_raw(array.as_ptr(), array.len()) };
    assert_eq!(entries.iter().map(|page| page.as_ptr()).collect::<Vec<_>>(), array);
    assert_eq!(put_user_pages_dirty_lock(entries, &()), Ok(()));
    // SAFETY: as for the array.
    let head = unsafe { PageRef::from_ptr(first) };
    assert_eq!((head.refcount(), head.is_dirty(), head.compound_order()), (1, true, 2));
    assert_eq!(entries[3].refcount(), 0);
    assert_eq!(put_user_page(entries[0], &()), Ok(()));
    assert_eq!(put_user_page(entries[0], &()), Err(ReleaseError { entry: 0 }));
}

#[test]
fn an_array_of_no_entries_may_be_anywhere() {
    // SAFETY: there is nothing to be read.
    let entries = unsafe { PageRef::slice_from_raw(null(), 0) };
    assert_eq!(put_user_pages(entries, &()), Ok(()));
}

#[test]
fn a_map_of_pages_that_exist_leaves_them_as_they_are() {
    let mut pages = pages(5);
    let first = used(&mut pages, 3 * 1024);
    // SAFETY: all lie in the five pages.
    let third = unsafe { first.add(2) };
    // SAFETY: three pages lie there, as a map made them.
    let map = unsafe { MemoryMap::of_existing(third, 3) };
    assert_eq!((map.frames(), map.frame(page(&map, 2))), (3, 2));
    let head = page(&map, 0).compound_head();
    assert_eq!((head.refcount(), head.as_ptr()), (3 * 1024, first.as_ptr()));
    head.set_pincount(2);
    assert_eq!(unpin_user_page_range_dirty_lock(&map, page(&map, 0), 2, true, &()), Ok(()));
    assert_eq!((head.pincount(), head.refcount(), head.is_dirty()), (0, 3 * 1024 - 2, true));
    // The last one has a reference and no pin.
    let behind = unpin_user_page_range_dirty_lock(&map, page(&map, 2), 1, false, &());
    assert_eq!(behind, Err(ReleaseError { entry: 0 }));
}

#[test]
fn a_tail_page_that_looks_like_a_head_is_told_by_the_page_behind() {
    const MAPPED: usize = 4096 / size_of::<Page>();
    let mut pages = pages(3 * MAPPED);
    let first = pages.iter().position(|page| (&raw const *page).addr() % 4096 == 0);
    let map = MemoryMap::new(&mut pages[first.unwrap()..]);
    // A compound page of twice as many pages as are mapped at once.
    let head = map.prep_compound_page(0, MAPPED.ilog2() + 1).unwrap();
    let fake = page(&map, MAPPED);
    // SAFETY: pages of the map, of which only flags and the word are changed, by nobody else.
    let words = unsafe { &*fake.as_ptr() };
    words.compound_head.store(core::ptr::null_mut(), Ordering::Relaxed);
    words.flags.fetch_or(flags::HEAD, Ordering::Relaxed);
    assert_eq!(fake.fixed_fake_head(), head);
    assert_eq!(head.fixed_fake_head(), head);
    assert_eq!(page(&map, 1).fixed_fake_head(), page(&map, 1));
}
