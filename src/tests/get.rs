//! Taking references.

use super::*;

#[test]
fn each_entry_takes_one_reference_of_its_head_page() -> Result<(), CompoundPageError> {
    let mut pages = pages(6);
    let map = MemoryMap::new(&mut pages);
    let compound = folio(&map, 0, 2, 1)?;
    let single = folio(&map, 4, 0, 1)?;
    let untouched = folio(&map, 5, 0, 1)?;
    assert_eq!(get_user_pages(&entries(&map, [3, 0, 4, 3, 1])), 5);
    assert_eq!(compound.refcount(), 5);
    assert_eq!(single.refcount(), 2);
    assert_eq!(untouched.refcount(), 1);
    for tail in entries(&map, 1..4) {
        assert_eq!(tail.refcount(), 0, "the head page keeps a tail's references");
    }
    Ok(())
}

#[test]
fn no_entries_take_no_references() {
    assert_eq!(get_user_pages(&[]), 0);
}

#[test]
fn a_page_that_is_free_stops_it() -> Result<(), CompoundPageError> {
    let mut pages = pages(3);
    let map = MemoryMap::new(&mut pages);
    let before = folio(&map, 0, 0, 1)?;
    let after = folio(&map, 2, 0, 1)?;
    for refcount in [0, -1, i32::MIN] {
        let free = folio(&map, 1, 0, refcount)?;
        assert_eq!(get_user_pages(&entries(&map, [0, 1, 2])), 1);
        assert_eq!(free.refcount(), refcount);
    }
    assert_eq!(before.refcount(), 4);
    assert_eq!(after.refcount(), 1);
    Ok(())
}

#[test]
fn a_freed_page_stops_it_and_so_do_its_tails() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 1, 1)?;
    assert_eq!(put_user_page(head, &()), Ok(()));
    assert_eq!(get_user_pages(&entries(&map, [0])), 0);
    assert_eq!(get_user_pages(&entries(&map, [1])), 0);
    assert_eq!(head.refcount(), 0);
    Ok(())
}

#[test]
fn a_refcount_without_room_for_one_more_stops_it() -> Result<(), CompoundPageError> {
    let mut pages = pages(5);
    let map = MemoryMap::new(&mut pages);
    let nearly_full = folio(&map, 0, 2, i32::MAX - 2)?;
    let after = folio(&map, 4, 0, 1)?;
    assert_eq!(get_user_pages(&entries(&map, [0, 1, 2, 3, 4])), 2);
    assert_eq!(nearly_full.refcount(), i32::MAX);
    assert_eq!(get_user_pages(&entries(&map, [2])), 0);
    assert_eq!(nearly_full.refcount(), i32::MAX);
    assert_eq!(after.refcount(), 1);
    Ok(())
}

#[test]
fn what_was_taken_before_it_stopped_can_be_released() -> Result<(), CompoundPageError> {
    let mut pages = pages(3);
    let map = MemoryMap::new(&mut pages);
    let page = folio(&map, 0, 0, 1)?;
    let mut array = entries(&map, [0, 0, 1, 0]);
    array.truncate(get_user_pages(&array));
    assert_eq!(array.len(), 2);
    assert_eq!(put_user_pages(&array, &()), Ok(()));
    assert_eq!(page.refcount(), 1);
    Ok(())
}
