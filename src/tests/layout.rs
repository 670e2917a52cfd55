//! The memory map: where the fields are, and what makes a compound page.

use core::mem::{align_of, offset_of, size_of};
use std::string::ToString;

use super::*;

/// Stands for the flag bits that releasing a page has no business with.
const OTHER_FLAGS: usize = 0xa5 << 32;

const FILLER: usize = 0x5a5a;

/// The words of a page of a new map: a mapcount of -1, and nothing else.
const UNUSED: [u64; 8] = [0, 0, 0, 0, 0, 0, 0xffff_ffff, 0];

#[test]
fn a_page_is_one_cache_line() {
    assert_eq!(size_of::<Page>(), 64);
    assert_eq!(align_of::<Page>(), 64);
}

const IS_6_12: bool = cfg!(struct_page = "linux-6.12");

#[test]
fn what_linux_6_12_has_elsewhere_is_there() {
    // Those of enum pageflags, and of struct folio in include/linux/mm_types.h, written out.
    let flags = (flags::LOCKED, flags::DIRTY, flags::HEAD);
    let first_tail = (offsets::COMPOUND_ORDER, offsets::COMPOUND_PINCOUNT);
    let (linux_6_1, linux_6_12) =
        (((1, 1 << 3, 1 << 16), (17, 24)), ((1, 1 << 4, 1 << 6), (0, 28)));
    assert_eq!((flags, first_tail), if IS_6_12 { linux_6_12 } else { linux_6_1 });
}

#[test]
#[cfg_attr(struct_page = "linux-6.12", ignore = "the build is for another kernel")]
fn fields_are_where_linux_6_1_has_them() {
    // The numbers are those of struct page in include/linux/mm_types.h, written out.
    let fields = [
        (offset_of!(Page, flags), offsets::FLAGS, 0),
        (offset_of!(Page, compound_head), offsets::COMPOUND_HEAD, 8),
        (offset_of!(Page, compound_dtor), offsets::COMPOUND_DTOR, 16),
        (offset_of!(Page, compound_order), offsets::COMPOUND_ORDER, 17),
        (offset_of!(Page, compound_mapcount), offsets::COMPOUND_MAPCOUNT, 20),
        (offset_of!(Page, mapping), offsets::MAPPING, 24),
        (offset_of!(Page, index), offsets::INDEX, 32),
        (offset_of!(Page, private), offsets::PRIVATE, 40),
        (offset_of!(Page, mapcount), offsets::MAPCOUNT, 48),
        (offset_of!(Page, refcount), offsets::REFCOUNT, 52),
        (offset_of!(Page, memcg_data), offsets::MEMCG_DATA, 56),
    ];
    for (field, published, linux) in fields {
        assert_eq!((field, published), (linux, linux));
    }
}

#[test]
fn a_page_ref_is_laid_out_as_a_pointer() {
    assert_eq!(size_of::<PageRef<'_>>(), size_of::<*mut Page>());
    assert_eq!(align_of::<PageRef<'_>>(), align_of::<*mut Page>());
    assert_eq!(size_of::<[PageRef<'_>; 3]>(), size_of::<[*mut Page; 3]>());
    // C's null pointer is Rust's None.
    assert_eq!(size_of::<Option<PageRef<'_>>>(), size_of::<*mut Page>());
}

#[test]
fn page_refs_and_maps_may_be_sent_and_shared_between_threads() {
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<PageRef<'_>>();
    send_and_sync::<MemoryMap<'_>>();
}

#[test]
fn the_map_counts_frames_from_its_first_page() {
    let mut pages = pages(3);
    let first = pages.as_ptr().addr();
    let map = MemoryMap::new(&mut pages);
    assert_eq!(map.frames(), 3);
    for frame in 0..3 {
        let page = page(&map, frame);
        assert_eq!(page.addr(), first + frame * 64);
        assert_eq!(page.addr(), page.as_ptr().addr());
        assert_eq!(map.frame(page), frame);
    }
    assert_eq!(map.page(3), None);
    assert_eq!(map.page(usize::MAX), None);
    assert_eq!(MemoryMap::new(&mut []).page(0), None);
}

#[test]
fn a_compound_page_is_told_by_its_head_and_tails() -> Result<(), CompoundPageError> {
    let mut pages = pages(32);
    let map = MemoryMap::new(&mut pages);
    let head = map.prep_compound_page(8, 3)?;
    assert_eq!(map.frame(head), 8);
    assert!(head.is_head() && !head.is_tail());
    assert_eq!(head.compound_head(), head);
    assert_eq!(head.compound_order(), 3);
    for tail in entries(&map, 9..16) {
        assert!(tail.is_tail() && !tail.is_head());
        assert_eq!(tail.compound_head(), head);
        assert!(tail.mapping().is_none(), "the word means something else in a tail");
    }
    for other in entries(&map, (0..8).chain(16..32)) {
        assert_eq!(words(other), UNUSED, "a neighbour was written to");
        assert_eq!(other.compound_head(), other);
        assert_eq!(other.compound_order(), 0);
    }
    Ok(())
}

#[test]
fn a_compound_page_is_written_as_linux_writes_it() -> Result<(), CompoundPageError> {
    let mut pages = pages(8);
    let map = MemoryMap::new(&mut pages);
    let head = map.prep_compound_page(0, 3)?;
    head.set_refcount(0x1234_5678);
    let pointer_to_head = head.addr() as u64 | 1;

    // All pages have a mapcount of -1, which stands for none.
    let none = 0xffff_ffff;
    let head_flag = if IS_6_12 { 1 << 6 } else { 1 << 16 };
    assert_eq!(words(head), [head_flag, 0, 0, 0, 0, 0, 0x1234_5678 << 32 | none, 0]);
    // Destructor 1, order 3 and a mapcount of -1; then 8 pages above a pincount of 0. In 6.12 the
    // order is among the flags, and the pincount is above.
    let (flags, order, nr_pages) =
        if IS_6_12 { (3, 0xffff_ffff_0000_0001, 8) } else { (0, 0xffff_ffff_0000_0301, 8 << 32) };
    let first_tail = [flags, pointer_to_head, order, nr_pages, 0, 0, none, 0];
    assert_eq!(words(page(&map, 1)), first_tail);
    for tail in entries(&map, 2..8) {
        assert_eq!(words(tail), [0, pointer_to_head, 0, 0x400, 0, 0, none, 0]);
    }
    Ok(())
}

#[test]
fn order_0_makes_no_compound_page() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    map.prep_compound_page(1, 0)?;
    assert!(all(&map).all(|page| words(page) == UNUSED));
    Ok(())
}

#[test]
fn a_compound_page_may_take_the_whole_map() -> Result<(), CompoundPageError> {
    for order in 1..=MAX_ORDER {
        let mut pages = pages(1 << order);
        let map = MemoryMap::new(&mut pages);
        let head = map.prep_compound_page(0, order)?;
        assert_eq!(head.compound_order(), order);
        assert_eq!(all(&map).last().map(PageRef::compound_head), Some(head));
    }
    Ok(())
}

#[test]
fn a_compound_page_that_cannot_be_is_refused_and_nothing_written() {
    use CompoundPageError::{Misaligned, OrderTooLarge, OutsideMap};
    let mut pages = pages(2047);
    let map = MemoryMap::new(&mut pages);
    let refused = [
        (0, MAX_ORDER + 1, OrderTooLarge),
        (0, u32::MAX, OrderTooLarge),
        (0, MAX_ORDER, OutsideMap),
        (1, 1, Misaligned),
        (1023, 10, Misaligned),
        (1024, 10, OutsideMap),
        (2046, 1, OutsideMap),
        (2047, 0, OutsideMap),
        (usize::MAX, 0, OutsideMap),
        (usize::MAX - 1023, 10, OutsideMap),
    ];
    for (frame, order, error) in refused {
        assert_eq!(map.prep_compound_page(frame, order), Err(error), "{frame} {order}");
        assert!(!error.to_string().is_empty());
    }
    assert!(all(&map).all(|page| words(page) == UNUSED));
}

#[test]
fn an_order_0_page_at_the_end_of_the_map_is_never_looked_behind() {
    // Exactly one page: what is behind it is not ours, as Miri and sanitizers know.
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let last = page(&map, 0);
    assert_eq!(last.compound_order(), 0);
    for put in FUNCTIONS {
        last.set_refcount(2);
        assert_eq!(put(&[last, last], &Recorder::new(&map)), Ok(()));
        assert_eq!(last.refcount(), 0);
    }
}

#[test]
fn what_is_behind_an_order_0_page_is_no_order_of_its() {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    // What would be an order, if the page before it were a head page.
    page(&map, 1).page().compound_order.store(1, Ordering::Relaxed);
    assert_eq!(page(&map, 0).compound_order(), 0);
    for put in FUNCTIONS {
        all(&map).for_each(|page| page.set_refcount(2));
        assert_eq!(put(&entries(&map, 0..2), &Recorder::new(&map)), Ok(()));
        assert!(all(&map).all(|page| page.refcount() == 1));
    }
}

#[test]
fn a_map_of_pages_that_were_moved_starts_anew() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let file = AddressSpace::new();
    folio(&map, 0, 2, 1)?.set_mapping(&file);

    // The tails still hold where their head page was.
    let mut moved = pages.into_iter().rev().collect::<Vec<_>>();
    moved.push(Page::new());
    let map = MemoryMap::new(&mut moved);
    assert!(all(&map).all(|page| words(page) == UNUSED));
    Ok(())
}

#[test]
fn freeing_leaves_what_an_entry_check_needs_and_nothing_else() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let file = AddressSpace::new();
    for page in all(&map) {
        litter(page, OTHER_FLAGS, FILLER);
    }
    let head = folio(&map, 0, 2, 1)?;
    head.set_mapping(&file);
    let before = all(&map).map(words).collect::<Vec<_>>();

    assert_eq!(put_user_pages_dirty(&entries(&map, [3]), &()), Ok(()));
    let poison = POISON as u64;
    let head_flag = flags::HEAD as u64;
    let freed = [head_flag, FILLER as u64, 0, poison, poison, poison, 0xffff_ffff, poison];
    assert_eq!(words(head), freed);
    assert!(head.mapping().is_none());
    assert_eq!(head.compound_order(), 2);
    for (tail, before) in all(&map).zip(before).skip(1) {
        assert_eq!(words(tail), before);
        assert_eq!(tail.compound_head(), head);
    }
    Ok(())
}

#[test]
fn an_entry_shows_the_address_of_its_page() {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    for page in all(&map) {
        assert_eq!(std::format!("{page:?}"), std::format!("{:#x}", page.addr()));
    }
}
