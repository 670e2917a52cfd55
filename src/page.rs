//! The page model: `struct page`, the memory map that pages lie in, and the entries that
//! name them. It knows nothing of releasing.

mod address_space;
mod layout;
mod map;
mod page_ref;

pub use address_space::AddressSpace;
#[cfg(test)]
pub(crate) use layout::POISON;
pub use layout::{Page, flags, offsets};
pub use map::{CompoundPageError, MAX_ORDER, MemoryMap};
pub use page_ref::PageRef;
