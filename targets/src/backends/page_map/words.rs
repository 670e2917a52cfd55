//! The memory map as words: how worlds are built and looked at, beside the page model, which
//! knows nothing of worlds.
//!
//! One thread at a time has a map: implementations touch its pages during calls only (see
//! [`Release`](super::Release)), and nothing here runs while one does.

use std::sync::atomic::{AtomicU64, Ordering};

use put_user_page::{MemoryMap, POISON, Page, PageRef, flags, offsets};

/// A page's 64 bytes in memory order.
pub(super) type Words = [u64; 8];

/// The flags that the page model reads.
const OWN_FLAGS: u64 = (flags::LOCKED | flags::DIRTY | flags::HEAD) as u64;

const _: () = assert!(size_of::<Page>() == size_of::<Words>());
const _: () = assert!(align_of::<Page>() >= align_of::<AtomicU64>());

/// Private, for there are words that whoever writes owes to the page model: see
/// [`PageRef::as_ptr`].
fn words_of(page: PageRef<'_>) -> &[AtomicU64; 8] {
    // SAFETY: a page of the map is eight aligned words without padding, alive for as long as
    // the PageRef's lifetime and only ever shared, as all of its fields are atomics. They are
    // of other sizes than these, which is fine as no two threads have the page at once.
    unsafe { &*page.as_ptr().cast::<[AtomicU64; 8]>() }
}

/// The page's words.
pub(super) fn read(page: PageRef<'_>) -> Words {
    words_of(page).each_ref().map(|word| word.load(Ordering::Relaxed))
}

/// The words of an order-0 page without references, with `other_flags` (which must not hold a
/// flag of [`flags`]) and with `filler` in the words that releasing a page neither reads nor
/// writes, so that a stray write to them shows.
pub(super) fn order_0(other_flags: u64, filler: u64) -> Words {
    debug_assert_eq!(other_flags & OWN_FLAGS, 0);
    let mut words = [filler; 8];
    // Never the head flag: what is behind the page may be no page of the map.
    words[offsets::FLAGS / 8] = other_flags & !OWN_FLAGS;
    // lru.next: an address in the kernel, of which bit 0 is clear.
    words[offsets::COMPOUND_HEAD / 8] = filler & !1;
    words[offsets::MAPPING / 8] = 0;
    // A refcount of 0 above a mapcount of -1.
    words[offsets::REFCOUNT / 8] = u64::from(u32::MAX);
    words
}

/// Reads the words of as many pages from `first` on as there is room for.
///
/// # Panics
///
/// The map does not have so many pages.
pub(super) fn read_pages(map: MemoryMap<'_>, first: usize, words: &mut [Words]) {
    let Some(start) = start_of(map, first, words.len()) else { return };
    // SAFETY: as for `start_of`, and no call is running. The memory is not of the map, which is
    // nowhere lent out as words.
    unsafe { start.copy_to_nonoverlapping(words.as_mut_ptr(), words.len()) }
}

/// Makes the words of the pages from `first` on these: what was read from them when they were as
/// they are to be again, or those of order-0 pages that are no part of a compound page any more.
///
/// # Panics
///
/// The map does not have so many pages.
pub(super) fn write_pages(map: MemoryMap<'_>, first: usize, words: &[Words]) {
    let Some(start) = start_of(map, first, words.len()) else { return };
    // SAFETY: as for `start_of`. The words are not of the map, which is nowhere lent out as words;
    // no call is running, and nobody else uses the map.
    unsafe { start.copy_from_nonoverlapping(words.as_ptr(), words.len()) }
}

/// The words of the page at `first`, from which on those of `pages` pages lie side by side: a
/// PageRef's pointer may be used for the whole map, and a page is eight aligned words, all of them
/// initialised. `None` for no pages.
fn start_of(map: MemoryMap<'_>, first: usize, pages: usize) -> Option<*mut Words> {
    let last = first + pages.checked_sub(1)?;
    assert!(last < map.frames(), "the map has no frame {last}");
    Some(map.page(first)?.as_ptr().cast())
}

/// What a head page's words are before it has references, a mapping, a lock or a mark.
pub(super) fn unused(mut words: Words) -> Words {
    words[offsets::FLAGS / 8] &= !(flags::LOCKED | flags::DIRTY) as u64;
    words[offsets::MAPPING / 8] = 0;
    words[offsets::REFCOUNT / 8] = u64::from(u32::MAX);
    words
}

/// What freeing leaves of a page with these words.
pub(super) fn poisoned(mut words: Words) -> Words {
    words[offsets::FLAGS / 8] &= flags::HEAD as u64;
    for offset in [offsets::MAPPING, offsets::INDEX, offsets::PRIVATE, offsets::MEMCG_DATA] {
        words[offset / 8] = POISON as u64;
    }
    words
}

/// Whether freeing the page left its mark, which no page in use has.
pub(super) fn is_poisoned(page: PageRef<'_>) -> bool {
    words_of(page)[offsets::MAPPING / 8].load(Ordering::Relaxed) == POISON as u64
}

/// Sets flags that are none of [`flags`]: what a wrong implementation does.
pub fn set_other_flags(page: PageRef<'_>, other_flags: u64) {
    words_of(page)[offsets::FLAGS / 8].fetch_or(other_flags & !OWN_FLAGS, Ordering::Relaxed);
}

/// Finds, of the first frames of the map, those whose words are not as they were `built`.
pub(super) fn find_changed(map: MemoryMap<'_>, built: &[Words], changed: &mut Vec<usize>) {
    const BLOCK: usize = 8;
    changed.clear();
    let Some(start) = start_of(map, 0, built.len()) else { return };
    // SAFETY: as for `start_of`. No call is running, and nobody writes to the map meanwhile.
    let found = unsafe { std::slice::from_raw_parts(start, built.len()) };
    let blocks = found.chunks(BLOCK).zip(built.chunks(BLOCK));
    for (block, (found, built)) in blocks.enumerate() {
        // Frames that changed are few: whole blocks are compared first.
        if differ(found, built) {
            let frames = (block * BLOCK..).zip(found.iter().zip(built));
            let differing = frames.filter(|(_, (found, built))| differ(&[**found], &[**built]));
            changed.extend(differing.map(|(frame, _)| frame));
        }
    }
}

/// Whether any of the words differ. Not by `!=`, which calls memcmp(): there engines listen,
/// and take what differs for something to write into inputs.
fn differ(found: &[Words], built: &[Words]) -> bool {
    let words = found.as_flattened().iter().zip(built.as_flattened());
    words.fold(0, |differing, (found, built)| differing | (found ^ built)) != 0
}

#[cfg(test)]
mod tests {
    use put_user_page::{AddressSpace, put_user_pages_dirty};

    use super::*;

    const OTHER_FLAGS: u64 = 0xa5 << 32;
    const FILLER: u64 = 0x5a5a_0123_4567_89ab;

    /// What resetting leaves of every page.
    const RESET: Words = [OTHER_FLAGS, FILLER - 1, FILLER, 0, FILLER, FILLER, 0xffff_ffff, FILLER];

    /// A map of a compound page of order 2 with a file and one reference.
    fn with_map(test: impl Fn(MemoryMap<'_>, PageRef<'_>)) {
        let file = AddressSpace::new();
        let mut pages: Vec<Page> = (0..4).map(|_| Page::new()).collect();
        let map = MemoryMap::new(&mut pages);
        write_pages(map, 0, &[order_0(OTHER_FLAGS, FILLER); 4]);
        let head = map.prep_compound_page(0, 2).expect("it has room");
        head.set_refcount(1);
        head.set_mapping(&file);
        test(map, head);
    }

    #[test]
    fn writing_makes_an_order_0_page_again() {
        with_map(|map, head| {
            head.test_set_dirty();
            write_pages(map, 0, &[order_0(OTHER_FLAGS, FILLER); 4]);
            for page in (0..4).map(|frame| map.page(frame).unwrap()) {
                assert_eq!(read(page), RESET);
                assert_eq!(page.compound_head(), page);
            }
            assert_eq!(head.compound_order(), 0);
            assert!(head.mapping().is_none());
        });
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "assertion"))]
    fn nobody_writes_a_head_page_that_has_no_tail() {
        assert_eq!(order_0(flags::HEAD as u64 | OTHER_FLAGS, FILLER), RESET);
    }

    #[test]
    fn other_flags_are_none_that_the_model_reads() {
        with_map(|map, _| {
            let tail = map.page(1).unwrap();
            set_other_flags(tail, u64::MAX);
            assert!(!tail.is_head() && !tail.is_dirty() && !tail.is_locked());
            assert_eq!(read(tail)[offsets::FLAGS / 8], !OWN_FLAGS);
        });
    }

    #[test]
    fn a_head_page_is_unused_as_it_was_prepared() {
        let mut pages: Vec<Page> = (0..4).map(|_| Page::new()).collect();
        let (map, file) = (MemoryMap::new(&mut pages), AddressSpace::new());
        write_pages(map, 0, &[order_0(OTHER_FLAGS, FILLER); 4]);
        let head = map.prep_compound_page(0, 2).expect("it has room");
        let prepared = read(head);
        head.set_refcount(3);
        head.set_mapping(&file);
        head.test_set_dirty();
        head.try_lock();
        assert_eq!(unused(read(head)), prepared);
        write_pages(map, 0, &[prepared]);
        assert_eq!(read(head), prepared);
    }

    #[test]
    fn poisoned_is_what_freeing_leaves() {
        with_map(|map, head| {
            let mut built = read(head);
            assert_eq!(put_user_pages_dirty(&[map.page(3).unwrap()], &()), Ok(()));
            built[offsets::REFCOUNT / 8] -= 1 << 32;
            assert_eq!(read(head), poisoned(built));
        });
    }

    #[test]
    fn all_frames_that_changed_are_found_and_no_others() {
        let mut pages: Vec<Page> = (0..200).map(|_| Page::new()).collect();
        let map = MemoryMap::new(&mut pages);
        let page = |frame| map.page(frame).expect("a frame of the map");
        let built: Vec<Words> = (0..199).map(|frame| read(page(frame))).collect();
        let changes = [0, 63, 64, 130, 198];
        changes.iter().chain(&[199]).for_each(|&frame| page(frame).set_refcount(1));
        let mut changed = vec![7];
        find_changed(map, &built, &mut changed);
        assert_eq!(changed, changes);
    }
}
