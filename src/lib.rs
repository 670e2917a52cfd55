//! Releasing pages that were pinned with get_user_pages(), one step for each run
//! of entries that name one compound page.
//!
//! The four functions do what the November 2018 patch "mm: introduce
//! put_user_page*(), placeholder versions" defines, entry by entry and in order:
//! take the head page, in the dirty variants mark it dirty if it was clean, drop
//! one reference, free the compound page at zero. [`put_user_pages`] and its dirty
//! variants reach the same outcome with one locked subtraction a run.
//!
//! What the kernel leaves undefined is defined here: an entry whose page has no
//! reference left stops the call with a [`ReleaseError`] that names the entry.
//!
//! ```
//! use put_user_page::{MemoryMap, Page, get_user_pages, put_user_pages};
//!
//! let mut pages: Vec<Page> = (0..4).map(|_| Page::new()).collect();
//! let map = MemoryMap::new(&mut pages);
//! let head = map.prep_compound_page(0, 2).expect("four pages make one of order 2");
//! head.set_refcount(1);
//!
//! let entries: Vec<_> = (0..4).map(|frame| map.page(frame).unwrap()).collect();
//! assert_eq!(get_user_pages(&entries), 4);
//! assert_eq!(head.refcount(), 5);
//!
//! put_user_pages(&entries, &())?;
//! assert_eq!(head.refcount(), 1);
//! # Ok::<(), put_user_page::ReleaseError>(())
//! ```
//!
//! Pages are shared between callers, so every field is an atomic. The orderings are those
//! that this crate needs; docs/model.md compares them with the kernel's, accessor by accessor.

#![no_std]
#![deny(missing_docs)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("struct page is modelled as 64-bit Linux lays it out");

#[cfg(test)]
extern crate std;

mod acquire;
mod error;
mod hooks;
mod page;
mod release;
#[cfg(test)]
mod tests;

pub use acquire::get_user_pages;
pub use error::ReleaseError;
pub use hooks::Hooks;
pub use page::{
    AddressSpace, CompoundPageError, MAX_ORDER, MemoryMap, POISON, Page, PageRef, flags, offsets,
};
pub use release::{put_user_page, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock};
