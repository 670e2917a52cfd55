//! Pins: what is taken and released of small pages, of large ones, and of the zero page.

use super::*;

/// Hooks that know a zero page and which orders have a pincount, and count pins as a node does.
struct Node<'map> {
    zero_page: Option<PageRef<'map>>,
    pincount_from_order: u32,
    acquired: Cell<i32>,
    released: Cell<i32>,
    counted_when_freed: Cell<Option<i32>>,
}

impl Node<'_> {
    const fn new<'map>(zero_page: Option<PageRef<'map>>, pincount_from_order: u32) -> Node<'map> {
        Node {
            zero_page,
            pincount_from_order,
            acquired: Cell::new(0),
            released: Cell::new(0),
            counted_when_freed: Cell::new(None),
        }
    }

    fn counts(&self) -> (i32, i32) {
        (self.acquired.get(), self.released.get())
    }
}

impl Hooks for Node<'_> {
    fn has_pincount(&self, head: PageRef<'_>) -> bool {
        head.compound_order() >= self.pincount_from_order
    }

    fn is_zero_page(&self, head: PageRef<'_>) -> bool {
        self.zero_page.is_some_and(|zero| zero.addr() == head.addr())
    }

    fn pins_acquired(&self, _: PageRef<'_>, pins: i32) {
        self.acquired.set(self.acquired.get() + pins);
    }

    fn pins_released(&self, _: PageRef<'_>, pins: i32) {
        self.released.set(self.released.get() + pins);
    }

    fn free_page(&self, head: PageRef<'_>) {
        self.counted_when_freed.set(Some(self.released.get()));
        ().free_page(head);
    }
}

type Unpin = fn(&MemoryMap<'_>, &[PageRef<'_>], &Node<'_>) -> Result<(), ReleaseError>;

/// All functions on the same array, a range as one where it is one.
const UNPIN: [Unpin; 5] = [
    |_, pages, hooks| {
        for (entry, &page) in pages.iter().enumerate() {
            unpin_user_page(page, hooks).map_err(|_| ReleaseError { entry })?;
        }
        Ok(())
    },
    |_, pages, hooks| unpin_user_pages(pages, hooks),
    |_, pages, hooks| unpin_user_pages_dirty_lock(pages, true, hooks),
    |_, pages, hooks| unpin_folios(pages, hooks),
    |_, pages, hooks| unpin_in_blocks::<1, 3, 2, 1, _>(pages, false, hooks),
];

#[test]
fn a_pin_is_1024_references_or_one_and_a_pincount() -> Result<(), CompoundPageError> {
    for unpin in UNPIN {
        let mut pages = pages(9);
        let map = MemoryMap::new(&mut pages);
        let (large, pair) = (folio(&map, 0, 2, 1)?, folio(&map, 4, 1, 1)?);
        let single = folio(&map, 6, 0, 1)?;
        let node = Node::new(None, 1);
        let array = entries(&map, [0, 3, 5, 6, 6, 1]);
        assert_eq!(pin_user_pages(&array, &node), 6);
        assert_eq!((large.refcount(), large.pincount()), (4, 3));
        assert_eq!((pair.refcount(), pair.pincount()), (2, 1));
        assert_eq!((single.refcount(), single.pincount()), (2049, 0));
        assert!([large, pair, single].iter().all(|page| page.maybe_dma_pinned(&node)));
        assert_eq!(unpin(&map, &array, &node), Ok(()));
        assert_eq!((large.refcount(), large.pincount()), (1, 0));
        assert_eq!((pair.refcount(), pair.pincount()), (1, 0));
        assert_eq!((single.refcount(), single.pincount()), (1, 0));
        assert!(![large, pair, single].iter().any(|page| page.maybe_dma_pinned(&node)));
        assert_eq!(node.counts(), (6, 6));
    }
    Ok(())
}

#[test]
fn a_hook_says_that_order_1_has_no_pincount() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let (pair, before_folios) = (folio(&map, 0, 1, 1)?, Node::new(None, 2));
    let array = entries(&map, [1, 0]);
    assert_eq!(pin_user_pages(&array, &before_folios), 2);
    assert_eq!((pair.refcount(), pair.pincount()), (2049, 0));
    assert_eq!(unpin_user_pages(&array, &before_folios), Ok(()));
    assert_eq!(pair.refcount(), 1);
    Ok(())
}

#[test]
fn pins_of_the_zero_page_are_not_counted_and_mark_it_all_the_same() -> Result<(), CompoundPageError>
{
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    let zero = folio(&map, 0, 0, 1)?;
    let node = Node::new(Some(zero), 1);
    let array = entries(&map, [0, 0]);
    assert_eq!(pin_user_pages(&array, &node), 2);
    for unpin in UNPIN {
        assert_eq!(unpin(&map, &array, &node), Ok(()));
    }
    assert_eq!((zero.refcount(), node.counts()), (1, (0, 0)));
    assert!(zero.is_dirty(), "one of the functions marks pages");
    zero.set_refcount(0);
    assert_eq!(pin_user_pages(&array, &node), 0);
    Ok(())
}

#[test]
fn the_pin_with_which_a_count_goes_round_is_the_last() -> Result<(), CompoundPageError> {
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let (single, node) = (folio(&map, 0, 0, i32::MAX - 1024)?, Node::new(None, 1));
    let array = entries(&map, [0; 3]);
    assert_eq!(pin_user_pages(&array, &node), 2);
    assert_eq!(single.refcount(), i32::MIN + 1023);
    assert!(single.maybe_dma_pinned(&node));
    assert_eq!(get_user_pages(&array), 0);
    assert_eq!(unpin_user_pages(&array[..2], &node), Ok(()));
    assert_eq!(single.refcount(), i32::MAX - 1024);
    Ok(())
}

#[test]
fn where_pins_run_out_a_call_stops_and_what_is_too_much_is_given_back()
-> Result<(), CompoundPageError> {
    for unpin in UNPIN {
        // Order, references, pincount: how many pins that is, and what is left of references.
        let cases = [
            (0, 0, 0, 0, 0),
            (0, 1023, 0, 0, 1023),
            (0, 1024, 0, 1, 0),
            (0, 3 * 1024 + 7, 0, 3, 7),
            (1, 5, 2, 2, 3),
            (2, 2, 4, 2, 0),
            (2, 3, 3, 3, 0),
            (2, 3, 0, 0, 3),
            (2, -1, 5, 0, -1),
            (3, 7, -2, 0, 7),
        ];
        for (order, references, pincount, there, left) in cases {
            let mut pages = pages(8);
            let map = MemoryMap::new(&mut pages);
            let head = folio(&map, 0, order, references)?;
            head.set_pincount(pincount);
            let node = Node::new(None, 1);
            let array = entries(&map, [0; 6]);
            assert_eq!(unpin(&map, &array, &node), Err(ReleaseError { entry: there }));
            assert_eq!(head.refcount(), left, "order {order}, {references} references");
            let pincount = if order == 0 { 0 } else { pincount - there as i32 };
            assert_eq!(head.pincount(), pincount);
            assert_eq!(node.counts(), (0, there as i32));
            let freed = there > 0 && left == 0;
            let counted = freed.then_some(there as i32);
            assert_eq!(node.counted_when_freed.get(), counted, "the node is told before");
        }
    }
    Ok(())
}

#[test]
fn a_range_starts_anywhere_and_goes_on_over_folios() -> Result<(), CompoundPageError> {
    let mut pages = pages(9);
    let map = MemoryMap::new(&mut pages);
    let heads = [folio(&map, 0, 2, 1)?, folio(&map, 4, 0, 1)?, folio(&map, 6, 1, 1)?];
    folio(&map, 5, 0, 1)?;
    let node = Node::new(None, 1);
    assert_eq!(pin_user_pages(&entries(&map, 2..8), &node), 6);
    let range = |first, npages, make_dirty| {
        let first = page(&map, first);
        unpin_user_page_range_dirty_lock(&map, first, npages, make_dirty, &node)
    };
    assert_eq!(range(2, 0, true), Ok(()));
    assert_eq!(range(2, 1, false), Ok(()));
    assert_eq!(range(3, 5, true), Ok(()));
    assert!(heads.iter().all(|head| head.is_dirty() && head.refcount() == 1));
    assert_eq!(node.counts(), (6, 6));
    assert_eq!(range(3, 1, false), Err(ReleaseError { entry: 0 }));
    assert_eq!(pin_user_pages(&entries(&map, [8]), &node), 0);
    page(&map, 8).set_refcount(1024);
    assert_eq!(range(8, 9, false), Err(ReleaseError { entry: 1 }), "the map ends there");
    Ok(())
}

#[test]
fn a_run_costs_one_locked_subtraction_and_a_large_one_two() -> Result<(), CompoundPageError> {
    let mut pages = pages(513);
    let map = MemoryMap::new(&mut pages);
    let (large, single) = (folio(&map, 0, 9, 1)?, folio(&map, 512, 0, 1)?);
    let (of_large, of_single) = (entries(&map, 0..512), entries(&map, [512; 40]));
    for array in [&of_large, &of_single] {
        assert_eq!(pin_user_pages(array, &()), array.len());
    }
    assert_eq!(locked_subtractions(|| unpin_user_pages(&of_single, &())), 1);
    assert_eq!(locked_subtractions(|| unpin_user_pages(&of_large, &())), 2);
    assert_eq!((large.refcount(), single.refcount()), (1, 1));
    assert_eq!(pin_user_pages(&of_large, &()), 512);
    assert_eq!(locked_subtractions(|| unpin_user_folio(large, 512, &())), 2);
    Ok(())
}

#[test]
fn an_owner_unpins_once_and_marks_only_when_told() -> Result<(), CompoundPageError> {
    let mut pages = pages(3);
    let map = MemoryMap::new(&mut pages);
    let (pair, node) = (folio(&map, 0, 1, 1)?, Node::new(None, 1));
    let mut array = entries(&map, [1, 0, 2]);
    let pinned = PinnedPages::pin(&mut array, &node);
    assert_eq!((pinned.len(), pinned.is_empty()), (2, false), "page 2 is free");
    let addresses = [0, 1, 2].map(|entry| pinned.address(entry));
    assert_eq!(addresses, [Some(page(&map, 1).addr()), Some(page(&map, 0).addr()), None]);
    drop(pinned);
    assert_eq!((pair.refcount(), pair.pincount(), pair.is_dirty()), (1, 0, false));
    assert_eq!(PinnedPages::pin(&mut array, &node).unpin(), Ok(()));
    assert_eq!((pair.refcount(), pair.is_dirty()), (1, false));
    assert_eq!(PinnedPages::pin(&mut array, &node).unpin_dirty_lock(), Ok(()));
    assert_eq!((pair.refcount(), pair.is_dirty()), (1, true));
    assert_eq!(node.counts(), (6, 6));
    Ok(())
}

#[test]
fn threads_that_pin_and_unpin_leave_what_was_there() -> Result<(), CompoundPageError> {
    let mut pages = pages(5);
    let map = MemoryMap::new(&mut pages);
    let (large, single) = (folio(&map, 0, 2, 1)?, folio(&map, 4, 0, 1)?);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let array = entries(&map, [0, 1, 4, 4, 3]);
                for _ in 0..200 {
                    assert_eq!(pin_user_pages(&array, &()), array.len());
                    assert!(large.maybe_dma_pinned(&()) && single.maybe_dma_pinned(&()));
                    assert_eq!(unpin_user_pages_dirty_lock(&array, true, &()), Ok(()));
                }
            });
        }
    });
    assert_eq!((large.refcount(), large.pincount(), single.refcount()), (1, 0, 1));
    Ok(())
}

#[test]
fn pins_that_are_not_there_leave_the_rest_of_the_tails_word() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 2, 9)?;
    head.set_pincount(2);
    let is_6_12 = cfg!(struct_page = "linux-6.12");
    let (nr_pages, pincount) = if is_6_12 { (0, 32) } else { (32, 0) };
    assert_eq!(words(page(&map, 1))[3], 4 << nr_pages | 2 << pincount);
    assert_eq!(unpin_user_pages(&entries(&map, [0, 1, 2, 3, 0]), &()).map_err(|e| e.entry), Err(2));
    assert_eq!(words(page(&map, 1))[3], 4 << nr_pages);
    head.set_pincount(-1);
    assert_eq!((head.pincount(), (words(page(&map, 1))[3] >> nr_pages) as u32), (-1, 4));
    Ok(())
}

#[test]
fn pins_and_references_of_a_large_page_are_apart() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 2, 1)?;
    let array = entries(&map, [3, 1]);
    assert_eq!((get_user_pages(&array), pin_user_pages(&array, &())), (2, 2));
    assert_eq!(put_user_pages(&array, &()), Ok(()));
    assert_eq!((head.refcount(), head.pincount()), (3, 2));
    assert_eq!(unpin_folio(array[0], &()), Ok(()));
    assert_eq!(unpin_user_page(array[1], &()), Ok(()));
    assert_eq!(unpin_folio(array[0], &()), Err(ReleaseError { entry: 0 }));
    assert_eq!((head.refcount(), head.pincount()), (1, 0));
    Ok(())
}

#[test]
fn pins_of_a_folio_go_in_one_step_as_far_as_there_are_any() -> Result<(), CompoundPageError> {
    for (order, refcount) in [(0, 5 * 1024), (3, 5)] {
        let mut pages = pages(8);
        let map = MemoryMap::new(&mut pages);
        let head = folio(&map, 0, order, refcount)?;
        head.set_pincount(5);
        let last = page(&map, (1 << order) - 1);
        assert_eq!(unpin_user_folio(last, 0, &()), Ok(()));
        assert_eq!(unpin_user_folio(last, 2, &()), Ok(()));
        assert_eq!(unpin_user_folio(last, usize::MAX, &()), Err(ReleaseError { entry: 3 }));
        assert_eq!((head.refcount(), head.pincount()), (0, 0));
        assert!(head.mapping().is_none(), "freed");
    }
    Ok(())
}

#[test]
fn a_page_without_pins_is_neither_locked_nor_marked() -> Result<(), CompoundPageError> {
    let mut pages = pages(2);
    let map = MemoryMap::new(&mut pages);
    for (order, refcount) in [(0, 0), (0, 1023), (1, 0), (1, 1), (1, -1)] {
        let head = folio(&map, 0, order, refcount)?;
        let before = all(&map).map(words).collect::<Vec<_>>();
        let hooks = Recorder::new(&map);
        let refused = unpin_user_pages_dirty_lock(&[head, head], true, &hooks);
        assert_eq!(refused, Err(ReleaseError { entry: 0 }));
        assert_eq!(hooks.events(), []);
        assert!(all(&map).map(words).eq(before));
    }
    Ok(())
}

#[test]
fn a_run_is_marked_under_its_lock_and_then_freed() -> Result<(), CompoundPageError> {
    let mut pages = pages(4);
    let map = MemoryMap::new(&mut pages);
    let head = folio(&map, 0, 2, 1)?;
    let array = entries(&map, [3, 2, 0]);
    let hooks = Recorder::new(&map);
    assert_eq!(pin_user_pages(&array, &hooks), 3);
    assert_eq!(put_user_page(head, &hooks), Ok(()));
    let any: &dyn Hooks = &hooks;
    assert_eq!(unpin_user_pages_dirty_lock(&array, true, any), Ok(()));
    let expected =
        [(0, Step::Lock, 3), (0, MARK_LOCKED, 3), (0, Step::Unlock, 3), (0, FREE_DIRTY, 0)];
    assert_eq!(hooks.events(), expected);
    Ok(())
}
