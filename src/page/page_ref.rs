//! `struct page *`: an entry of the arrays, and what may be done to the page it names.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::size_of;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::address_space::AddressSpace;
use super::layout::{PINCOUNT, POISON, Page, TAIL_MAPPING, flags, offsets};
use crate::hooks::Hooks;

/// References of a small page that are a pin (include/linux/mm.h of Linux 6.1).
pub(crate) const GUP_PIN_COUNTING_BIAS: i32 = 1024;

#[cfg(test)]
std::thread_local! {
    /// How many locked subtractions this thread made.
    pub(crate) static LOCKED_SUBTRACTIONS: Cell<usize> = const { Cell::new(0) };
}

/// What a subtraction leaves of a page's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// At least one.
    Some,
    /// None: it subtracted the last.
    None,
    /// Less than none.
    Short,
}

/// A page of a [`MemoryMap`](crate::MemoryMap): C's `struct page *`, so that a slice
/// of them is C's `struct page **`.
///
/// Not a `&Page`: the head page, and the first tail page that holds the order, are
/// reached from it, and a reference to one page gives no right to its neighbours. The
/// pointer may reach every page of the map, which lives for `'map`. The lifetime can be
/// neither shortened nor lengthened, for pages hold references of exactly that life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PageRef<'map> {
    // Invariant: points to a page of a `&'map [Page]` with provenance over the whole
    // slice, of which one `MemoryMap<'map>` was made that emptied it; or is what `from_ptr` asks.
    pointer: NonNull<Page>,
    map: PhantomData<Cell<&'map [Page]>>,
}

// SAFETY: a `PageRef` gives access to pages as `&'map [Page]` does, and `Page` is Sync.
unsafe impl Send for PageRef<'_> {}
// SAFETY: as for Send.
unsafe impl Sync for PageRef<'_> {}

impl<'map> PageRef<'map> {
    /// # Safety
    ///
    /// `pointer` points to a page of the slice that a `MemoryMap<'map>` was made of, and
    /// may be used for all pages of that slice; or it is what [`from_ptr`](PageRef::from_ptr) asks.
    #[inline]
    pub(crate) const unsafe fn new(pointer: NonNull<Page>) -> Self {
        PageRef { pointer, map: PhantomData }
    }

    /// The page's own fields.
    #[inline]
    pub(crate) fn page(self) -> &'map Page {
        // SAFETY: by the type's invariant the pointer is to a live, aligned page, which
        // is only ever shared, for all of its fields are atomics.
        unsafe { self.pointer.as_ref() }
    }

    /// The page's address in the memory map.
    #[inline]
    pub fn addr(self) -> usize {
        self.pointer.addr().get()
    }

    /// The page as C passes it: a pointer that may be used for the whole map.
    ///
    /// Whoever writes through it may set the head flag and bit 0 of `compound_head` only
    /// to keep them where [`prep_compound_page`](crate::MemoryMap::prep_compound_page) set
    /// them, and store no address in `mapping`: methods here follow all three.
    #[inline]
    pub fn as_ptr(self) -> *mut Page {
        self.pointer.as_ptr()
    }

    /// compound_head(): the head page if this is a tail page, else the page itself.
    /// Reads one word of this page.
    #[inline]
    pub fn compound_head(self) -> PageRef<'map> {
        self.head_of_tail_or(|| if cfg!(fake_heads) { self.fixed_fake_head() } else { self })
    }

    /// The head page, if bit 0 of `compound_head` says that this is a tail page, else another. Not
    /// an `Option`, which would be made and looked at again.
    #[inline]
    fn head_of_tail_or(self, other: impl FnOnce() -> PageRef<'map>) -> PageRef<'map> {
        let word = self.page().compound_head.load(Ordering::Relaxed);
        if word.addr() & 1 == 0 {
            return other();
        }
        // SAFETY: bit 0 is set only by prep_compound_page(), in a pointer to the head page.
        let head = unsafe { NonNull::new_unchecked(word.map_addr(|address| address & !1)) };
        // SAFETY: that pointer was derived from the same map as this page.
        unsafe { PageRef::new(head) }
    }

    /// page_fixed_fake_head() (include/linux/page-flags.h of Linux 6.1): the head page, if this is
    /// a tail page of hugetlb that looks like one. Linux can keep the first 4 KiB of such a page's
    /// `struct page`s alone, and map them again where the others were: what begins each of these
    /// pages of the memory map has the head's flags, and the page behind it tells whose it is.
    #[inline]
    pub(crate) fn fixed_fake_head(self) -> PageRef<'map> {
        const MAPPED: usize = 4096;
        if self.addr() % MAPPED != 0 || !self.is_head() {
            return self;
        }
        // SAFETY: where the head flag is, a tail page lies behind, of the same map.
        let behind = unsafe { self.pointer.add(1) };
        // SAFETY: and that is a page as this one is.
        let behind: PageRef<'map> = unsafe { PageRef::new(behind) };
        behind.head_of_tail_or(|| self)
    }

    /// PageTail(): whether this is a tail page of a compound page.
    #[inline]
    pub fn is_tail(self) -> bool {
        let word = self.page().compound_head.load(Ordering::Relaxed);
        word.addr() & 1 != 0 || (cfg!(fake_heads) && self.fixed_fake_head() != self)
    }

    /// PageHead(): whether this is the head page of a compound page of order 1 or more.
    #[inline]
    pub fn is_head(self) -> bool {
        self.page().flags.load(Ordering::Relaxed) & flags::HEAD != 0
    }

    /// compound_order() of a head page: 0 for a page that is not compound. Reads the
    /// first tail page only where the head flag is set.
    #[inline]
    pub fn compound_order(self) -> u32 {
        if !self.is_head() {
            return 0;
        }
        // SAFETY: the head flag is set by prep_compound_page() only, which checked that the
        // map holds the first tail page too.
        let first_tail = unsafe { self.pointer.add(1) };
        // SAFETY: as for `page`: a live page of the same map.
        let first_tail = unsafe { first_tail.as_ref() };
        first_tail.order()
    }

    /// The bytes of the memory map that the compound page of this head page takes: a
    /// power of two.
    #[inline]
    pub(crate) fn compound_span(self) -> usize {
        size_of::<Page>() << self.compound_order()
    }

    /// page_ref_count() of this very page, which for a tail page is always 0.
    #[inline]
    pub fn refcount(self) -> i32 {
        self.page().refcount.load(Ordering::Relaxed)
    }

    /// set_page_count(): for pages that nobody else uses.
    #[inline]
    pub fn set_refcount(self, refcount: i32) {
        self.page().refcount.store(refcount, Ordering::Relaxed);
    }

    /// The pins of this head page that are counted in its first tail page; 0 of a page of order 0.
    #[inline]
    pub fn pincount(self) -> i32 {
        self.pincount_word().map_or(0, |word| pincount_in(word.load(Ordering::Relaxed)))
    }

    /// Sets that count: for pages that nobody else uses. A page of order 0 has none to set.
    #[inline]
    pub fn set_pincount(self, pins: i32) {
        if let Some(word) = self.pincount_word() {
            let others = word.load(Ordering::Relaxed) & !((u32::MAX as usize) << PINCOUNT);
            let pins = (pins as u32 as usize) << PINCOUNT;
            word.store(others | pins, Ordering::Release);
        }
    }

    /// folio_maybe_dma_pinned() of this head page: false where it is not pinned. It may be true of
    /// a small page with as many plain references as a pin is.
    #[inline]
    pub fn maybe_dma_pinned<H: Hooks + ?Sized>(self, hooks: &H) -> bool {
        if hooks.has_pincount(self) {
            self.pincount() > 0
        } else {
            // Of a count that went round, too: those are very many pins.
            self.refcount() as u32 >= GUP_PIN_COUNTING_BIAS as u32
        }
    }

    /// The word of the first tail page that counts this head page's pins; none of a page of order 0.
    ///
    /// Whoever has it knows by the acquired head flag that the compound page is whole, and stores
    /// into it in an order (release): `mapping` follows what it loads from this word unless it then
    /// sees the page to be a tail.
    #[inline]
    fn pincount_word(self) -> Option<&'map AtomicUsize> {
        if self.page().flags.load(Ordering::Acquire) & flags::HEAD == 0 {
            return None;
        }
        // SAFETY: the head flag is set by prep_compound_page() only, which checked that the map
        // holds the first tail page too.
        let first_tail = unsafe { self.pointer.add(1) };
        // SAFETY: as for `page`: a live page of the same map.
        Some(unsafe { first_tail.as_ref() }.pincount_word())
    }

    /// Adds pins (1 or more) to the pincount.
    #[inline]
    pub(crate) fn pincount_add(self, pins: i32) {
        if let Some(word) = self.pincount_word() {
            word.fetch_add((pins as usize) << PINCOUNT, Ordering::AcqRel);
        }
    }

    /// Subtracts pins (1 or more) from the pincount in one locked operation, and returns how many
    /// there were; none of a page of order 0.
    #[inline]
    pub(crate) fn pincount_fetch_sub(self, pins: i32) -> i32 {
        #[cfg(test)]
        LOCKED_SUBTRACTIONS.set(LOCKED_SUBTRACTIONS.get() + 1);
        let pins = (pins as usize) << PINCOUNT;
        self.pincount_word().map_or(0, |word| pincount_in(word.fetch_sub(pins, Ordering::AcqRel)))
    }

    /// How many pages of this head page's compound page lie from `page`, which is one of them, on.
    #[inline]
    pub(crate) fn pages_behind(self, page: PageRef<'_>) -> usize {
        let before = page.addr().wrapping_sub(self.addr()) / size_of::<Page>();
        (1_usize << self.compound_order()).saturating_sub(before).max(1)
    }

    /// PageDirty() of this very page.
    #[inline]
    pub fn is_dirty(self) -> bool {
        self.page().flags.load(Ordering::Relaxed) & flags::DIRTY != 0
    }

    /// TestSetPageDirty(): sets the flag, and returns whether it was set before.
    #[inline]
    pub fn test_set_dirty(self) -> bool {
        self.page().flags.fetch_or(flags::DIRTY, Ordering::AcqRel) & flags::DIRTY != 0
    }

    /// clear_page_dirty_for_io(): clears the flag and takes the page out of its
    /// mapping's account; returns whether it was dirty.
    #[inline]
    pub fn clear_dirty(self) -> bool {
        let before = self.page().flags.fetch_and(!flags::DIRTY, Ordering::AcqRel);
        let was_dirty = before & flags::DIRTY != 0;
        if was_dirty {
            if let Some(mapping) = self.mapping() {
                mapping.page_cleaned();
            }
        }
        was_dirty
    }

    /// PageLocked() of this very page.
    #[inline]
    pub fn is_locked(self) -> bool {
        self.page().flags.load(Ordering::Relaxed) & flags::LOCKED != 0
    }

    /// trylock_page(): takes the page lock unless somebody holds it; true if taken.
    #[inline]
    pub fn try_lock(self) -> bool {
        self.page().flags.fetch_or(flags::LOCKED, Ordering::Acquire) & flags::LOCKED == 0
    }

    /// Takes the page lock and sets the dirty flag in one step, if neither is set; true if done.
    #[inline]
    pub(crate) fn try_lock_and_set_dirty(self) -> bool {
        const BOTH: usize = flags::LOCKED | flags::DIRTY;
        let flags = &self.page().flags;
        let before = flags.load(Ordering::Relaxed);
        before & BOTH == 0
            && flags
                .compare_exchange(before, before | BOTH, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
    }

    /// Asks the machine to fetch the page's cache line, which is written to soon.
    #[inline]
    pub(crate) fn prefetch(self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch reads and writes nothing, whatever the address is.
        unsafe {
            use core::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_ET0>(self.pointer.as_ptr().cast());
        }
    }

    /// unlock_page(): gives the page lock back.
    #[inline]
    pub fn unlock(self) {
        self.page().flags.fetch_and(!flags::LOCKED, Ordering::Release);
    }

    /// The file that the page belongs to; `None` for anonymous pages, and for tail
    /// pages, where the word means something else.
    #[inline]
    pub fn mapping(self) -> Option<&'map AddressSpace> {
        if self.is_tail() {
            return None;
        }
        // Acquire, for the file is read through the pointer: set_mapping() may be another
        // thread's, which made the file just before.
        let mapping = self.page().mapping.load(Ordering::Acquire);
        let address = mapping.addr();
        if address == POISON || address == TAIL_MAPPING {
            return None;
        }
        // The page may have become a tail between the two reads, and then the word may be a
        // pincount and a number of pages. It was a tail before it was one of these.
        if self.is_tail() {
            return None;
        }
        // SAFETY: since the map was made, a mapping is null, the poison, what a tail has, or what
        // `set_mapping` stored: a reference that lives for 'map. What a tail has is stored in an
        // order (release) behind the bit by which it is one, which is never taken back, and the
        // load of the word above acquires: where that gave a tail's word, `is_tail` has seen the
        // bit. So it has where it gave a pincount that was changed since, even in a word that was
        // something else: who changes it has acquired the head flag, which was released behind
        // the bit, and releases the word (see `pincount_word`).
        unsafe { mapping.as_ref() }
    }

    /// Makes this head page one of `mapping`'s.
    #[inline]
    pub fn set_mapping(self, mapping: &'map AddressSpace) {
        debug_assert!(!self.is_tail());
        self.page().mapping.store(ptr::from_ref(mapping).cast_mut(), Ordering::Release);
    }

    /// Takes a reference as try_get_page() does: refused at a refcount of zero or less,
    /// and at `i32::MAX`, which has no room for one more.
    #[inline]
    pub(crate) fn try_get(self) -> bool {
        let take = |refs: i32| if refs <= 0 { None } else { refs.checked_add(1) };
        self.page().refcount.fetch_update(Ordering::AcqRel, Ordering::Relaxed, take).is_ok()
    }

    /// Takes so many references, refused at a refcount of zero or less only: the count may go
    /// round.
    #[inline]
    pub(crate) fn try_add(self, references: i32) -> bool {
        let take = |refs: i32| if refs <= 0 { None } else { Some(refs.wrapping_add(references)) };
        self.page().refcount.fetch_update(Ordering::AcqRel, Ordering::Relaxed, take).is_ok()
    }

    /// Subtracts `references` (1 or more) from this head page's refcount in one locked
    /// operation, and returns the refcount before. What was done to the page comes before, and
    /// freeing comes after everybody's subtraction.
    #[inline]
    pub(crate) fn refcount_fetch_sub(self, references: i32) -> i32 {
        #[cfg(test)]
        LOCKED_SUBTRACTIONS.set(LOCKED_SUBTRACTIONS.get() + 1);
        self.page().refcount.fetch_sub(references, Ordering::AcqRel)
    }

    /// The same for one reference, and tells what was left.
    #[inline]
    pub(crate) fn refcount_dec(self) -> Left {
        #[cfg(test)]
        LOCKED_SUBTRACTIONS.set(LOCKED_SUBTRACTIONS.get() + 1);
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        let left = self.refcount_dec_by_flags();
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let left = self.refcount_dec_by_value();
        left
    }

    /// By the flags that it leaves: one that gives the value before takes a sixth longer, and
    /// compilers know how to ask for one flag only, where this needs two. Flags do not tell how many
    /// references there were of several that are subtracted.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[inline]
    pub(crate) fn refcount_dec_by_flags(self) -> Left {
        // SAFETY: it does to the refcount of a live page what fetch_sub() does, and nothing else.
        unsafe {
            core::arch::asm!(
                "lock dec dword ptr [{page} + {refcount}]",
                "jz {none}",
                "jl {short}",
                page = in(reg) self.as_ptr(),
                refcount = const offsets::REFCOUNT,
                none = label { return Left::None },
                short = label { return Left::Short },
                options(nostack),
            );
        }
        Left::Some
    }

    /// By the value before, on any machine.
    #[cfg(any(test, miri, not(target_arch = "x86_64")))]
    pub(crate) fn refcount_dec_by_value(self) -> Left {
        match self.page().refcount.fetch_sub(1, Ordering::AcqRel) {
            2.. => Left::Some,
            1 => Left::None,
            _ => Left::Short,
        }
    }

    /// Subtracts the references of one pin of a small page in one locked operation, and tells what
    /// was left, the count before taken without a sign.
    #[inline]
    pub(crate) fn refcount_sub_pin(self) -> Left {
        #[cfg(test)]
        LOCKED_SUBTRACTIONS.set(LOCKED_SUBTRACTIONS.get() + 1);
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        let left = self.refcount_sub_pin_by_flags();
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let left = self.refcount_sub_pin_by_value();
        left
    }

    /// By the flags that it leaves, as [`refcount_dec_by_flags`](Self::refcount_dec_by_flags).
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[inline]
    pub(crate) fn refcount_sub_pin_by_flags(self) -> Left {
        // SAFETY: it does to the refcount of a live page what fetch_sub() does, and nothing else.
        unsafe {
            core::arch::asm!(
                "lock sub dword ptr [{page} + {refcount}], {bias}",
                "jz {none}",
                "jb {short}",
                page = in(reg) self.as_ptr(),
                refcount = const offsets::REFCOUNT,
                bias = const GUP_PIN_COUNTING_BIAS,
                none = label { return Left::None },
                short = label { return Left::Short },
                options(nostack),
            );
        }
        Left::Some
    }

    /// By the value before, on any machine.
    #[cfg(any(test, miri, not(target_arch = "x86_64")))]
    pub(crate) fn refcount_sub_pin_by_value(self) -> Left {
        let bias = GUP_PIN_COUNTING_BIAS;
        let before = self.page().refcount.fetch_sub(bias, Ordering::AcqRel) as u32;
        match before.cmp(&(bias as u32)) {
            core::cmp::Ordering::Greater => Left::Some,
            core::cmp::Ordering::Equal => Left::None,
            core::cmp::Ordering::Less => Left::Short,
        }
    }

    /// Gives back references that a subtraction took beyond zero.
    pub(crate) fn refcount_add(self, references: i32) {
        self.page().refcount.fetch_add(references, Ordering::AcqRel);
    }

    /// Leaves of a freed head page what an entry check needs (head flag, compound_head,
    /// order, a refcount of zero or less) and overwrites the rest. Tail pages stay.
    #[inline]
    pub fn poison_freed(self) {
        use Ordering::Relaxed;
        let page = self.page();
        page.flags.fetch_and(flags::HEAD, Relaxed);
        page.mapping.store(ptr::without_provenance_mut(POISON), Relaxed);
        page.index.store(POISON, Relaxed);
        page.private.store(POISON, Relaxed);
        page.memcg_data.store(POISON, Relaxed);
    }
}

/// The pincount in a word of a first tail page.
#[inline]
fn pincount_in(word: usize) -> i32 {
    (word >> PINCOUNT) as i32
}

impl fmt::Debug for PageRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pointer, formatter)
    }
}
