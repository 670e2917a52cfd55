//! Pins where there are fewer than asked for, where there are very many, and how far a range goes.

use super::*;
use crate::held::{Held, Pin};

/// Hooks for which every page is the zero page.
struct AllZero;

impl Hooks for AllZero {
    fn is_zero_page(&self, _: PageRef<'_>) -> bool {
        true
    }
}

#[test]
fn a_page_without_references_is_not_marked_whatever_its_pins_are() -> Result<(), CompoundPageError>
{
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let nothing_left = Err(ReleaseError { entry: 0 });
    let zero = folio(&map, 0, 0, 0)?;
    assert_eq!(unpin_user_pages(&[zero], &AllZero), nothing_left);
    assert_eq!(unpin_user_pages_dirty_lock(&[zero], true, &AllZero), nothing_left);
    assert!(!zero.is_dirty());
    let large = folio(&map, 2, 1, 0)?;
    large.set_pincount(1);
    assert_eq!(unpin_user_pages_dirty_lock(&[large], true, &()), nothing_left);
    assert!(!large.is_dirty());
    assert_eq!((large.refcount(), large.pincount()), (0, 1));
    Ok(())
}

#[test]
fn a_small_page_may_have_thousands_of_pins() -> Result<(), CompoundPageError> {
    const PINS: usize = 3000;
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 0, PINS as i32 * 1024 + 1)?;
    assert_eq!(unpin_user_pages(&entries(&map, [0; PINS]), &()), Ok(()));
    assert_eq!(head.refcount(), 1);
    Ok(())
}

#[test]
fn more_pins_than_references_can_be_are_not_all_there() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 0, -1)?;
    let most = (u32::MAX / 1024) as i32;
    assert_eq!(Pin::drop(head, most + 1, &()), Err(most as usize));
    assert_eq!(head.refcount(), 1023);
    Ok(())
}

#[test]
fn a_range_takes_each_folio_in_one_step_and_ends_where_it_ends() -> Result<(), CompoundPageError> {
    let mut pages = pages(12);
    let map = MemoryMap::new(&mut pages);
    let heads = [0, 4, 8].map(|frame| folio(&map, frame, 2, 9).expect("it fits"));
    heads.iter().for_each(|head| head.set_pincount(4));
    let range = |frame, npages| {
        unpin_user_page_range_dirty_lock(&map, page(&map, frame), npages, false, &())
    };
    // Half of the first, all of the second, one page of the third: each costs two.
    assert_eq!(locked_subtractions(|| range(2, 7)), 6);
    assert_eq!(heads.map(PageRef::pincount), [2, 0, 3]);
    assert_eq!(heads.map(PageRef::refcount), [7, 5, 8]);
    assert_eq!(range(3, 3), Err(ReleaseError { entry: 1 }));
    // Of the second folio there are two pins, behind two entries.
    heads[..2].iter().for_each(|head| head.set_pincount(2));
    assert_eq!(range(2, 6), Err(ReleaseError { entry: 4 }));
    Ok(())
}

#[test]
fn what_is_kept_beside_an_order_and_a_pincount_stays() -> Result<(), CompoundPageError> {
    const OTHER_FLAGS: usize = 0xa5 << 32;
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 2, 9)?;
    let first_tail = page(&map, 1).page();
    first_tail.flags.fetch_or(OTHER_FLAGS, Ordering::Relaxed);
    first_tail.set_order(1);
    assert_eq!((head.compound_order(), first_tail.order()), (1, 1));
    assert_eq!(first_tail.flags.load(Ordering::Relaxed) & OTHER_FLAGS, OTHER_FLAGS);
    head.set_pincount(7);
    head.set_pincount(2);
    assert_eq!(head.pincount(), 2);
    Ok(())
}

#[test]
fn pins_that_somebody_else_has_released_are_told_by_their_owner() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 1, 1)?;
    let (mut array, mut none) = (entries(&map, [0, 1]), []);
    let pinned = PinnedPages::pin(&mut array, &());
    assert!(!pinned.is_empty() && PinnedPages::pin(&mut none, &()).is_empty());
    assert_eq!(
        std::format!("{pinned:?}"),
        std::format!("PinnedPages({:?})", entries(&map, [0, 1]))
    );
    assert_eq!(unpin_user_page(head, &()), Ok(()));
    assert_eq!(pinned.unpin(), Err(ReleaseError { entry: 1 }));
    assert_eq!((head.refcount(), head.pincount()), (1, 0));
    Ok(())
}
