#![doc = include_str!("README.md")]
#![no_std]
#![deny(missing_docs)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("struct page is modelled as 64-bit Linux lays it out");

#[cfg(test)]
extern crate std;

mod acquire;
mod error;
mod held;
mod hooks;
mod page;
mod pinned;
mod release;
#[cfg(test)]
mod tests;
mod unpin;

pub use acquire::{get_user_pages, pin_user_pages};
pub use error::ReleaseError;
pub use hooks::Hooks;
pub use page::{
    AddressSpace, CompoundPageError, MAX_ORDER, MemoryMap, POISON, Page, PageRef, flags, offsets,
};
pub use pinned::PinnedPages;
#[doc(hidden)]
pub use release::release_in_blocks;
pub use release::{put_user_page, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock};
#[doc(hidden)]
pub use unpin::unpin_in_blocks;
pub use unpin::{
    unpin_folio, unpin_folios, unpin_user_folio, unpin_user_page, unpin_user_page_range_dirty_lock,
    unpin_user_pages, unpin_user_pages_dirty_lock,
};
