//! The naive reference: put_user_page*() one entry at a time, in the patch's own words.
//!
//! Meant to be held against "mm: introduce put_user_page*(), placeholder versions"
//! (November 2018) by eye, and against what the functions became. [`release`](mod@release) is the
//! patch, [`unpin`] what it became, [`profile`] how kernels differ in that, [`memory`] the few
//! things of the kernel that both call. Plain integers and booleans, no atomics,
//! and nothing shared with the fast implementation.
//!
//! Two things are not in the patch, because the kernel leaves them undefined: a call
//! stops at an entry whose page has no reference left, and freed pages stay readable.
//!
//! ```
//! use put_user_page_reference::{Memory, put_user_pages_dirty_lock};
//!
//! let mut memory = Memory::default();
//! let head = memory.add_compound_page(0, 1);
//! memory.page_mut(head).refcount = 1;
//!
//! assert_eq!(memory.get_user_pages(&[0, 1]), 2);
//! assert_eq!(put_user_pages_dirty_lock(&mut memory, &[0, 1]), Ok(()));
//! assert!(memory.page(head).dirty);
//! assert_eq!(memory.page(head).refcount, 1);
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod memory;
pub mod profile;
pub mod release;
#[cfg(test)]
mod tests;
pub mod unpin;

pub use memory::{Event, EventKind, Memory, NULL, Page};
pub use profile::{PROFILES, Profile};
pub use release::{
    EntryWithoutReference, put_user_page, put_user_pages, put_user_pages_dirty,
    put_user_pages_dirty_lock,
};
pub use unpin::{
    takes_errno, unpin_folios, unpin_user_page, unpin_user_pages, unpin_user_pages_dirty_lock,
};
