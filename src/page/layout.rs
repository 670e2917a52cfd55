//! `struct page`: layout and fields, and nothing that looks from one page at another.
//!
//! It is that of Linux 6.1. A build with `--cfg struct_page="linux-6.12"` has that of 6.12 in what
//! releasing a page reads or writes: two flags, the order and the pincount are elsewhere. It is
//! for pages of such a kernel; docs/in-a-kernel.md.

use core::mem::{align_of, offset_of, size_of};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8, AtomicU16, AtomicUsize, Ordering};

use super::address_space::AddressSpace;

/// Whether the layout is that of Linux 6.12.
const IS_6_12: bool = cfg!(struct_page = "linux-6.12");

/// Page flags: the bits of `enum pageflags` of Linux 6.1 (include/linux/page-flags.h)
/// that releasing a page reads or writes.
pub mod flags {
    /// `PG_locked`: the page is locked.
    pub const LOCKED: usize = 1 << 0;
    /// `PG_dirty`: the page's contents were changed. Kept on head pages only.
    pub const DIRTY: usize = 1 << if super::IS_6_12 { 4 } else { 3 };
    /// `PG_head`: the page is the head of a compound page of order 1 or more.
    pub const HEAD: usize = 1 << if super::IS_6_12 { 6 } else { 16 };
}

/// `struct page` of 64-bit Linux 6.1 (include/linux/mm_types.h): 64 bytes, a cache
/// line of its own.
///
/// What the kernel keeps in unions is one field here, named after its first use in
/// releasing pages; [`offsets`] lists the places.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Page {
    pub(crate) flags: AtomicUsize,
    /// Of a tail page: its head page's address plus one. Of a head page the word is
    /// `lru.next`, whose bit 0 is clear.
    pub(crate) compound_head: AtomicPtr<Page>,
    pub(crate) compound_dtor: AtomicU8,
    /// Of the first tail page: the compound page's order.
    pub(crate) compound_order: AtomicU8,
    padding: AtomicU16,
    pub(crate) compound_mapcount: AtomicI32,
    /// Of the first tail page the two halves are `compound_pincount` and `compound_nr`.
    pub(crate) mapping: AtomicPtr<AddressSpace>,
    pub(crate) index: AtomicUsize,
    pub(crate) private: AtomicUsize,
    pub(crate) mapcount: AtomicI32,
    pub(crate) refcount: AtomicI32,
    pub(crate) memcg_data: AtomicUsize,
}

/// Byte offsets in [`Page`], the same as in `struct page` of 64-bit Linux 6.1.
pub mod offsets {
    /// `flags`, 8 bytes.
    pub const FLAGS: usize = 0;
    /// `compound_head`, 8 bytes.
    pub const COMPOUND_HEAD: usize = 8;
    /// `compound_dtor`, 1 byte, in the first tail page.
    pub const COMPOUND_DTOR: usize = 16;
    /// `compound_order`, 1 byte, in the first tail page.
    pub const COMPOUND_ORDER: usize = if super::IS_6_12 { FLAGS } else { 17 };
    /// `compound_mapcount`, 4 bytes, in the first tail page.
    pub const COMPOUND_MAPCOUNT: usize = 20;
    /// `compound_pincount`, 4 bytes, in the first tail page: the low half of `mapping`.
    pub const COMPOUND_PINCOUNT: usize = if super::IS_6_12 { 28 } else { 24 };
    /// `compound_nr`, 4 bytes, in the first tail page: the high half of `mapping`.
    pub const COMPOUND_NR: usize = 28;
    /// `mapping`, 8 bytes.
    pub const MAPPING: usize = 24;
    /// `index`, 8 bytes.
    pub const INDEX: usize = 32;
    /// `private`, 8 bytes.
    pub const PRIVATE: usize = 40;
    /// `_mapcount`, 4 bytes.
    pub const MAPCOUNT: usize = 48;
    /// `_refcount`, 4 bytes.
    pub const REFCOUNT: usize = 52;
    /// `memcg_data`, 8 bytes.
    pub const MEMCG_DATA: usize = 56;
}

const _: () = {
    // compound_span() shifts it: it has to be a power of two.
    assert!(size_of::<Page>() == 64);
    assert!(align_of::<Page>() == 64);
    assert!(offset_of!(Page, flags) == offsets::FLAGS);
    assert!(offset_of!(Page, compound_head) == offsets::COMPOUND_HEAD);
    assert!(offset_of!(Page, compound_dtor) == offsets::COMPOUND_DTOR);
    assert!(IS_6_12 || offset_of!(Page, compound_order) == offsets::COMPOUND_ORDER);
    assert!(offset_of!(Page, compound_mapcount) == offsets::COMPOUND_MAPCOUNT);
    assert!(offset_of!(Page, mapping) == offsets::MAPPING);
    assert!(offset_of!(Page, index) == offsets::INDEX);
    assert!(offset_of!(Page, private) == offsets::PRIVATE);
    assert!(offset_of!(Page, mapcount) == offsets::MAPCOUNT);
    assert!(offset_of!(Page, refcount) == offsets::REFCOUNT);
    assert!(offset_of!(Page, memcg_data) == offsets::MEMCG_DATA);
};

/// The kernel's TAIL_MAPPING (include/linux/poison.h): the mapping word of every tail
/// page after the first.
pub(crate) const TAIL_MAPPING: usize = 0x400;

/// Of the flags of a first tail page in Linux 6.12: the compound page's order.
const ORDER: usize = 0xff;

/// Where the pincount begins in the word that it is half of, in bits.
pub(crate) const PINCOUNT: usize = 8 * (offsets::COMPOUND_PINCOUNT - offsets::MAPPING);

/// What freeing leaves in the words of a head page that no later entry check reads:
/// `mapping`, `index`, `private` and `memcg_data`.
pub const POISON: usize = 0xdead_0000_0000_0100;

impl Page {
    /// Of the first tail page: the compound page's order.
    #[inline]
    pub(crate) fn order(&self) -> u32 {
        if IS_6_12 {
            (self.flags.load(Ordering::Relaxed) & ORDER) as u32
        } else {
            self.compound_order.load(Ordering::Relaxed).into()
        }
    }

    /// Sets it: for pages that nobody else uses.
    pub(crate) fn set_order(&self, order: u8) {
        if IS_6_12 {
            let others = self.flags.load(Ordering::Relaxed) & !ORDER;
            self.flags.store(others | usize::from(order), Ordering::Relaxed);
        } else {
            self.compound_order.store(order, Ordering::Relaxed);
        }
    }

    /// Of the first tail page: the word `mapping` as a number, of which [`PINCOUNT`] is
    /// `compound_pincount`. The whole word, for others may load it as a mapping at the same time,
    /// and atomic accesses of different sizes must not race. What is subtracted from the pincount
    /// and more than it has borrows from `compound_nr`, which nobody reads, until it is given back.
    #[inline]
    pub(crate) fn pincount_word(&self) -> &AtomicUsize {
        let word = self.mapping.as_ptr().cast::<usize>();
        // SAFETY: the word lives as long as the page, is aligned for a number of its size, and is
        // only ever accessed atomically.
        unsafe { AtomicUsize::from_ptr(word) }
    }

    /// An order-0 page without references, flags or mapping: free.
    pub const fn new() -> Self {
        Page {
            flags: AtomicUsize::new(0),
            compound_head: AtomicPtr::new(null_mut()),
            compound_dtor: AtomicU8::new(0),
            compound_order: AtomicU8::new(0),
            padding: AtomicU16::new(0),
            compound_mapcount: AtomicI32::new(0),
            mapping: AtomicPtr::new(null_mut()),
            index: AtomicUsize::new(0),
            private: AtomicUsize::new(0),
            // -1 stands for none.
            mapcount: AtomicI32::new(-1),
            refcount: AtomicI32::new(0),
            memcg_data: AtomicUsize::new(0),
        }
    }
}

impl Default for Page {
    fn default() -> Self {
        Page::new()
    }
}
