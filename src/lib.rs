#![doc = include_str!("README.md")]
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
#[doc(hidden)]
pub use release::release_in_blocks;
pub use release::{put_user_page, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock};
